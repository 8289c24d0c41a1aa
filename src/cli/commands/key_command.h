// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "cli/commands/attest.h"
#include "cli/commands/verify_attestation.h"
#include "cli/options/device_place.h"
#include "cli/options/key_options.h"
#include "cli/options/new_key_options.h"
#include "cli/options/process_options.h"
#include "cli/options/start_opener.h"
#include "identity/signing_key.h"

namespace credmint::cli {

/// `credmint key create`, `key delete`, `key sign-policy` and `key reference`: the private keys of
/// devices. `create` also makes plain key files, file:PATH. `key attest` and `key
/// verify-attestation` are commands of their own.
///
/// `create` prints the URI of the new key, or the path of its file. `delete` prints what it deleted
/// and what it kept, one line each. It asks at the terminal before, unless it has --yes; without a
/// terminal and --yes it fails with kUsage. `sign-policy` prints the path of the file that it
/// wrote. So does `reference`, whose file leads to a key on a token.
class KeyCommand {
 public:
  explicit KeyCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  void AddCreate();
  void AddDelete();
  void AddSignPolicy();
  void AddReference();
  /// The key that signs policies: its public half, for a new key, and the key itself.
  [[nodiscard]] Result<std::shared_ptr<const SigningKey>> OpenAuthorityOfNew(
      StartedOpener& started) const;
  [[nodiscard]] Result<StartedOpener> PrepareToSign() const;
  [[nodiscard]] Result<OpenDevice> Prepare(const std::string& place, const char* form) const;
  [[nodiscard]] Result<void> Create() const;
  [[nodiscard]] Result<void> CreateInFile() const;
  [[nodiscard]] Result<void> Delete() const;
  [[nodiscard]] Result<void> SignPolicy() const;
  [[nodiscard]] Result<void> WriteReference() const;

  CLI::App* app_;
  CLI::App* create_ = nullptr;
  CLI::App* delete_ = nullptr;
  CLI::App* sign_policy_ = nullptr;
  CLI::App* reference_ = nullptr;
  std::optional<AttestCommand> attest_;
  std::optional<VerifyAttestationCommand> verify_attestation_;
  KeyOptions key_;
  /// A token takes its time to make a key of RSA.
  ProcessOptions process_ = {.key_timeout = 300};
  std::string uri_;
  std::string key_file_;  ///< that gets a signed policy
  NewKeyOptions new_;
  bool yes_ = false;
  bool keep_old_ = false;
};

}  // namespace credmint::cli
