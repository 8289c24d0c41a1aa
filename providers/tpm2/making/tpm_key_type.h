// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <span>
#include <string_view>

#include "base/error.h"

namespace credmint::tpm2 {

/// A type of key that a TPM may be able to make: "ec-p256", "ec-p384", "ec-p521", "rsa-2048",
/// "rsa-3072" or "rsa-4096".
struct TpmKeyType {
  std::string_view name;
  TPMI_ALG_PUBLIC algorithm = TPM2_ALG_ECC;
  TPMI_ECC_CURVE curve = TPM2_ECC_NONE;  ///< EC
  TPMI_RSA_KEY_BITS bits = 0;            ///< RSA

  /// Algorithm and parameters in a public area, with no fixed scheme.
  [[nodiscard]] TPMT_PUBLIC_PARMS Parameters() const;

  /// Whether a public area is that of such a key.
  [[nodiscard]] bool Describes(const TPMT_PUBLIC& area) const;
};

/// Fails with kUsage for a name that is none of them.
Result<TpmKeyType> FindTpmKeyType(std::string_view name);

/// All types, for what a TPM can make.
std::span<const TpmKeyType> TpmKeyTypes();

}  // namespace credmint::tpm2
