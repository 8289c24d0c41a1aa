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
  /// The session for the auth value of the object that the policy names. Kept so that all
  /// signatures share one.
  AuthSession policy_secret_session;

  /// Whether the TPM is known to have lost one of them, by a reset. It loses all of them together.
  [[nodiscard]] bool IsLost() const {
    return object.IsLost() || session.IsLost() || policy_secret_session.IsLost();
  }
  void MarkLost() const {
    object.MarkLost();
    session.MarkLost();
    policy_secret_session.MarkLost();
  }

  /// Allows flushing the key between its uses. Begin and end each use with Use().
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

/// The source of a key. It can load the key, and load it again after a reset of the TPM or, over
/// another connection, in the child of a fork. The facts that it remembers of the first load do not
/// change.
class KeySource {
 public:
  virtual ~KeySource() = default;

  /// The key's name for people: "TPM key 0x81000002".
  [[nodiscard]] virtual std::string name() const = 0;

  /// `auth` is the key's own auth value, which loading does not send. Fails with kKeyNotFound,
  /// kKeyUnusable or kDevice. Fails with kPinRequired if the key's parent needs an auth value that
  /// was not given, and with kPinIncorrect if it was wrong.
  [[nodiscard]] virtual Result<LoadedKey> Load(const std::shared_ptr<Tpm>& tpm,
                                               const Secret& auth) const = 0;

  /// Whether the key is used in a policy session, which belongs to the loaded key.
  [[nodiscard]] virtual bool IsUnderPolicy() const { return false; }

  /// Satisfies the policy of a loaded key, if it has one. Call it before each use. Returns whether
  /// the TPM then wants a proof of the key's auth value.
  ///
  /// Fails as SatisfyPolicy() does; the loaded key is then unusable.
  [[nodiscard]] virtual Result<bool> Authorize(const std::shared_ptr<Tpm>& tpm,
                                               const LoadedKey& key) const;
};

/// A key that stays in the TPM. Loading takes one TPM command. Loading it again fails with
/// kKeyNotFound if another key has taken its place.
class PersistentKey final : public KeySource {
 public:
  /// If `written` is what TpmObject::Write() once returned of the key, the first load takes no
  /// command.
  explicit PersistentKey(TPM2_HANDLE handle, Bytes written = {})
      : handle_(handle), written_(std::move(written)) {}

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] Result<LoadedKey> Load(const std::shared_ptr<Tpm>& tpm,
                                       const Secret& auth) const override;

  /// The public area. Takes one TPM command if ESAPI does not reveal what it knows
  /// (serialized_object.h), otherwise none.
  [[nodiscard]] Result<TPM2B_PUBLIC> ReadPublic(Tpm& tpm, const TpmObject& object,
                                                provider::DigestTable& digests) const;

 private:
  TPM2_HANDLE handle_;
  Bytes written_;
  // Set once, under the Tpm's lock.
  mutable std::optional<TPM2B_NAME> name_;
};

/// A key in a file, wrapped by its parent in the TPM.
///
/// Loading takes three TPM commands: make the parent, load the key, flush the parent. The parent is
/// flushed at once because a TPM has few slots. An importable key takes one more the first time;
/// the result of TPM2_Import is kept for later loads. A policy in the file governs the use of the
/// key, and takes one more for its session.
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
  /// "TPM key 0x81000001" or "the owner hierarchy": the owner of the auth value that kPinRequired
  /// is about.
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
