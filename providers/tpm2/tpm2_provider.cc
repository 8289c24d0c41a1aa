#include "tpm2/tpm2_provider.h"

#include <stdlib.h>

#include "tpm2/tcti.h"

namespace credmint::tpm2 {
namespace {

const char* GetEnvironment(const char* name) { return secure_getenv(name); }

}  // namespace

const char* Tpm2Provider::description() const { return "credmint keys in a TPM 2.0"; }

Result<std::shared_ptr<Tpm>> Tpm2Provider::Connect(const std::optional<std::string>& tcti) const {
  const auto chosen = ChooseTcti(tcti, core().Setting("tcti"), GetEnvironment);
  if (!chosen) return tl::unexpected(chosen.error());
  return Tpm::Share(*chosen);
}

}  // namespace credmint::tpm2
