#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "common/emsa_pss.h"
#include "common/key.h"
#include "tpm2/key_source.h"
#include "tpm2/public_area.h"

namespace credmint::tpm2 {

/// A private key in a TPM. One TPM command a signature, and those that its policy takes.
///
/// A PSS signature of a key that decrypts as well is encoded on the host. For other keys the TPM
/// chooses the length of the salt (signing_scheme.h); what it makes with another than was asked for
/// is not handed out, because peers would refuse it, but fails with kKeyUnusable.
///
/// Loads itself again, once, when the TPM turns out to have been reset. An auth value that the TPM
/// refused is never sent again: every later signature fails at once with the same error.
class TpmKey final : public provider::PrivateKey {
 public:
  TpmKey(std::shared_ptr<Tpm> tpm, PublicArea area, provider::EmsaPss pss,
         std::unique_ptr<KeySource> source, Secret auth, LoadedKey loaded);

  [[nodiscard]] Result<Bytes> Sign(const provider::SignatureRequest& request) const override;

 private:
  [[nodiscard]] Result<void> EnsureLoaded() const;
  /// Satisfies the policy and says what the session is to prove.
  [[nodiscard]] Result<void> Authorize() const;
  [[nodiscard]] TpmResult<TPMT_SIGNATURE> SignOnce(const DigestToSign& digest) const;
  /// The bare RSA operation on an encoded message, which is as long as the modulus.
  [[nodiscard]] TpmResult<TPMT_SIGNATURE> DecryptOnce(ByteView encoded) const;

  /// SignOnce() or DecryptOnce(), as often as it takes.
  using Operation = std::function<TpmResult<TPMT_SIGNATURE>()>;
  [[nodiscard]] Result<Bytes> Run(const Operation& operation) const;
  [[nodiscard]] Result<Bytes> RunLoaded(const Operation& operation) const;
  [[nodiscard]] Result<Bytes> RunOrReload(const Operation& operation) const;
  [[nodiscard]] Result<Bytes> SignEncoded(const provider::SignatureRequest& request) const;
  [[nodiscard]] Result<Bytes> WithSaltAsked(const provider::SignatureRequest& request,
                                            Bytes signature) const;

  std::shared_ptr<Tpm> tpm_;
  PublicArea area_;
  provider::EmsaPss pss_;
  std::unique_ptr<KeySource> source_;
  Secret auth_;
  // Both change only under the Tpm's lock.
  mutable std::optional<LoadedKey> loaded_;
  mutable std::optional<Error> refusal_;
};

}  // namespace credmint::tpm2
