// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

namespace credmint::provider {

/// One row of an OSSL_DISPATCH table. OpenSSL stores functions of every type as void().
///
/// Our functions are noexcept, so that no exception crosses into C. One that can fail goes through
/// Callback() (provider_context.h), which turns exceptions into errors.
template <typename Returned, typename... Parameters>
OSSL_DISPATCH Entry(int id, Returned (*function)(Parameters...) noexcept) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

/// The row that ends a table.
inline constexpr OSSL_DISPATCH kEnd = {0, nullptr};

}  // namespace credmint::provider
