// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/known_keys.h"
#include "common/provider_context.h"
#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// The loaded provider. A process has one connection for each TCTI configuration, opened when a key
/// first needs it and closed with the last key that uses it.
class Tpm2Provider final : public provider::ProviderContext {
 public:
  Tpm2Provider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, provider::Linkage linkage);

  /// Converts the context that OpenSSL passes to the provider's functions.
  static const Tpm2Provider& From(void* context) {
    return static_cast<const Tpm2Provider&>(*static_cast<ProviderContext*>(context));
  }

  [[nodiscard]] const char* description() const override { return "credmint keys in a TPM 2.0"; }

  [[nodiscard]] std::unique_ptr<provider::KeyGeneration> NewGeneration(
      provider::KeyType type) const override;

  /// Connects to the TPM that `tcti` names, or else the one that openssl.cnf or the environment
  /// names (tcti.h). Sends no TPM command.
  [[nodiscard]] Result<std::shared_ptr<Tpm>> Connect(const std::optional<std::string>& tcti) const;

  /// Persistent keys, by what TpmObject::Write() returned.
  [[nodiscard]] provider::KnownKeys<Bytes>& known_keys() const { return known_keys_; }

 private:
  mutable provider::KnownKeys<Bytes> known_keys_;
};

}  // namespace credmint::tpm2
