// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace credmint {

/// Text of unknown origin (an argument, a server's answer) made fit for one line of an error
/// message or a terminal: white space and line breaks become single blanks, other bytes outside
/// printable ASCII become '?', and what exceeds `max_size` characters is replaced by "...".
std::string Printable(std::string_view text, std::size_t max_size = 200);

/// Text that people chose (a label, a subject) made fit for a terminal, in UTF-8: control
/// characters, those that turn the direction of writing, and bytes that are not UTF-8 become '?'.
std::string PrintableUtf8(std::string_view text);

}  // namespace credmint
