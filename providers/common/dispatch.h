// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// One row of an OSSL_DISPATCH table; OpenSSL's tables hold functions of every type as void().
template <typename Function>
OSSL_DISPATCH Entry(int id, Function* function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

/// The row that ends a table.
inline constexpr OSSL_DISPATCH kEnd = {0, nullptr};

}  // namespace credmint::provider
