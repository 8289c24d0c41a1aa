// SPDX-License-Identifier: Apache-2.0
#include "base/shown_value.h"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/printable.h"

namespace credmint {
namespace {

/// Fewer digits are probably a name that happens to begin like DER.
constexpr std::size_t kLeastDigits = 24;
constexpr std::size_t kMaxEnd = 200;

/// Returns the value of a base64 digit in either alphabet, or -1.
int Digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

/// Returns the size of the white space that the text starts with: 0, 1, or 2 for an escape like \n.
std::size_t LeadingSpace(std::string_view text) {
  if (text.starts_with("\\n") || text.starts_with("\\r") || text.starts_with("\\t")) return 2;
  return text.find_first_of(" \t\r\n") == 0 ? 1 : 0;
}

/// Returns the first `max` base64 digits of a text that starts with them.
std::string LeadingDigits(std::string_view text, std::size_t max) {
  std::string digits;
  while (!text.empty() && digits.size() < max) {
    if (const std::size_t space = LeadingSpace(text); space > 0) {
      text.remove_prefix(space);
      continue;
    }
    if (Digit(text.front()) < 0) break;
    digits += text.front();
    text.remove_prefix(1);
  }
  return digits;
}

/// Recognises DER (X.690): a SEQUENCE of definite length whose first element has a tag used in keys
/// and certificates.
bool BeginsAsDer(std::string_view digits) {
  std::array<std::uint8_t, 6> bytes{};
  std::uint32_t bits = 0;
  std::size_t size = 0;
  for (std::size_t i = 0; size < bytes.size() && i < digits.size(); ++i) {
    bits = bits << 6U | static_cast<std::uint32_t>(Digit(digits[i]));
    if (i % 4 == 0) continue;
    bytes[size++] = static_cast<std::uint8_t>(bits >> (6 - 2 * (i % 4)));
  }
  constexpr std::size_t kLongForm = 0x80;
  const std::size_t length_bytes = bytes[1] > kLongForm ? bytes[1] - kLongForm : 0;
  if (bytes[0] != 0x30 || bytes[1] == kLongForm || length_bytes > 3) return false;
  constexpr std::array<std::uint8_t, 5> kTags = {0x02, 0x04, 0x06, 0x30, 0xa0};
  return std::find(kTags.begin(), kTags.end(), bytes[2 + length_bytes]) != kTags.end();
}

/// Names the contents of base64 at the start of a text; empty if unknown.
const char* DescribeBase64(std::string_view text) {
  if (text.empty() || (text.front() != 'M' && text.front() != 'L' && text.front() != 'b'))
    return "";
  const std::string digits = LeadingDigits(text, kLeastDigits);
  if (digits.starts_with("LS0tLS1CRUdJTi")) return "base64 of a PEM file";
  if (digits.starts_with("b3BlbnNzaC1rZXktdjE")) return "base64 of an OpenSSH key";
  if (digits.size() == kLeastDigits && BeginsAsDer(digits)) return "base64 of a DER structure";
  return "";
}

/// Whether base64 may start after this text.
bool IsBoundary(std::string_view before) {
  if (before.empty() || before.ends_with("\\n") || before.ends_with("\\r")) return true;
  const char last = before.back();
  return Digit(last) < 0 || last == '/' || last == '-' || last == '_' || last == '+';
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

/// Finds a line of base64, wherever it starts, followed by a line break written as \n.
bool HasEscapedLines(std::string_view text) {
  std::size_t digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (digits >= kLeastDigits && text.substr(i).starts_with("\\n")) return true;
    digits = Digit(text[i]) < 0 ? 0 : digits + 1;
  }
  return false;
}

bool Exists(const std::string& path) {
  const int error = errno;  // the caller may be about to report it
  const bool exists = path.find('\0') == std::string::npos && access(path.c_str(), F_OK) == 0;
  errno = error;
  return exists;
}

}  // namespace

std::string DescribeKeyMaterial(std::string_view text) {
  if (text.find("-----BEGIN") != std::string_view::npos ||
      text.find("-----END") != std::string_view::npos) {
    return "the contents of a PEM file";
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!IsBoundary(text.substr(0, i))) continue;
    if (const std::string_view what = DescribeBase64(text.substr(i)); !what.empty()) {
      return std::string(what);
    }
  }
  return {};
}

std::string DescribeUnshown(std::string_view text, std::size_t max_size) {
  if (auto what = DescribeKeyMaterial(text); !what.empty()) return what;
  if (text.find_first_of("\r\n") != std::string_view::npos || HasEscapedLines(text)) {
    return "text of several lines";
  }
  if (HasControl(text)) return "text with control characters";
  if (text.size() > max_size) return fmt::format("text of {} bytes", text.size());
  return {};
}

std::string Shown(std::string_view text) {
  auto what = DescribeUnshown(text);
  return what.empty() ? fmt::format("'{}'", Printable(text, kMaxShown)) : what;
}

std::string ShownPath(const std::string& path) {
  auto what = DescribeUnshown(path, std::numeric_limits<std::size_t>::max());
  if (!what.empty()) return what;
  if (path.size() <= kMaxShown) return path;
  if (Exists(path)) return fmt::format("…{}", path.substr(path.size() - kMaxEnd));
  return fmt::format("a path of {} bytes", path.size());
}

Result<void> CheckPath(const std::string& path, std::string_view expected) {
  const auto what = DescribeUnshown(path);
  if (what.empty() || Exists(path)) return {};
  return Fail(ErrorCode::kUsage, fmt::format("{} is expected, not {}", expected, what));
}

}  // namespace credmint
