// SPDX-License-Identifier: Apache-2.0
#include "identity/shown_reference.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/shown_value.h"

namespace credmint {
namespace {

constexpr std::array<std::string_view, 16> kAttributes = {"token",
                                                          "manufacturer",
                                                          "serial",
                                                          "model",
                                                          "object",
                                                          "id",
                                                          "type",
                                                          "object-type",
                                                          "slot-id",
                                                          "slot-manufacturer",
                                                          "slot-description",
                                                          "library-manufacturer",
                                                          "library-description",
                                                          "library-version",
                                                          "module-name",
                                                          "module-path"};

bool IsKnown(std::string_view name) {
  return name.starts_with("x-") ||
         std::find(kAttributes.begin(), kAttributes.end(), name) != kAttributes.end();
}

bool SpeaksOfSecret(std::string_view name) {
  constexpr std::array<std::string_view, 4> kWords = {"pin", "pass", "secret", "auth"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
    return name.find(word) != std::string_view::npos;
  });
}

/// One attribute as it may be shown. Sets `good` to false if RFC 7512 does not know it.
std::string ShownAttribute(std::string_view attribute, bool rfc7512, bool& good) {
  const std::size_t equals = attribute.find('=');
  const std::string_view name = attribute.substr(0, equals);
  const bool has_value = equals != std::string_view::npos;
  const bool known = IsKnown(name) && has_value;
  good = good && (known || attribute.empty());
  if (attribute.empty() || known) return std::string(attribute);
  if (!has_value) return std::string(rfc7512 ? "…" : attribute);
  if (!rfc7512 && !SpeaksOfSecret(name)) return std::string(attribute);
  return fmt::format("{}=…", name);
}

}  // namespace

std::string ShownUri(std::string_view uri, bool rfc7512) {
  const std::size_t start = std::min(uri.find(':'), uri.size() - 1) + 1;
  std::string shown(uri.substr(0, start));
  bool good = rfc7512;
  std::string_view rest = uri.substr(start);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find_first_of(";?&"), rest.size());
    shown += ShownAttribute(rest.substr(0, end), rfc7512, good);
    if (end < rest.size()) shown += rest[end];
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (shown.size() <= kMaxShown || good) return shown;
  return fmt::format("a URI of {} bytes", uri.size());
}

}  // namespace credmint
