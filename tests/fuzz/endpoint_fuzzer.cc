// SPDX-License-Identifier: Apache-2.0
// Fed: a text that may be the URL of an endpoint or the name of a region.
//
// Holds: an accepted URL means the same once it is written. It has neither user nor query. A
// region's endpoint is a URL of its own.

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "rolesanywhere/endpoint.h"

namespace credmint {
namespace {

using test::Require;

void CheckUrl(const Result<Url>& url) {
  if (!url) return test::RequireOneLine(url.error().message, "a refusal is one line");
  Require(!url->host.empty() && url->port != 0 && url->query.empty(), "a URL has host and port");
  Require(url->host.find('@') == std::string::npos, "a URL has no user");
  const auto again = ParseEndpointUrl(FormatUrl(*url));
  Require(again && again->scheme == url->scheme && again->host == url->host &&
              again->port == url->port && again->path == url->path,
          "an accepted URL means the same once it is written");
  static_cast<void>(IsLoopback(*url));
}

void Check(const std::string& text) {
  CheckUrl(ParseEndpointUrl(text));
  for (const bool fips : {false, true}) {
    for (const bool dualstack : {false, true}) {
      const auto url = ResolveEndpoint(text, {fips, dualstack, {}});
      Require(url.has_value() == IsRegionName(text), "a region has an endpoint");
      CheckUrl(url);
    }
  }
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(std::string(credmint::test::Input(data, size).Rest()));
  return 0;
}
