// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>
#include <tss2/tss2_tpm2_types.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "common/store_loader.h"
#include "tpm2/making/tpm_key_maker.h"
#include "tpm2/provider/tpm2_provider.h"
#include "tpm2/signing/key_loader.h"

namespace credmint::tpm2 {

// The parameters of a store that ask for a change in the TPM; store.h describes them.
inline constexpr const char* kCreateKeyParam = "tpm2-create-key";
inline constexpr const char* kDeleteKeyParam = "tpm2-delete-key";
inline constexpr const char* kKeyParentParam = "tpm2-key-parent";
inline constexpr const char* kKeyPcrsParam = "tpm2-key-pcrs";
inline constexpr const char* kKeyPolicyParam = "tpm2-key-policy";
inline constexpr const char* kKeyAuthorityParam = "tpm2-key-authority";
inline constexpr const char* kSignPolicyParam = "tpm2-sign-policy";
inline constexpr const char* kKeyNodaParam = "tpm2-key-noda";
inline constexpr const char* kKeyAuthParam = "tpm2-key-auth";
inline constexpr const char* kOwnerAuthParam = "tpm2-owner-auth";

/// The change in a TPM that a store's parameters ask for, if any.
class TpmChange {
 public:
  void Set(const OSSL_PARAM params[]);

  [[nodiscard]] bool IsWanted() const { return !type_.empty() || !deletion_.empty(); }
  [[nodiscard]] bool WantsSignedPolicy() const { return !signing_.empty(); }

  /// Makes or removes the key at a handle or, without one, makes a key file. `secrets` are the auth
  /// value of the parent and the authority for the key's policies. Fails as TpmKeyMaker and
  /// RemoveKey(), and with kUsage for parameters that make no sense.
  [[nodiscard]] Result<provider::ListedObject> Make(std::optional<TPM2_HANDLE> handle,
                                                    const Tpm2Provider& provider,
                                                    const std::optional<std::string>& tcti,
                                                    const KeySecrets& secrets) const;

  /// Makes a key file for a key of this type, and returns its contents. Fails as Make().
  [[nodiscard]] Result<std::string> MakeFile(const std::string& type, const Tpm2Provider& provider,
                                             const std::optional<std::string>& tcti,
                                             const KeySecrets& secrets) const;

  /// Has `authority` sign a policy for the key in a file, and returns the new file. Uses the TPM
  /// only for the present values of PCRs. Fails with kUsage if the key has no such authority, and
  /// as SignSteps() and PutSignedPolicy().
  [[nodiscard]] Result<provider::ListedObject> SignPolicy(const Tss2KeyFile& file,
                                                          const Tpm2Provider& provider,
                                                          const std::optional<std::string>& tcti,
                                                          EVP_PKEY* authority) const;

 private:
  [[nodiscard]] Result<NewTpmKey> ReadKey(const std::string& type_name,
                                          const KeySecrets& secrets) const;
  [[nodiscard]] Result<PolicySteps> ReadSteps() const;

  std::string type_;
  std::string deletion_;  ///< "look" or "1"
  std::string parent_;
  std::string pcrs_;
  std::string policy_;   ///< as in a file
  std::string signing_;  ///< "1", or "keep" for the earlier signed policies
  bool has_authority_ = false;
  bool exempt_ = false;
  Secret auth_;
  Secret owner_auth_;
};

}  // namespace credmint::tpm2
