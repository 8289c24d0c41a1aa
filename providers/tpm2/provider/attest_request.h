// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "common/store_loader.h"
#include "ossl/handles.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/keyfile/tss2_key_file.h"
#include "tpm2/provider/tpm2_provider.h"
#include "tpm2/signing/key_loader.h"

namespace credmint::tpm2 {

// The parameters of a store that ask for evidence; store.h describes them.
inline constexpr const char* kAttestParam = "tpm2-attest";
inline constexpr const char* kChallengeParam = "tpm2-challenge";
inline constexpr const char* kEndorsementAuthParam = "tpm2-endorsement-auth";

/// The statement of the TPM that a store's parameters ask for, if any.
class AttestRequest {
 public:
  void Set(const OSSL_PARAM params[]);

  [[nodiscard]] bool IsWanted() const { return nonce_ || challenge_; }
  /// Whether it is about no key, but about the TPM alone.
  [[nodiscard]] bool IsChallenge() const { return challenge_.has_value(); }

  /// Attests a key. Fails as KeyLoader::Open() and KeyAttester::Attest().
  [[nodiscard]] Result<provider::ListedObject> Attest(const Tpm2Provider& provider,
                                                      const KeyLoader& loader,
                                                      const HandleUri& uri) const;
  [[nodiscard]] Result<provider::ListedObject> Attest(const Tpm2Provider& provider,
                                                      const KeyLoader& loader,
                                                      const Tss2KeyFile& file) const;

  /// Answers the challenge. Fails as KeyAttester::Answer().
  [[nodiscard]] Result<provider::ListedObject> Answer(const Tpm2Provider& provider,
                                                      const std::optional<std::string>& tcti) const;

 private:
  [[nodiscard]] Result<provider::ListedObject> AttestOpened(const Tpm2Provider& provider,
                                                            const Result<OpenedKey>& key,
                                                            const Policy& policy) const;

  std::optional<Bytes> nonce_;
  std::optional<Bytes> challenge_;
  Secret endorsement_auth_;
};

}  // namespace credmint::tpm2
