// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "cli/options/key_options.h"
#include "enrolment/new_file_key.h"
#include "enrolment/new_key.h"
#include "identity/scheme_table.h"

namespace credmint::cli {

/// The flags that say how a new key shall be, as typed.
struct NewKeyOptions {
  std::string type;
  std::string out;
  std::string id;
  std::string parent;
  std::string pcr;
  std::string policy;
  std::string policy_authority;
  std::string auth;
  std::string owner_passin;
  bool noda = false;
};

/// Adds the flag for the type of a new key.
void AddKeyTypeFlag(CLI::App& command, std::string& type);

void AddNewKeyFlags(CLI::App& command, NewKeyOptions& options);

/// Adds the flags that say what a signed policy demands, and where it goes.
void AddSignedPolicyFlags(CLI::App& command, NewKeyOptions& options);

/// Reads the file that has a policy; empty if the flag is not given. Fails as ReadFile().
Result<Bytes> ReadPolicyFile(const std::string& path);

/// Adds the flag for the auth value of the TPM's owner.
void AddOwnerFlag(CLI::App& command, std::string& owner_passin);

/// Fails with kUsage for a flag that does not apply to new keys of this back end, and for flags
/// that contradict each other.
Result<void> CheckNewKey(const NewKeyOptions& options, const KeyOptions& key, const Scheme& scheme);

/// Fails with kUsage for a secret that deleting a key of this back end does not need.
Result<void> CheckDeletion(const std::string& owner_passin, const KeyOptions& key,
                           const Scheme& scheme);

/// Reads the policy and the secrets that the flags name. Fails as ReadFile(), SecretSource::Parse()
/// and Read() do, and with kUsage for an empty auth value of the new key.
Result<NewKey> ReadNewKey(const NewKeyOptions& options);

/// The same for a key in a plain file, which --passin encrypts. Fails with kUsage for a flag of
/// devices, and for an empty passphrase.
Result<NewFileKey> ReadNewFileKey(const NewKeyOptions& options, const KeyOptions& key,
                                  const std::string& path);

/// Reads the auth value of the TPM's owner; empty if the flag is not given.
Result<Secret> ReadOwnerAuth(const std::string& owner_passin);

/// The files that the sources and the authority for policies name, which no device needs.
std::vector<std::string> SecretFilesOf(const NewKeyOptions& options);

}  // namespace credmint::cli
