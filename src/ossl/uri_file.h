// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint {

/// Files that hold the URI of a key, in the form of latchset's provider. In PEM the label is
/// kUriFileLabel. The DER inside is a SEQUENCE of a VisibleString, "PKCS#11 Provider URI v1.0", and
/// a UTF8String, the URI.
inline constexpr const char kUriFileLabel[] = "PKCS#11 PROVIDER URI";

/// The file in PEM. Fails with kInternal if out of memory.
Result<std::string> WriteUriFile(const std::string& uri);

/// The URI in the DER of such a file; nullopt if it is something else.
std::optional<std::string> ReadUriFromDer(ByteView der);

/// The URI in such a file; nullopt for other files, and for damaged ones.
std::optional<std::string> ReadUriFile(std::string_view contents);

}  // namespace credmint
