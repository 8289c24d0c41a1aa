// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Longest text that a message repeats, in bytes.
inline constexpr std::size_t kMaxShown = 256;

// A value given as a path, URI or name may be the secret itself: `--private-key "$(cat web.key)"`.
// Messages and logs show such text only through these functions.

/// Describes text that looks like a key or a certificate: "the contents of a PEM file", "base64 of
/// a DER structure", ... Recognises base64 with blanks, with line breaks (real ones, or written as
/// \n), in its URL-safe alphabet, and truncated. Empty if the text looks like neither.
std::string DescribeKeyMaterial(std::string_view text);

/// Describes text that must not be shown: key material, text of several lines, text with control
/// characters, or text longer than `max_size` bytes. A line break written as \n in base64 counts
/// too. Empty if the text may be shown.
std::string DescribeUnshown(std::string_view text, std::size_t max_size = kMaxShown);

/// Returns the text in quotes, made safe for one line, or its description without quotes.
std::string Shown(std::string_view text);

/// Returns the path or its description; for an existing path that is too long, its end. Preserves
/// errno.
std::string ShownPath(const std::string& path);

/// Fails with kUsage if the file does not exist and its name must not be shown. The message is
/// "`expected` is expected, not the contents of a PEM file". Preserves errno.
Result<void> CheckPath(const std::string& path, std::string_view expected);

}  // namespace credmint
