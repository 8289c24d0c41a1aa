// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "support/subprocess.h"

namespace credmint::test {

/// SoftHSM with one token of its own for one test, in a new directory that goes with this object.
/// This process sees it too: SOFTHSM2_CONF is set for as long as the object lives, so a process has
/// one at a time.
class SoftHsm {
 public:
  static constexpr const char* kPin = "1234";
  static constexpr const char* kSoPin = "5678";

  /// Null if SoftHSM or pkcs11-tool does not work.
  static std::unique_ptr<SoftHsm> Create(const std::string& label);
  ~SoftHsm();
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;

  /// One more token.
  [[nodiscard]] bool AddToken(const std::string& label) const;

  /// Generates a key pair inside a token; `type` as in pkcs11-tool ("rsa:2048", "EC:prime256v1").
  [[nodiscard]] bool GenerateKey(const std::string& token, const std::string& type,
                                 const std::string& label, const std::string& id) const;

  /// pkcs11-tool, logged in to a token.
  [[nodiscard]] ProcessResult Tool(const std::string& token,
                                   const std::vector<std::string>& arguments) const;

  /// The shared library.
  [[nodiscard]] static std::string module();
  /// The same behind OpenSC's pkcs11-spy; `log` gets the calls. Sets the variables it reads.
  [[nodiscard]] static std::string spied_module(const std::filesystem::path& log);

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  explicit SoftHsm(std::filesystem::path directory);

  std::filesystem::path directory_;
};

/// How many calls of one function ("C_Login"), or of all with an empty name, a spy's log shows.
int CountCalls(const std::filesystem::path& spy_log, const std::string& function = {});

/// The programs that the token tests use, for MissingProgram().
std::vector<std::string> TokenPrograms();

}  // namespace credmint::test
