// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "common/emsa_pss.h"
#include "common/key.h"
#include "tpm2/signing/key_source.h"
#include "tpm2/signing/public_area.h"
#include "tpm2/signing/shared_refusal.h"

namespace credmint::tpm2 {

/// A private key in a TPM. A signature takes one TPM command, and those of the key's policy.
///
/// If the key also decrypts, a PSS signature is encoded on the host. For other keys the TPM chooses
/// the length of the salt (signing_scheme.h). If that is not the requested one, signing fails with
/// kKeyUnusable, because peers would reject the signature.
///
/// The key loads itself again, once, after a reset of the TPM. It also does so whenever its slot
/// was needed for another key. A refused auth value is never sent again: every later signature
/// fails at once with the same error, even in children.
///
/// If the policy is no longer satisfied because a PCR was extended, it is satisfied again, up to
/// kPolicyAttempts times.
///
/// In the child of a fork, the first signature makes a new connection and loads the key there with
/// the secrets it has. The parent's connection and loaded objects are left alone and leaked,
/// because the parent's threads may have been using them.
class TpmKey final : public provider::PrivateKey {
 public:
  TpmKey(std::shared_ptr<Tpm> tpm, PublicArea area, provider::EmsaPss pss,
         std::unique_ptr<KeySource> source, Secret auth, LoadedKey loaded);
  ~TpmKey() override;

  [[nodiscard]] Result<Bytes> Sign(const provider::SignatureRequest& request) const override;

 private:
  struct InProcess;
  struct InUse;
  [[nodiscard]] InProcess& InThisProcess() const;
  [[nodiscard]] Result<std::shared_ptr<Tpm>> Connect(InProcess& process) const;

  [[nodiscard]] Result<void> EnsureLoaded(const InUse& here) const;
  /// Satisfies the policy and sets what the session is to prove.
  [[nodiscard]] Result<void> Authorize(const InUse& here) const;
  [[nodiscard]] static TpmResult<TPMT_SIGNATURE> SignOnce(Tpm& tpm, const LoadedKey& key,
                                                          const DigestToSign& digest);
  /// The bare RSA operation on an encoded message, which is as long as the modulus.
  [[nodiscard]] static TpmResult<TPMT_SIGNATURE> DecryptOnce(Tpm& tpm, const LoadedKey& key,
                                                             ByteView encoded);

  /// SignOnce() or DecryptOnce(), repeated as needed.
  using Operation = std::function<TpmResult<TPMT_SIGNATURE>(Tpm&, const LoadedKey&)>;
  [[nodiscard]] Result<Bytes> Run(const Operation& operation) const;
  [[nodiscard]] Result<Bytes> RunOrReload(const InUse& here, const Operation& operation) const;
  [[nodiscard]] Result<Bytes> RunLoaded(const InUse& here, const Operation& operation) const;
  [[nodiscard]] Result<TpmResult<TPMT_SIGNATURE>> RunAuthorized(const InUse& here,
                                                                const Operation& operation) const;
  [[nodiscard]] Result<Bytes> SignEncoded(const provider::SignatureRequest& request) const;
  [[nodiscard]] Result<Bytes> WithSaltAsked(const provider::SignatureRequest& request,
                                            Bytes signature) const;

  std::string tcti_;
  PublicArea area_;
  provider::EmsaPss pss_;
  std::unique_ptr<KeySource> source_;
  Secret auth_;
  mutable SharedRefusal refusal_;
  mutable std::atomic<InProcess*> in_process_;  // owned
};

}  // namespace credmint::tpm2
