#include "tpm2/auth_session.h"

#include <utility>

#include "tpm2/parent.h"
#include "tpm2/tss2_library.h"

namespace credmint::tpm2 {
namespace {

constexpr UINT16 kAesBits = 128;

TpmResult<AuthSession> Start(const std::shared_ptr<Tpm>& tpm, ESYS_TR salt_key) {
  TPMT_SYM_DEF symmetric{};
  symmetric.algorithm = TPM2_ALG_AES;
  symmetric.keyBits.aes = kAesBits;
  symmetric.mode.aes = TPM2_ALG_CFB;
  auto session = TpmObject::Load(tpm, [&](ESYS_CONTEXT* esys, ESYS_TR* handle) {
    return Tss2().Esys_StartAuthSession(esys, salt_key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        ESYS_TR_NONE, nullptr, TPM2_SE_HMAC, &symmetric,
                                        TPM2_ALG_SHA256, handle);
  });
  if (!session) return tl::unexpected(session.error());
  constexpr TPMA_SESSION kAttributes = TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT;
  constexpr TPMA_SESSION kAll = 0xff;
  const auto set = tpm->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TRSess_SetAttributes(esys, session->handle(), kAttributes, kAll);
  });
  if (!set) return tl::unexpected(set.error());
  auto shared = std::make_shared<const TpmObject>(*std::move(session));
  tpm->session = shared;
  return AuthSession(std::move(shared));
}

}  // namespace

TpmResult<AuthSession> SessionFor(const std::shared_ptr<Tpm>& tpm, const Secret& auth,
                                  const TpmObject* salt_key) {
  if (auth.empty()) return AuthSession();
  const auto hold = tpm->Hold();
  if (auto running = tpm->session.lock(); running && !running->IsLost()) {
    return AuthSession(std::move(running));
  }
  if (salt_key != nullptr) return Start(tpm, salt_key->handle());
  const auto primary = CreateSaltKey(tpm);
  if (!primary) return tl::unexpected(primary.error());
  return Start(tpm, primary->handle());
}

}  // namespace credmint::tpm2
