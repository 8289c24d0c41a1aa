// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "common/key_generation.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {

/// A key that OpenSSL has made on a token, as MakeKey() does. Its file holds its URI
/// (ossl/uri_file.h).
///
/// Besides OpenSSL's parameters for its type there is "pkcs11_uri", as pkcs11-provider has it. It
/// names the token and the key's label, and must have the PIN (pin-source), because nobody can be
/// asked. The file keeps pin-source, but neither a PIN nor the module.
class TokenKeyGeneration final : public provider::KeyGeneration {
 public:
  TokenKeyGeneration(const Pkcs11Provider& provider, provider::KeyType type)
      : provider_(provider), type_(type) {}

  [[nodiscard]] const OSSL_PARAM* Settable() const override;
  Result<void> Set(const OSSL_PARAM params[]) override;
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Make() const override;

 private:
  const Pkcs11Provider& provider_;
  provider::WantedType type_;
  std::string uri_;
};

}  // namespace credmint::pkcs11
