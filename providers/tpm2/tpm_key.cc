#include "tpm2/tpm_key.h"

#include <utility>

#include "tpm2/tss2_library.h"

namespace credmint::tpm2 {
namespace {

bool IsAboutAuth(const Error& error) {
  return error.code == ErrorCode::kPinIncorrect || error.code == ErrorCode::kPinRequired;
}

template <typename Buffer>
ByteView View(const Buffer& buffer) {
  return {buffer.buffer, buffer.size};
}

Result<Bytes> Encode(const TPMT_SIGNATURE& signature) {
  if (signature.sigAlg == TPM2_ALG_ECDSA) {
    return provider::EncodeEcdsaSignature(View(signature.signature.ecdsa.signatureR),
                                          View(signature.signature.ecdsa.signatureS));
  }
  const ByteView rsa = View(signature.signature.rsassa.sig);
  return Bytes(rsa.begin(), rsa.end());
}

}  // namespace

TpmKey::TpmKey(std::shared_ptr<Tpm> tpm, SigningScheme scheme, std::unique_ptr<KeySource> source,
               Secret auth, LoadedKey loaded)
    : tpm_(std::move(tpm)),
      scheme_(scheme),
      source_(std::move(source)),
      auth_(std::move(auth)),
      loaded_(std::move(loaded)) {}

Result<Bytes> TpmKey::Sign(const provider::SignatureRequest& request) const {
  if (auto allowed = scheme_.Allow(request.scheme); !allowed) return Fail(std::move(allowed));
  const auto fitted = scheme_.Fit(request.digest, request.digest_value);
  if (!fitted) return tl::unexpected(fitted.error());
  const auto hold = tpm_->Hold();
  if (refusal_) return tl::unexpected(*refusal_);
  auto signature = SignOrReload(*fitted);
  if (!signature && IsAboutAuth(signature.error())) refusal_ = signature.error();
  return signature;
}

/// After a failure the state of a policy session is not known, and the key may be gone: another
/// attempt begins with loading.
Result<Bytes> TpmKey::SignOrReload(const DigestToSign& digest) const {
  auto signature = SignLoaded(digest);
  if (!signature && signature.error().code == ErrorCode::kDeviceLost) {
    if (loaded_) loaded_->MarkLost();
    signature = SignLoaded(digest);
  }
  if (!signature) loaded_.reset();
  return signature;
}

Result<Bytes> TpmKey::SignLoaded(const DigestToSign& digest) const {
  if (auto ready = EnsureLoaded(); !ready) return Fail(std::move(ready));
  if (auto allowed = source_->Authorize(*loaded_); !allowed) {
    return Fail(std::move(allowed), "signing with " + source_->name());
  }
  const auto signature = SignOnce(digest);
  if (!signature && auth_.empty() && signature.error().WasRefusal()) {
    std::string hint = "give it with --passin (in other programs: put ?pass behind the handle)";
    if (signature.error().fault() == TpmFault::kAuthRefused) {
      hint += "; the TPM counted this as a wrong try: " + signature.error().TriesLeft();
    }
    return Fail(ErrorCode::kPinRequired, source_->name() + " has an auth value and none was given",
                std::move(hint));
  }
  if (!signature) return Fail(signature, "signing with " + source_->name());
  return Encode(*signature);
}

Result<void> TpmKey::EnsureLoaded() const {
  if (loaded_ && !loaded_->IsLost()) return {};
  loaded_.reset();
  auto loaded = source_->Load(auth_);
  if (!loaded) return Fail(std::move(loaded), "loading the key again");
  loaded_ = *std::move(loaded);
  return {};
}

TpmResult<TPMT_SIGNATURE> TpmKey::SignOnce(const DigestToSign& digest) const {
  const ESYS_TR key = loaded_->object.handle();
  if (auto set = SetAuth(*tpm_, key, auth_); !set) return tl::unexpected(set.error());
  const TPMT_TK_HASHCHECK no_ticket{TPM2_ST_HASHCHECK, TPM2_RH_NULL, {}};
  TPMT_SIGNATURE* signature = nullptr;
  const auto made = tpm_->Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_Sign(esys, key, loaded_->session.handle(), ESYS_TR_NONE, ESYS_TR_NONE,
                            &digest.digest, &digest.scheme, &no_ticket, &signature);
  });
  const Handle<TPMT_SIGNATURE, EsysFree> owner(signature);
  if (!made) return tl::unexpected(made.error());
  return *signature;
}

}  // namespace credmint::tpm2
