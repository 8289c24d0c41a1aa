// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

/// Entry points of the providers. The `_provider_init` functions are for programs that link a
/// provider in (OSSL_PROVIDER_add_builtin). The loadable modules export the `_module_init`
/// functions as OSSL_provider_init.
extern "C" {
OSSL_provider_init_fn credmint_pkcs11_provider_init;
OSSL_provider_init_fn credmint_pkcs11_module_init;
OSSL_provider_init_fn credmint_tpm2_provider_init;
OSSL_provider_init_fn credmint_tpm2_module_init;
OSSL_provider_init_fn credmint_remote_provider_init;  // no module: it is for the program alone
}
