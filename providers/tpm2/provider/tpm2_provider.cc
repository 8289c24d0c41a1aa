// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/tpm2_provider.h"

#include "tpm2/device/tcti.h"

namespace credmint::tpm2 {

const char* Tpm2Provider::description() const { return "credmint keys in a TPM 2.0"; }

Result<std::shared_ptr<Tpm>> Tpm2Provider::Connect(const std::optional<std::string>& tcti) const {
  const auto chosen = ChooseTcti(tcti, core().Setting("tcti"), SecureEnvironment);
  if (!chosen) return tl::unexpected(chosen.error());
  return Tpm::Share(*chosen);
}

}  // namespace credmint::tpm2
