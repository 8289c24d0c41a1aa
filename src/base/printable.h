// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace credmint {

/// Makes text of unknown origin (an argument, a server's answer) safe for one line of an error
/// message or a terminal. White space and line breaks become single blanks. Other bytes outside
/// printable ASCII become '?'. Text beyond `max_size` characters is replaced by "...".
std::string Printable(std::string_view text, std::size_t max_size = 200);

/// Makes UTF-8 text chosen by people (a label, a subject) safe for a terminal. Control characters,
/// characters that change the writing direction, and bytes that are not UTF-8 become '?'.
std::string PrintableUtf8(std::string_view text);

}  // namespace credmint
