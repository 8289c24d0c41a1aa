// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <string>

#include "ossl/handles.h"

/// What OSSL_FUNC_store_load hands to OpenSSL's object callback, beside keys (EmitKey in key.h).
/// Both return what the callback returned.
namespace credmint::provider {

/// A certificate, by its DER.
int EmitCertificate(ByteView der, OSSL_CALLBACK* object_callback, void* callback_argument);

/// A name: a URI, and what there is to say about it.
int EmitName(const std::string& uri, const std::string& description, OSSL_CALLBACK* object_callback,
             void* callback_argument);

}  // namespace credmint::provider
