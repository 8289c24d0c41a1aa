// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "ossl/handles.h"

/// The parameters that an application gave. What is absent, or of another type, is nullopt. A text
/// has as many bytes as it says, whether a NUL follows them or not. Nothing is left in OpenSSL's
/// error queue.
namespace credmint::provider {

[[nodiscard]] bool HasParam(const OSSL_PARAM params[], const char* name);

/// Points into the parameter, as the octets do.
[[nodiscard]] std::optional<std::string_view> TextOf(const OSSL_PARAM& param);

[[nodiscard]] std::optional<std::string> TextParam(const OSSL_PARAM params[], const char* name);
[[nodiscard]] std::optional<ByteView> OctetsParam(const OSSL_PARAM params[], const char* name);
/// Octets, copied.
[[nodiscard]] std::optional<Secret> SecretParam(const OSSL_PARAM params[], const char* name);

}  // namespace credmint::provider
