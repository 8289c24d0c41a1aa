// SPDX-License-Identifier: Apache-2.0
#include "common/ml_dsa.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <string>

#include "ossl/handles.h"

namespace credmint::provider {
namespace {

/// OpenSSL's name, "ML-DSA-65".
std::string AlgorithmOf(std::string_view type) {
  std::string name(type);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

}  // namespace

bool IsMlDsa(std::string_view type) {
  return type == "ml-dsa-44" || type == "ml-dsa-65" || type == "ml-dsa-87";
}

Error WhyNoMlDsa(OSSL_LIB_CTX* context, std::string_view type, std::string_view device) {
  const ErrorMark mark;
  const std::string algorithm = AlgorithmOf(type);
  const PkeyCtxPtr known(EVP_PKEY_CTX_new_from_name(context, algorithm.c_str(), nullptr));
  if (!known) {
    return {ErrorCode::kKeyUnusable,
            fmt::format("OpenSSL {} does not know {}", OpenSSL_version(OPENSSL_VERSION_STRING),
                        algorithm),
            "it comes with OpenSSL 3.5: choose a type of EC or RSA here"};
  }
  return {ErrorCode::kKeyUnusable,
          fmt::format("{} keys in {} are not supported", algorithm, device),
          "choose a type of EC or RSA, or keep an ML-DSA key in a file"};
}

}  // namespace credmint::provider
