// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/subprocess.h"

namespace credmint::test {

/// A TPM 2.0 of its own for one test: an swtpm process with empty state on a Unix socket in a new
/// directory. Both go with this object; the process also dies with this one.
///
/// It serves one connection at a time: no tool gets through while a provider in this process is
/// connected.
class Swtpm {
 public:
  /// Null if it does not start. Returns when it accepts connections.
  static std::unique_ptr<Swtpm> Start();
  ~Swtpm();
  Swtpm(const Swtpm&) = delete;
  Swtpm& operator=(const Swtpm&) = delete;

  /// Where it listens, as a TCTI configuration.
  [[nodiscard]] std::string tcti() const { return "swtpm:path=" + socket(); }
  /// The same, with every command and answer recorded in a file (tpm_capture.h), which the
  /// environment variable TCTI_PCAP_FILE must name when the connection opens.
  [[nodiscard]] std::string capturing_tcti() const { return "pcap:" + tcti(); }
  /// An empty directory at first, for the test's files.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::string socket() const { return directory_ / "tpm"; }

  /// Runs a program that finds this TPM: tpm2-tools, or openssl with the tpm2 provider.
  [[nodiscard]] ProcessResult Tool(const std::vector<std::string>& arguments,
                                   Environment environment = {}) const;

  /// A power cycle: what is loaded is lost, what is persistent stays. Works while a connection is
  /// open; the TPM then waits for a TPM2_Startup.
  [[nodiscard]] bool Reset() const;

 private:
  Swtpm(std::filesystem::path directory, pid_t process);
  [[nodiscard]] bool WaitUntilReady() const;

  std::filesystem::path directory_;
  pid_t process_;
};

/// The programs that the TPM tests use, for MissingProgram().
std::vector<std::string> TpmPrograms();

}  // namespace credmint::test
