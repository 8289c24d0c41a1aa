// SPDX-License-Identifier: Apache-2.0
#include "sigv4/canonical_uri.h"

#include <vector>

#include "base/percent_encoding.h"

namespace credmint {

std::string CanonicalUri(std::string_view path) {
  std::vector<std::string_view> segments;
  bool names_directory = false;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    names_directory = slash != std::string_view::npos || segment == "." || segment == "..";
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      segments.push_back(segment);
    } else if (!segments.empty()) {
      segments.pop_back();
    }
  }
  std::string uri;
  for (const std::string_view segment : segments) uri += "/" + PercentEncode(segment);
  return names_directory || uri.empty() ? uri + "/" : uri;
}

}  // namespace credmint
