// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/tpm2_provider.h"

#include "tpm2/device/tcti.h"
#include "tpm2/device/tss_log.h"
#include "tpm2/provider/tpm_key_generation.h"

namespace credmint::tpm2 {

Tpm2Provider::Tpm2Provider(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                           provider::Linkage linkage)
    : ProviderContext(handle, in, linkage) {
  SilenceTssLog();
}

std::unique_ptr<provider::KeyGeneration> Tpm2Provider::NewGeneration(provider::KeyType type) const {
  return std::make_unique<TpmKeyGeneration>(*this, type);
}

Result<std::shared_ptr<Tpm>> Tpm2Provider::Connect(const std::optional<std::string>& tcti) const {
  const auto chosen = ChooseTcti(tcti, core().Setting("tcti"), SecureEnvironment);
  if (!chosen) return Fail(chosen);
  return Tpm::Share(*chosen);
}

}  // namespace credmint::tpm2
