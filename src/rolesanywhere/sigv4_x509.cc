// SPDX-License-Identifier: Apache-2.0
#include "rolesanywhere/sigv4_x509.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/timestamp.h"
#include "ossl/digest.h"
#include "ossl/encoding.h"
#include "sigv4/authorization.h"
#include "sigv4/canonical_headers.h"
#include "sigv4/canonical_request.h"
#include "sigv4/string_to_sign.h"

namespace credmint {
namespace {

constexpr std::string_view kService = "rolesanywhere";

struct Algorithm {
  std::string_view key;
  std::string_view name;
};

constexpr std::array kAlgorithms = {
    Algorithm{"RSA", "AWS4-X509-RSA-SHA256"},  Algorithm{"EC", "AWS4-X509-ECDSA-SHA256"},
    Algorithm{"ML-DSA-44", "AWS4-X509-MLDSA"}, Algorithm{"ML-DSA-65", "AWS4-X509-MLDSA"},
    Algorithm{"ML-DSA-87", "AWS4-X509-MLDSA"},
};

std::string ChainHeader(const std::vector<Certificate>& issuers) {
  std::string chain;
  for (const Certificate& issuer : issuers) {
    if (!chain.empty()) chain += ',';
    chain += Base64(issuer.Der());
  }
  return chain;
}

}  // namespace

Result<std::string_view> AlgorithmName(const std::string& key) {
  const auto* const found = std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                                         [&key](const Algorithm& each) { return each.key == key; });
  if (found != kAlgorithms.end()) return found->name;
  return Fail(ErrorCode::kKeyUnusable,
              fmt::format("IAM Roles Anywhere takes RSA, EC and ML-DSA keys, not {}", key));
}

Result<HttpRequest> SignRequest(const LibraryContext& context, const Identity& identity,
                                HttpRequest request, std::string_view region, TimePoint now) {
  const Result<std::string_view> algorithm = AlgorithmName(identity.algorithm());
  if (!algorithm) return Fail(algorithm);

  const std::string date = FormatBasicTimestamp(now);
  request.headers.emplace_back("Host", HostHeader(request.url));
  request.headers.emplace_back("X-Amz-Date", date);
  request.headers.emplace_back("X-Amz-X509", Base64(identity.leaf().Der()));
  if (!identity.issuers().empty()) {
    request.headers.emplace_back("X-Amz-X509-Chain", ChainHeader(identity.issuers()));
  }

  Result<std::string> payload_hash = Sha256Hex(context, request.body);
  if (!payload_hash) return Fail(std::move(payload_hash));
  const CanonicalHeaders headers = CanonicalizeHeaders(request.headers);
  Result<std::string> request_hash =
      Sha256Hex(context, CanonicalRequest(request, headers, *payload_hash));
  if (!request_hash) return Fail(std::move(request_hash));

  const std::string scope = CredentialScope(date, region, kService);
  Result<Bytes> signature = identity.Sign(StringToSign(*algorithm, date, scope, *request_hash));
  if (!signature) return Fail(std::move(signature));
  request.headers.emplace_back(
      "Authorization", FormatAuthorization({*algorithm, identity.leaf().SerialDecimal(), scope,
                                            headers.signed_names, Hex(*signature)}));
  return request;
}

}  // namespace credmint
