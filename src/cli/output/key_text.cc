// SPDX-License-Identifier: Apache-2.0
#include "cli/output/key_text.h"

#include <fmt/format.h>

#include <array>

#include "ossl/handles.h"

namespace credmint::cli {

std::string CurveOf(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  std::size_t size = 0;
  const ErrorMark mark;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 ? name.data() : "";
}

std::string DescribeKey(const EVP_PKEY* key) {
  if (key == nullptr) return "of unknown type";
  const std::string curve = CurveOf(key);
  return fmt::format("{} {}", EVP_PKEY_get0_type_name(key),
                     curve.empty() ? std::to_string(EVP_PKEY_get_bits(key)) : curve);
}

}  // namespace credmint::cli
