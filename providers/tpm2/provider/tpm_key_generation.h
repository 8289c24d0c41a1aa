// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "common/key_generation.h"
#include "tpm2/provider/tpm2_provider.h"
#include "tpm2/provider/tpm_change.h"

namespace credmint::tpm2 {

/// A key that OpenSSL has made in a TPM. Its file is a TPM key file. Besides OpenSSL's parameters
/// for its type there are "tcti", "tpm2-key-parent" and "tpm2-key-pcrs", as in store.h. There is no
/// way to give auth values, which would be on a command line.
class TpmKeyGeneration final : public provider::KeyGeneration {
 public:
  TpmKeyGeneration(const Tpm2Provider& provider, provider::KeyType type)
      : provider_(provider), type_(type) {}

  [[nodiscard]] const OSSL_PARAM* Settable() const override;
  Result<void> Set(const OSSL_PARAM params[]) override;
  [[nodiscard]] Result<std::unique_ptr<provider::Key>> Make() const override;

 private:
  const Tpm2Provider& provider_;
  provider::WantedType type_;
  TpmChange change_;
  std::optional<std::string> tcti_;
};

}  // namespace credmint::tpm2
