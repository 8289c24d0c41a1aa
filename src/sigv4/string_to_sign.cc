// SPDX-License-Identifier: Apache-2.0
#include "sigv4/string_to_sign.h"

#include <fmt/format.h>

namespace credmint {

std::string CredentialScope(std::string_view amz_date, std::string_view region,
                            std::string_view service) {
  return fmt::format("{}/{}/{}/aws4_request", amz_date.substr(0, 8), region, service);
}

std::string StringToSign(std::string_view algorithm, std::string_view amz_date,
                         std::string_view scope, std::string_view canonical_request_sha256) {
  return fmt::format("{}\n{}\n{}\n{}", algorithm, amz_date, scope, canonical_request_sha256);
}

}  // namespace credmint
