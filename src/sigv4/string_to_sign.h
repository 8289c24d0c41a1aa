// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// Returns the scope of a signature: "YYYYMMDD/REGION/SERVICE/aws4_request". The date is that of
/// `amz_date`, the value of X-Amz-Date ("20260101T120000Z").
std::string CredentialScope(std::string_view amz_date, std::string_view region,
                            std::string_view service);

/// Returns the text that the key signs. `canonical_request_sha256` is in lower-case hexadecimal.
std::string StringToSign(std::string_view algorithm, std::string_view amz_date,
                         std::string_view scope, std::string_view canonical_request_sha256);

}  // namespace credmint
