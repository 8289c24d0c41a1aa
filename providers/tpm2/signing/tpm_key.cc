// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/tpm_key.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

using provider::SignatureRequest;

bool IsAboutAuth(const Error& error) {
  return error.code == ErrorCode::kPinIncorrect || error.code == ErrorCode::kPinRequired;
}

template <typename Buffer>
ByteView View(const Buffer& buffer) {
  return {buffer.buffer, buffer.size};
}

/// `size` is that of an RSA modulus. A TPM may omit leading zero bytes.
Result<Bytes> Encode(const TPMT_SIGNATURE& signature, std::size_t size) {
  if (signature.sigAlg == TPM2_ALG_ECDSA) {
    return provider::EncodeEcdsaSignature(View(signature.signature.ecdsa.signatureR),
                                          View(signature.signature.ecdsa.signatureS));
  }
  // RSASSA and RSAPSS have the same layout.
  const ByteView rsa = View(signature.signature.rsassa.sig);
  if (rsa.size() > size) return Fail(ErrorCode::kDevice, "the TPM's signature is too long");
  Bytes padded(size - rsa.size());
  padded.insert(padded.end(), rsa.begin(), rsa.end());
  return padded;
}

}  // namespace

struct TpmKey::InProcess {
  explicit InProcess(pid_t process_id) : process(process_id) {}

  const pid_t process;
  Guarded<std::shared_ptr<Tpm>> tpm;  // set once
  std::optional<LoadedKey> loaded;    // changes under the Tpm's lock
};

/// The key's state in this process, while the Tpm is held.
struct TpmKey::InUse {
  const std::shared_ptr<Tpm>& tpm;
  std::optional<LoadedKey>& loaded;
};

TpmKey::TpmKey(std::shared_ptr<Tpm> tpm, PublicArea area, provider::EmsaPss pss,
               std::unique_ptr<KeySource> source, Secret auth, LoadedKey loaded)
    : tcti_(tpm->tcti()),
      area_(std::move(area)),
      pss_(pss),
      source_(std::move(source)),
      auth_(std::move(auth)) {
  auto here = std::make_unique<InProcess>(getpid());
  loaded.MayFlush();
  *here->tpm.Lock() = std::move(tpm);
  here->loaded = std::move(loaded);
  in_process_ = here.release();
}

TpmKey::~TpmKey() {
  const InProcess* here = in_process_.load();
  if (here->process == getpid()) delete here;
}

TpmKey::InProcess& TpmKey::InThisProcess() const {
  InProcess* known = in_process_;
  const pid_t process = getpid();
  if (known->process == process) return *known;
  auto fresh = std::make_unique<InProcess>(process);
  if (in_process_.compare_exchange_strong(known, fresh.get())) known = fresh.release();
  return *known;
}

Result<std::shared_ptr<Tpm>> TpmKey::Connect(InProcess& process) const {
  const auto known = process.tpm.Lock();
  if (*known) return *known;
  auto tpm = Tpm::Share(tcti_);
  if (!tpm) return Fail(std::move(tpm));
  *known = *std::move(tpm);
  return *known;
}

Result<Bytes> TpmKey::Sign(const SignatureRequest& request) const {
  const SigningScheme& scheme = area_.scheme;
  if (auto allowed = scheme.Allow(request); !allowed) return Fail(std::move(allowed));
  const bool pss = request.scheme == provider::SignatureScheme::kRsaPss;
  if (pss && scheme.decrypts) return SignEncoded(request);
  const auto fitted = scheme.Fit(request);
  if (!fitted) return Fail(fitted);
  auto signature = Run([&](Tpm& tpm, const LoadedKey& key) { return SignOnce(tpm, key, *fitted); });
  return signature && pss ? WithSaltAsked(request, *std::move(signature)) : signature;
}

Result<Bytes> TpmKey::SignEncoded(const SignatureRequest& request) const {
  const auto encoded = pss_.Encode(request, area_.public_key.Bits());
  if (!encoded) return Fail(encoded);
  return Run([&](Tpm& tpm, const LoadedKey& key) { return DecryptOnce(tpm, key, *encoded); });
}

Result<Bytes> TpmKey::WithSaltAsked(const SignatureRequest& request, Bytes signature) const {
  const auto fulfils = pss_.Fulfils(request, area_.public_key, signature);
  if (!fulfils) return Fail(fulfils);
  if (*fulfils) return signature;
  return Fail(ErrorCode::kKeyUnusable,
              fmt::format("this TPM makes no PSS signature with a salt of {} bytes with {}",
                          request.pss.salt_length, source_->name()),
              "only RSA keys that sign and decrypt let the caller choose the salt "
              "(openssl genpkey -provider tpm2 -algorithm RSA); an EC key suffices for TLS");
}

Result<Bytes> TpmKey::Run(const Operation& operation) const {
  InProcess& process = InThisProcess();
  const auto tpm = Connect(process);
  if (!tpm) return Fail(tpm);
  const auto hold = (*tpm)->Hold();
  if (auto refusal = refusal_.Get()) return Fail(*std::move(refusal));
  auto signature = RunOrReload({*tpm, process.loaded}, operation);
  if (!signature && IsAboutAuth(signature.error())) refusal_.Set(signature.error());
  return signature;
}

/// After a failure the state of a policy session is unknown, and the key may be gone. A retry
/// therefore begins with loading.
Result<Bytes> TpmKey::RunOrReload(const InUse& here, const Operation& operation) const {
  auto signature = RunLoaded(here, operation);
  if (!signature && signature.error().code == ErrorCode::kDeviceLost) {
    if (here.loaded) here.loaded->MarkLost();
    signature = RunLoaded(here, operation);
  }
  if (!signature) here.loaded.reset();
  return signature;
}

Result<Bytes> TpmKey::RunLoaded(const InUse& here, const Operation& operation) const {
  if (auto ready = EnsureLoaded(here); !ready) return Fail(std::move(ready));
  here.loaded->Use(true);
  auto done = RunAuthorized(here, operation);
  here.loaded->Use(false);
  if (!done) return Fail(std::move(done), "signing with " + source_->name());
  const TpmResult<TPMT_SIGNATURE>& signature = *done;
  if (!signature && auth_.empty() && signature.error().WasRefusal()) {
    return Fail(ErrorCode::kPinRequired, source_->name() + " has an auth value and none was given",
                Remedy::kGiveHandleAuth, signature.error().CountedNote());
  }
  if (!signature) return Fail(signature, "signing with " + source_->name());
  return Encode(*signature, area_.public_key.RawSignatureSize());
}

Result<TpmResult<TPMT_SIGNATURE>> TpmKey::RunAuthorized(const InUse& here,
                                                        const Operation& operation) const {
  for (int attempt = 1;; ++attempt) {
    if (auto allowed = Authorize(here); !allowed) return Fail(std::move(allowed));
    auto signature = operation(*here.tpm, *here.loaded);
    if (signature || signature.error().fault() != TpmFault::kPcrChanged ||
        !source_->IsUnderPolicy() || attempt == kPolicyAttempts) {
      return signature;
    }
    const auto restarted = RestartPolicy(*here.tpm, here.loaded->session.handle());
    if (!restarted) return Fail(restarted, "restarting its policy");
  }
}

Result<void> TpmKey::EnsureLoaded(const InUse& here) const {
  if (here.loaded && !here.loaded->IsLost()) return {};
  here.loaded.reset();
  auto loaded = source_->Load(here.tpm, auth_);
  if (!loaded) return Fail(std::move(loaded), "loading " + source_->name() + " again");
  loaded->MayFlush();
  here.loaded = *std::move(loaded);
  return {};
}

// ESAPI never forgets that a policy session once took PolicyAuthValue. It would prove the auth
// value even if another policy is met that does not want it. It cannot be told otherwise. So an
// empty value is set, which adds nothing to the proof. Encryption is turned off as well, because
// its key always includes the true value.
Result<void> TpmKey::Authorize(const InUse& here) const {
  const auto wants_auth = source_->Authorize(here.tpm, *here.loaded);
  if (!wants_auth) return Fail(wants_auth);
  const Secret empty;
  auto set = SetAuth(*here.tpm, here.loaded->object.handle(), *wants_auth ? auth_ : empty);
  if (set && !auth_.empty()) set = here.loaded->session.SetEncrypted(*here.tpm, *wants_auth);
  if (!set) return Fail(set, "preparing the TPM session");
  return {};
}

TpmResult<TPMT_SIGNATURE> TpmKey::SignOnce(Tpm& tpm, const LoadedKey& key,
                                           const DigestToSign& digest) {
  const TPMT_TK_HASHCHECK no_ticket{TPM2_ST_HASHCHECK, TPM2_RH_NULL, {}};
  TPMT_SIGNATURE* signature = nullptr;
  const auto made = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_Sign(esys, key.object.handle(), key.session.handle(), ESYS_TR_NONE,
                            ESYS_TR_NONE, &digest.digest, &digest.scheme, &no_ticket, &signature);
  });
  const Handle<TPMT_SIGNATURE, EsysFree> owner(signature);
  if (!made) return Fail(made);
  return *signature;
}

TpmResult<TPMT_SIGNATURE> TpmKey::DecryptOnce(Tpm& tpm, const LoadedKey& key, ByteView encoded) {
  TPM2B_PUBLIC_KEY_RSA input{static_cast<UINT16>(encoded.size()), {}};
  std::copy(encoded.begin(), encoded.end(), input.buffer);
  const TPMT_RSA_DECRYPT no_padding{TPM2_ALG_NULL, {}};
  const TPM2B_DATA no_label{};
  TPM2B_PUBLIC_KEY_RSA* output = nullptr;
  const auto made = tpm.Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_RSA_Decrypt(esys, key.object.handle(), key.session.handle(), ESYS_TR_NONE,
                                   ESYS_TR_NONE, &input, &no_padding, &no_label, &output);
  });
  const Handle<TPM2B_PUBLIC_KEY_RSA, EsysFree> owner(output);
  if (!made) return Fail(made);
  TPMT_SIGNATURE signature{TPM2_ALG_RSAPSS, {}};
  signature.signature.rsapss.sig = *output;
  return signature;
}

}  // namespace credmint::tpm2
