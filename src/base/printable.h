#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace credmint {

/// Text of unknown origin (an argument, a server's answer) made fit for one line of an error
/// message or a terminal: white space and line breaks become single blanks, other bytes outside
/// printable ASCII become '?', and what exceeds `max_size` characters is replaced by "...".
std::string Printable(std::string_view text, std::size_t max_size = 200);

}  // namespace credmint
