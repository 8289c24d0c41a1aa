// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "support/subprocess.h"

namespace credmint::test {

/// SoftHSM with a token for one test, in a new directory that is removed with this object.
/// SOFTHSM2_CONF of this process is set for the object's lifetime, so a process has one at a time.
class SoftHsm {
 public:
  static constexpr const char* kPin = "1234";
  static constexpr const char* kSoPin = "5678";

  /// Returns null if SoftHSM cannot make the token.
  static std::unique_ptr<SoftHsm> Create(const std::string& label);
  ~SoftHsm();
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  /// Initialises another token.
  [[nodiscard]] bool AddToken(const std::string& label) const;

  /// Generates a key pair inside a token; `type` as in pkcs11-tool ("rsa:2048", "EC:prime256v1").
  [[nodiscard]] bool GenerateKey(const std::string& token, const std::string& type,
                                 const std::string& label, const std::string& id) const;

  /// Runs pkcs11-tool, logged in to a token.
  [[nodiscard]] ProcessResult Tool(const std::string& token,
                                   const std::vector<std::string>& arguments) const;

  /// The path of the shared library.
  [[nodiscard]] static std::string module();
  /// The path of OpenSC's pkcs11-spy, which logs calls to `log` and passes them on to SoftHSM. Sets
  /// the environment variables that it reads.
  [[nodiscard]] static std::string spied_module(const std::filesystem::path& log);

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  explicit SoftHsm(std::filesystem::path directory);

  std::filesystem::path directory_;
};

/// The number of calls to a function ("C_Login") in a spy's log, or to all if the name is empty.
int CountCalls(const std::filesystem::path& spy_log, const std::string& function = {});

/// The programs that the token tests use, for MissingProgram().
std::vector<std::string> TokenPrograms();

}  // namespace credmint::test
