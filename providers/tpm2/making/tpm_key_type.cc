// SPDX-License-Identifier: Apache-2.0
#include "tpm2/making/tpm_key_type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/shown_value.h"

namespace credmint::tpm2 {
namespace {

constexpr std::array<TpmKeyType, 6> kTypes = {{
    {"ec-p256", TPM2_ALG_ECC, TPM2_ECC_NIST_P256},
    {"ec-p384", TPM2_ALG_ECC, TPM2_ECC_NIST_P384},
    {"ec-p521", TPM2_ALG_ECC, TPM2_ECC_NIST_P521},
    {"rsa-2048", TPM2_ALG_RSA, TPM2_ECC_NONE, 2048},
    {"rsa-3072", TPM2_ALG_RSA, TPM2_ECC_NONE, 3072},
    {"rsa-4096", TPM2_ALG_RSA, TPM2_ECC_NONE, 4096},
}};

}  // namespace

TPMT_PUBLIC_PARMS TpmKeyType::Parameters() const {
  TPMT_PUBLIC_PARMS result{};
  result.type = algorithm;
  result.parameters.asymDetail.symmetric.algorithm = TPM2_ALG_NULL;
  if (algorithm == TPM2_ALG_RSA) {
    result.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    result.parameters.rsaDetail.keyBits = bits;
    return result;
  }
  result.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
  result.parameters.eccDetail.curveID = curve;
  result.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
  return result;
}

bool TpmKeyType::Describes(const TPMT_PUBLIC& area) const {
  const TPMU_PUBLIC_PARMS& parameters = area.parameters;
  if (area.type != algorithm || parameters.asymDetail.scheme.scheme != TPM2_ALG_NULL) return false;
  return algorithm == TPM2_ALG_RSA ? parameters.rsaDetail.keyBits == bits
                                   : parameters.eccDetail.curveID == curve;
}

Result<TpmKeyType> FindTpmKeyType(std::string_view name) {
  const auto* const found = std::find_if(
      kTypes.begin(), kTypes.end(), [name](const TpmKeyType& type) { return type.name == name; });
  if (found != kTypes.end()) return *found;
  return Fail(ErrorCode::kUsage, fmt::format("no TPM makes {} keys", Shown(name)),
              "IAM Roles Anywhere and TPMs have RSA and the curves P-256, P-384 and P-521 in "
              "common");
}

std::span<const TpmKeyType> TpmKeyTypes() { return kTypes; }

}  // namespace credmint::tpm2
