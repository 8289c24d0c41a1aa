// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

/// Entry points of the providers: for programs that link them in (OSSL_PROVIDER_add_builtin), and
/// what the loadable modules export as OSSL_provider_init.
extern "C" {
OSSL_provider_init_fn credmint_pkcs11_provider_init;
OSSL_provider_init_fn credmint_pkcs11_module_init;
OSSL_provider_init_fn credmint_tpm2_provider_init;
OSSL_provider_init_fn credmint_tpm2_module_init;
}
