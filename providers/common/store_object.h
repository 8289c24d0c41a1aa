// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <string>

#include "ossl/handles.h"

/// Objects for OpenSSL's OSSL_FUNC_store_load callback, other than keys (see EmitKey() in key.h).
/// Both functions return what the callback returned.
namespace credmint::provider {

/// Emits a certificate, given as DER.
int EmitCertificate(ByteView der, OSSL_CALLBACK* object_callback, void* callback_argument);

/// Emits a name: a URI with a description.
int EmitName(const std::string& uri, const std::string& description, OSSL_CALLBACK* object_callback,
             void* callback_argument);

}  // namespace credmint::provider
