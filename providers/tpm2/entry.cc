// SPDX-License-Identifier: Apache-2.0
#include "builtin.h"

/// The loadable module: the provider under the name that OpenSSL looks for.
extern "C" __attribute__((visibility("default"))) int OSSL_provider_init(
    const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
    void** provctx) {
  return credmint_tpm2_module_init(handle, in, out, provctx);
}
