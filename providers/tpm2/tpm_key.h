#pragma once

#include <memory>
#include <optional>

#include "common/key.h"
#include "tpm2/key_source.h"
#include "tpm2/signing_scheme.h"

namespace credmint::tpm2 {

/// A private key in a TPM. One TPM command a signature, and those that its policy takes.
///
/// Loads itself again, once, when the TPM turns out to have been reset. An auth value that the TPM
/// refused is never sent again: every later signature fails at once with the same error.
class TpmKey final : public provider::PrivateKey {
 public:
  TpmKey(std::shared_ptr<Tpm> tpm, SigningScheme scheme, std::unique_ptr<KeySource> source,
         Secret auth, LoadedKey loaded);

  [[nodiscard]] Result<Bytes> Sign(const provider::SignatureRequest& request) const override;

 private:
  [[nodiscard]] Result<void> EnsureLoaded() const;
  [[nodiscard]] TpmResult<TPMT_SIGNATURE> SignOnce(const DigestToSign& digest) const;
  [[nodiscard]] Result<Bytes> SignLoaded(const DigestToSign& digest) const;
  [[nodiscard]] Result<Bytes> SignOrReload(const DigestToSign& digest) const;

  std::shared_ptr<Tpm> tpm_;
  SigningScheme scheme_;
  std::unique_ptr<KeySource> source_;
  Secret auth_;
  // Both change only under the Tpm's lock.
  mutable std::optional<LoadedKey> loaded_;
  mutable std::optional<Error> refusal_;
};

}  // namespace credmint::tpm2
