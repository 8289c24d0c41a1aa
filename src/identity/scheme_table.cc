#include "identity/scheme_table.h"

#include <algorithm>
#include <array>
#include <string>

#include "credmint_version.h"

extern "C" {
OSSL_provider_init_fn credmint_pkcs11_provider_init;
OSSL_provider_init_fn credmint_tpm2_provider_init;
}

namespace credmint {
namespace {

#ifdef CREDMINT_HAVE_PKCS11
constexpr OSSL_provider_init_fn* kPkcs11 = credmint_pkcs11_provider_init;
#else
constexpr OSSL_provider_init_fn* kPkcs11 = nullptr;
#endif
#ifdef CREDMINT_HAVE_TPM2
constexpr OSSL_provider_init_fn* kTpm2 = credmint_tpm2_provider_init;
#else
constexpr OSSL_provider_init_fn* kTpm2 = nullptr;
#endif

constexpr std::array<Scheme, 3> kSchemes = {{
    {"pkcs11", "credmint-pkcs11", "", "", true, kPkcs11},
    {"handle", "credmint-tpm2", "", "?pass", false, kTpm2},
    {"tss2", "credmint-tpm2", "TSS2 PRIVATE KEY", "", false, kTpm2},
}};

}  // namespace

std::span<const Scheme> Schemes() { return kSchemes; }

const Scheme* FindScheme(std::string_view reference) {
  for (const Scheme& scheme : kSchemes) {
    if (reference.starts_with(scheme.name) && reference.substr(scheme.name.size(), 1) == ":") {
      return &scheme;
    }
  }
  return nullptr;
}

const Scheme* FindSchemeOfFile(std::string_view contents) {
  for (const Scheme& scheme : kSchemes) {
    if (scheme.pem_label.empty()) continue;
    const std::string begin = "-----BEGIN " + std::string(scheme.pem_label) + "-----";
    if (contents.find(begin) != std::string_view::npos) return &scheme;
  }
  return nullptr;
}

std::vector<BuiltinProvider> BuiltinProviders() {
  std::vector<BuiltinProvider> providers;
  for (const Scheme& scheme : kSchemes) {
    const bool known = std::any_of(providers.begin(), providers.end(), [&](const auto& provider) {
      return provider.init == scheme.init;
    });
    if (scheme.init != nullptr && !known) {
      providers.push_back({scheme.provider.data(), scheme.init});
    }
  }
  return providers;
}

}  // namespace credmint
