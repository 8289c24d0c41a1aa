// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/auth_session.h"

#include <utility>

#include "tpm2/device/tss2_library.h"
#include "tpm2/signing/parent.h"

namespace credmint::tpm2 {
namespace {

struct Kind {
  TPM2_SE type;
  TPMI_ALG_HASH hash;
};

/// `salt_key` is ESYS_TR_NONE for a session without secret and encryption.
TpmResult<TpmObject> Start(const std::shared_ptr<Tpm>& tpm, Kind kind, ESYS_TR salt_key) {
  const bool encrypted = salt_key != ESYS_TR_NONE;
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = encrypted ? TPM2_ALG_AES : TPM2_ALG_NULL;
  symmetric.keyBits.aes = kAesBits;
  symmetric.mode.aes = TPM2_ALG_CFB;
  auto session = TpmObject::Load(tpm, [&](ESYS_CONTEXT* esys, ESYS_TR* handle) {
    return Tss2().Esys_StartAuthSession(esys, salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, nullptr, kind.type, &symmetric, kind.hash,
                                        handle);
  });
  if (!session) return session;
  constexpr TPMA_SESSION kAll = 0xff;
  const TPMA_SESSION attributes =
      TPMA_SESSION_CONTINUESESSION | (encrypted ? TPMA_SESSION_DECRYPT : 0U);
  const auto set = tpm->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TRSess_SetAttributes(esys, session->handle(), attributes, kAll);
  });
  if (!set) return Fail(set);
  return session;
}

/// Fails if there is no such key or it cannot decrypt.
TpmResult<TpmObject> StartWithStorageRoot(const std::shared_ptr<Tpm>& tpm, Kind kind) {
  const auto key = TpmObject::Open(tpm, kStorageRootKey);
  if (!key) return Fail(key);
  return Start(tpm, kind, key->handle());
}

TpmResult<TpmObject> StartEncrypted(const std::shared_ptr<Tpm>& tpm, Kind kind,
                                    const SaltKey& salt_key) {
  if (salt_key.loaded != nullptr) return Start(tpm, kind, salt_key.loaded->handle());
  if (salt_key.may_be_storage_root) {
    if (auto session = StartWithStorageRoot(tpm, kind)) return session;
  }
  const auto primary = CreateSaltKey(tpm);
  if (!primary) return Fail(primary);
  return Start(tpm, kind, primary->handle());
}

}  // namespace

TpmResult<void> AuthSession::SetEncrypted(Tpm& tpm, bool encrypted) const {
  return tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TRSess_SetAttributes(esys, handle(), encrypted ? TPMA_SESSION_DECRYPT : 0U,
                                            TPMA_SESSION_DECRYPT);
  });
}

TpmResult<AuthSession> SessionFor(const std::shared_ptr<Tpm>& tpm, const Secret& auth,
                                  const SaltKey& salt_key) {
  if (auth.empty()) return AuthSession();
  const auto hold = tpm->Hold();
  if (auto running = tpm->session.lock(); running && !running->IsLost()) {
    return AuthSession(std::move(running));
  }
  auto session = StartEncrypted(tpm, {TPM2_SE_HMAC, TPM2_ALG_SHA256}, salt_key);
  if (!session) return Fail(session);
  auto shared = std::make_shared<const TpmObject>(*std::move(session));
  tpm->session = shared;
  return AuthSession(std::move(shared));
}

TpmResult<AuthSession> StartPolicySession(const std::shared_ptr<Tpm>& tpm, TPMI_ALG_HASH hash,
                                          const Secret& auth, const SaltKey& salt_key) {
  const auto hold = tpm->Hold();
  const Kind kind{TPM2_SE_POLICY, hash};
  auto session =
      auth.empty() ? Start(tpm, kind, ESYS_TR_NONE) : StartEncrypted(tpm, kind, salt_key);
  if (!session) return Fail(session);
  return AuthSession(std::make_shared<const TpmObject>(*std::move(session)));
}

}  // namespace credmint::tpm2
