// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "common/digest_table.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/tpm_object.h"
#include "tpm2/keyfile/tss2_key_file.h"
#include "tpm2/policy/policy_session.h"
#include "tpm2/signing/auth_session.h"

namespace credmint::tpm2 {

/// A key that is ready to sign, and the session that authorises it.
struct LoadedKey {
  TpmObject object;
  AuthSession session;
  /// The session for the auth value of what its policy names: kept so that there is one for all
  /// signatures.
  AuthSession policy_secret_session;

  /// Whether the TPM is known to have lost one of them, in a reset; it loses all together.
  [[nodiscard]] bool IsLost() const {
    return object.IsLost() || session.IsLost() || policy_secret_session.IsLost();
  }
  void MarkLost() const {
    object.MarkLost();
    session.MarkLost();
    policy_secret_session.MarkLost();
  }

  /// Lets the TPM's slots be taken from it between its uses. A key in use begins and ends with
  /// Use().
  void MayFlush() const {
    object.MayFlush();
    session.MayFlush();
    policy_secret_session.MayFlush();
  }
  void Use(bool begin) const {
    object.Use(begin);
    session.Use(begin);
    policy_secret_session.Use(begin);
  }
};

/// Where a key comes from, so that it can be loaded, and loaded again after a reset of the TPM or
/// in the child of a fork, over another connection. What a source remembers of the first time does
/// not change any more.
class KeySource {
 public:
  virtual ~KeySource() = default;

  /// The key's name for people: "TPM key 0x81000001".
  [[nodiscard]] virtual std::string name() const = 0;

  /// `auth` is the key's own auth value, which loading does not send. Fails with kKeyNotFound,
  /// kKeyUnusable, kDevice; with kPinRequired when the key's parent needs an auth value that was
  /// not given, and with kPinIncorrect when it was wrong.
  [[nodiscard]] virtual Result<LoadedKey> Load(const std::shared_ptr<Tpm>& tpm,
                                               const Secret& auth) const = 0;

  /// Whether it is used in a policy session, the loaded key's own.
  [[nodiscard]] virtual bool IsUnderPolicy() const { return false; }

  /// To be called before each use of a loaded key: satisfies its policy, if it has one. Whether the
  /// TPM then wants a proof of the key's auth value. Fails as SatisfyPolicy() does; the loaded key
  /// cannot be used any more then.
  [[nodiscard]] virtual Result<bool> Authorize(const std::shared_ptr<Tpm>& tpm,
                                               const LoadedKey& key) const;
};

/// A key that stays in the TPM. Loading costs one TPM command. When it is loaded again, another key
/// that took its place is not taken for it (kKeyNotFound).
class PersistentKey final : public KeySource {
 public:
  explicit PersistentKey(TPM2_HANDLE handle) : handle_(handle) {}

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] Result<LoadedKey> Load(const std::shared_ptr<Tpm>& tpm,
                                       const Secret& auth) const override;

  /// The public area. No TPM command, unless ESAPI does not give away what it knows
  /// (serialized_object.h): then one.
  [[nodiscard]] Result<TPM2B_PUBLIC> ReadPublic(Tpm& tpm, const TpmObject& object,
                                                provider::DigestTable& digests) const;

 private:
  TPM2_HANDLE handle_;
  // Set once, under the Tpm's lock.
  mutable std::optional<TPM2B_NAME> name_;
};

/// A key in a file, wrapped by its parent in the TPM. Loading costs three TPM commands: make the
/// parent, load, flush the parent at once because a TPM has few slots. An importable key costs one
/// more the first time: what TPM2_Import returns is kept for loading it again. A policy in the file
/// is how the key is used, and costs one more for its session.
class KeyFileKey final : public KeySource {
 public:
  /// `file` has a policy only if the key is to be used under it.
  KeyFileKey(Tss2KeyFile file, Secret parent_auth, PolicyCredentials credentials);

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] Result<LoadedKey> Load(const std::shared_ptr<Tpm>& tpm,
                                       const Secret& auth) const override;
  [[nodiscard]] bool IsUnderPolicy() const override { return !file_.policy.empty(); }
  [[nodiscard]] Result<bool> Authorize(const std::shared_ptr<Tpm>& tpm,
                                       const LoadedKey& key) const override;

 private:
  /// "TPM key 0x81000001" or "the owner hierarchy": whose auth value kPinRequired is about.
  [[nodiscard]] std::string ParentName() const;
  [[nodiscard]] Error ParentFailure(const TpmFailure& failure) const;
  [[nodiscard]] TpmResult<TpmObject> LoadUnder(const std::shared_ptr<Tpm>& tpm,
                                               const TpmObject& parent) const;
  [[nodiscard]] TpmResult<void> Import(Tpm& tpm, const TpmObject& parent,
                                       const AuthSession& session) const;
  [[nodiscard]] TpmResult<AuthSession> StartSession(const std::shared_ptr<Tpm>& tpm,
                                                    const Secret& auth,
                                                    const TpmObject& parent) const;

  Tss2KeyFile file_;
  Secret parent_auth_;
  PolicyCredentials credentials_;
  // Set once, under the Tpm's lock.
  mutable std::optional<TPM2B_PRIVATE> imported_;
};

}  // namespace credmint::tpm2
