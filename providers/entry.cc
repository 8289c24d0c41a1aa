// SPDX-License-Identifier: Apache-2.0
#include "builtin.h"

/// Entry point of a loadable module, under the name that OpenSSL looks up. CREDMINT_MODULE_INIT is
/// the initialisation function of the provider inside.
extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(
    const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
    void** provctx) {
  return CREDMINT_MODULE_INIT(handle, in, out, provctx);
}
