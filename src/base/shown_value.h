// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Longest text that a message repeats, in bytes.
inline constexpr std::size_t kMaxShown = 256;

// What people hand in where a path, a URI or a name is meant may be the secret itself:
// `--private-key "$(cat web.key)"`. Messages and logs show such text by these functions only.

/// What a text is that looks like a key or a certificate: "the contents of a PEM file", "base64 of
/// a DER structure", ...; base64 also with blanks, line breaks (real, or written as \n), in its
/// URL-safe alphabet, and cut off. Empty: it looks like none.
std::string DescribeKeyMaterial(std::string_view text);

/// What a text is that must not be shown: key material, text with a line break (real, or written as
/// \n in base64) or another control character, more than `max_size` bytes. Empty: it may be shown.
std::string DescribeUnshown(std::string_view text, std::size_t max_size = kMaxShown);

/// The text in quotes, made fit for one line; or what it is, without quotes.
std::string Shown(std::string_view text);

/// The path, or what it is. Of a longer path that exists, the end. Leaves errno alone.
std::string ShownPath(const std::string& path);

/// Fails with kUsage if there is no such file and its name must not be shown, leaving errno alone:
/// "`expected` is expected, not the contents of a PEM file".
Result<void> CheckPath(const std::string& path, std::string_view expected);

}  // namespace credmint
