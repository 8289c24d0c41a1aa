// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include "common/provider.h"

namespace credmint::provider {

/// ASYM_CIPHER that only says that our RSA keys do not decrypt (provider-asym_cipher(7)), with
/// kKeyUnusable. OpenSSL alone would name no reason.
const OSSL_DISPATCH* RefusingAsymCipher();

/// Its name, which only our KEYMGMTs give (OSSL_FUNC_KEYMGMT_QUERY_OPERATION_NAME). As "RSA" it
/// might be chosen for the keys of other providers.
inline constexpr const char* kRefusingCipherName = "CREDMINT-RSA";

/// The table for OSSL_FUNC_PROVIDER_QUERY_OPERATION. `Provider` is the provider's property
/// definition.
template <const auto& Provider>
const OSSL_ALGORITHM* AsymCiphers() {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kTable[] = {
      {kRefusingCipherName, Provider, RefusingAsymCipher(), "no decryption"}, kNoMore};
  return kTable;
}

}  // namespace credmint::provider
