// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/subprocess.h"

namespace credmint::test {

/// A private TPM 2.0 for one test: an swtpm process with empty state on a Unix socket in a new
/// directory. The destructor removes both; the process also dies with this one.
///
/// swtpm serves one connection at a time, so no tool can use it while a provider in this process is
/// connected.
class Swtpm {
 public:
  /// Starts a TPM and waits until it accepts connections. Returns null if it does not start.
  static std::unique_ptr<Swtpm> Start();
  ~Swtpm();
  Swtpm(const Swtpm&) = delete;
  Swtpm& operator=(const Swtpm&) = delete;

  /// The TCTI configuration that connects to it.
  [[nodiscard]] std::string tcti() const { return "swtpm:path=" + socket(); }
  /// The same, with every command and response recorded in a file (tpm_capture.h). The environment
  /// variable TCTI_PCAP_FILE must name the file when the connection opens.
  [[nodiscard]] std::string capturing_tcti() const { return "pcap:" + tcti(); }
  /// A directory for the test's files.
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  [[nodiscard]] std::string socket() const { return directory_ / "tpm"; }

  /// Runs a program on this TPM: one of tpm2-tools, or openssl with the tpm2 provider.
  [[nodiscard]] ProcessResult Tool(const std::vector<std::string>& arguments,
                                   Environment environment = {}) const;

  /// Cycles the power: loaded objects are lost, persistent ones stay. Works while a connection is
  /// open; the TPM then needs a TPM2_Startup.
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
