// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "common/store_loader.h"
#include "tpm2/making/tpm_key_type.h"
#include "tpm2/policy/policy.h"
#include "tpm2/provider/tpm2_provider.h"

namespace credmint::tpm2 {

/// A key to make in a TPM, by its owner's wishes.
struct NewTpmKey {
  TpmKeyType type;
  TPM2_HANDLE parent = TPM2_RH_OWNER;  ///< a persistent storage key, or this hierarchy's primary
  Secret parent_auth;                  ///< of a persistent parent
  Secret owner_auth;                   ///< of the owner hierarchy
  Secret auth;                         ///< of the new key; empty: none.
  /// Whether wrong auth values of a key that has one are not counted, and cannot lock the TPM.
  bool exempt_from_lockout = false;
  /// Signs the policies under which the key can be used; null: nobody does. There is then no other
  /// policy, and no PCRs.
  std::shared_ptr<EVP_PKEY> authority;
  PolicySteps policy;         ///< the first steps of the key's policy; empty: none
  TPML_PCR_SELECTION pcrs{};  ///< the key is bound to their present values; empty: to none
};

/// Makes keys in a TPM. They sign digests made on the host, under any scheme, and never leave the
/// TPM and their parent. A key without an auth value is exempt from the lockout.
///
/// A new auth value travels encrypted to the TPM. The TPM is asked what it really made. Anything
/// else than what was wanted is discarded, and reported with kKeyUnusable. Nothing is ever
/// overwritten, and nothing stays loaded.
///
/// A key with a policy can be used only under it. The policy's steps come first, or the place for
/// signed policies. Then come those about PCRs, and PolicyAuthValue if the key has an auth value
/// and no step wants it. Fails with kUsage for a step that wants the auth value of a key without
/// one.
///
/// Every function fails with:
///
/// * kKeyUnusable if the TPM cannot make such a key, and the hint says what it can make; or if the
///   parent is no storage key
/// * kPinRequired and kPinIncorrect for the auth value of the owner hierarchy or the parent; each
///   is sent once, for each of what it authorises, and a refused one never again
/// * kLockedOut and kDevice, as a signature
class TpmKeyMaker {
 public:
  TpmKeyMaker(const Tpm2Provider& provider, std::optional<std::string> tcti, const NewTpmKey& key)
      : provider_(provider), tcti_(std::move(tcti)), key_(key) {}

  /// Makes a key that stays in the TPM, and returns it as a list does (listing.h). Fails with
  /// kUsage, before anything is made, if the handle is in use or is not for the owner's keys. A
  /// handle does not tell a policy, so the key must have none.
  [[nodiscard]] Result<provider::ListedObject> MakeAt(TPM2_HANDLE handle) const;

  /// Makes a key that is kept in a file, and returns the contents of that, in PEM.
  [[nodiscard]] Result<std::string> MakeFile() const;

 private:
  const Tpm2Provider& provider_;
  std::optional<std::string> tcti_;
  const NewTpmKey& key_;
};

}  // namespace credmint::tpm2
