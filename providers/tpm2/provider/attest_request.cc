// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/attest_request.h"

#include <utility>

#include "common/params.h"
#include "tpm2/attesting/key_attester.h"

namespace credmint::tpm2 {

void AttestRequest::Set(const OSSL_PARAM params[]) {
  if (const auto nonce = provider::OctetsParam(params, kAttestParam)) {
    nonce_.emplace(nonce->begin(), nonce->end());
  }
  if (const auto challenge = provider::OctetsParam(params, kChallengeParam)) {
    challenge_.emplace(challenge->begin(), challenge->end());
  }
  if (auto auth = provider::SecretParam(params, kEndorsementAuthParam)) {
    endorsement_auth_ = *std::move(auth);
  }
}

Result<provider::ListedObject> AttestRequest::Attest(const Tpm2Provider& provider,
                                                     const KeyLoader& loader,
                                                     const HandleUri& uri) const {
  return AttestOpened(provider, loader.Open(uri, KeyLoader::Role::kAdmin), Policy());
}

Result<provider::ListedObject> AttestRequest::Attest(const Tpm2Provider& provider,
                                                     const KeyLoader& loader,
                                                     const Tss2KeyFile& file) const {
  return AttestOpened(provider, loader.Open(file, KeyLoader::Role::kAdmin), file.policy);
}

Result<provider::ListedObject> AttestRequest::AttestOpened(const Tpm2Provider& provider,
                                                           const Result<OpenedKey>& key,
                                                           const Policy& policy) const {
  if (!key) return Fail(key);
  auto fits = CheckAuthSize(endorsement_auth_, "endorsement hierarchy's auth value");
  if (!fits) return Fail(std::move(fits));
  return KeyAttester(key->tpm, provider.digests(), endorsement_auth_).Attest(*key, policy, *nonce_);
}

Result<provider::ListedObject> AttestRequest::Answer(const Tpm2Provider& provider,
                                                     const std::optional<std::string>& tcti) const {
  auto fits = CheckAuthSize(endorsement_auth_, "endorsement hierarchy's auth value");
  if (!fits) return Fail(std::move(fits));
  auto tpm = provider.Connect(tcti);
  if (!tpm) return Fail(std::move(tpm));
  return KeyAttester(*std::move(tpm), provider.digests(), endorsement_auth_).Answer(*challenge_);
}

}  // namespace credmint::tpm2
