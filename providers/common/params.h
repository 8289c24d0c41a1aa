// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "ossl/handles.h"

/// Accessors for the parameters that an application gave.
///
/// A parameter that is absent, or of another type, is nullopt. A text is as long as its stated
/// size, with or without a NUL behind it. OpenSSL's error queue stays clean.
namespace credmint::provider {

[[nodiscard]] bool HasParam(const OSSL_PARAM params[], const char* name);

/// The result points into the parameter, as it does for OctetsParam().
[[nodiscard]] std::optional<std::string_view> TextOf(const OSSL_PARAM& param);

[[nodiscard]] std::optional<std::string> TextParam(const OSSL_PARAM params[], const char* name);
[[nodiscard]] std::optional<ByteView> OctetsParam(const OSSL_PARAM params[], const char* name);
/// The octets, copied.
[[nodiscard]] std::optional<Secret> SecretParam(const OSSL_PARAM params[], const char* name);

}  // namespace credmint::provider
