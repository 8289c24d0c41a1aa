// SPDX-License-Identifier: Apache-2.0
#include "builtin.h"

/// A loadable module: the provider under the name that OpenSSL looks for. CREDMINT_MODULE_INIT is
/// the function of the provider that is in it.
extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(
    const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
    void** provctx) {
  return CREDMINT_MODULE_INIT(handle, in, out, provctx);
}
