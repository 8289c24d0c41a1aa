// SPDX-License-Identifier: Apache-2.0
#include "identity/scheme_table.h"

#include <algorithm>
#include <array>
#include <cctype>
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

constexpr std::array<Scheme, 4> kSchemes = {{
    {.name = "pkcs11",
     .provider = "credmint-pkcs11",
     .rfc7512 = true,
     .has_certificates = true,
     .context_pin_parameter = "pkcs11-context-pin",
     .public_key_parameter = "pkcs11-public-key",
     .inventory_parameter = "pkcs11-inventory",
     .opening_parameter = "pkcs11-opening-began",
     .create_key_parameter = "pkcs11-create-key",
     .key_id_parameter = "pkcs11-key-id",
     .delete_key_parameter = "pkcs11-delete-key",
     .key_beside_parameter = "pkcs11-key-beside",
     .store_certificate_parameter = "pkcs11-store-certificate",
     .keep_certificates_parameter = "pkcs11-keep-certificates",
     .replaced_certificate_parameter = "pkcs11-replaced-certificate",
     .so_pin_parameter = "pkcs11-init-so-pin",
     .user_pin_parameter = "pkcs11-init-user-pin",
     .attest_parameter = "pkcs11-attest",
     .device = "the PKCS#11 module",
     .device_parameter = "pkcs11-module-path",
     .device_attributes = {"module-path", "module-name"},
     .init = kPkcs11},
    {.name = "handle",
     .provider = "credmint-tpm2",
     .secret_suffix = "?pass",
     .bare_digits = "81",
     .ask_auth_parameter = "tpm2-ask-auth",
     .parent_auth_parameter = "tpm2-parent-auth",
     .public_key_parameter = "tpm2-public-key",
     .inventory_parameter = "tpm2-inventory",
     .create_key_parameter = "tpm2-create-key",
     .delete_key_parameter = "tpm2-delete-key",
     .key_parent_parameter = "tpm2-key-parent",
     .key_auth_parameter = "tpm2-key-auth",
     .tries_uncounted_parameter = "tpm2-key-noda",
     .owner_auth_parameter = "tpm2-owner-auth",
     .attest_parameter = "tpm2-attest",
     .challenge_parameter = "tpm2-challenge",
     .endorsement_auth_parameter = "tpm2-endorsement-auth",
     .device = "the TPM",
     .device_parameter = "tcti",
     .init = kTpm2},
    {.name = "nv",
     .provider = "credmint-tpm2",
     .has_keys = false,
     .has_certificates = true,
     .bare_digits = "01",
     .parent_auth_parameter = "tpm2-parent-auth",
     .inventory_parameter = "tpm2-inventory",
     .store_certificate_parameter = "tpm2-store-certificate",
     .overwrite_parameter = "tpm2-overwrite",
     .owner_auth_parameter = "tpm2-owner-auth",
     .device = "the TPM",
     .device_parameter = "tcti",
     .init = kTpm2},
    {.name = "tss2",
     .provider = "credmint-tpm2",
     .pem_label = "TSS2 PRIVATE KEY",
     .der_type = "\x67\x81\x05\x0a\x01",  // 2.23.133.10.1, the arc of the key types
     .has_auth_parameter = "tpm2-has-auth",
     .parent_auth_parameter = "tpm2-parent-auth",
     .policy_auth_parameter = "tpm2-policy-auth",
     .policy_signer_parameter = "tpm2-policy-signer",
     .create_key_parameter = "tpm2-create-key",
     .key_parent_parameter = "tpm2-key-parent",
     .key_state_parameter = "tpm2-key-pcrs",
     .key_policy_parameter = "tpm2-key-policy",
     .key_auth_parameter = "tpm2-key-auth",
     .key_authority_parameter = "tpm2-key-authority",
     .sign_policy_parameter = "tpm2-sign-policy",
     .tries_uncounted_parameter = "tpm2-key-noda",
     .owner_auth_parameter = "tpm2-owner-auth",
     .attest_parameter = "tpm2-attest",
     .challenge_parameter = "tpm2-challenge",
     .endorsement_auth_parameter = "tpm2-endorsement-auth",
     .device = "the TPM",
     .device_parameter = "tcti",
     .init = kTpm2},
}};

/// The contents of the OBJECT IDENTIFIER at the start of a DER SEQUENCE; empty for anything else.
std::string_view LeadingIdentifier(std::string_view der) {
  constexpr char kSequence = 0x30;
  constexpr char kIdentifier = 0x06;
  constexpr std::size_t kLongForm = 0x80;
  const auto byte = [&](std::size_t i) { return std::size_t{static_cast<unsigned char>(der[i])}; };
  if (der.size() < 2 || der[0] != kSequence) return {};
  const std::size_t start = 2 + (byte(1) > kLongForm ? byte(1) - kLongForm : 0);
  if (der.size() < start + 2 || der[start] != kIdentifier) return {};
  return der.substr(start + 2, byte(start + 1));
}

}  // namespace

std::span<const Scheme> Schemes() { return kSchemes; }

const Scheme* FindScheme(std::string_view reference) {
  const std::string_view typed = reference.substr(0, reference.find(':'));
  if (typed.size() == reference.size()) return nullptr;
  for (const Scheme& scheme : kSchemes) {
    const bool same =
        std::equal(typed.begin(), typed.end(), scheme.name.begin(), scheme.name.end(),
                   [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
    if (same) return &scheme;
  }
  return nullptr;
}

const Scheme* FindSchemeOfBareName(std::string_view text) {
  constexpr std::size_t kDigits = 8;
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  const bool is_number = text.size() == kDigits &&
                         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!is_number) return nullptr;
  for (const Scheme& scheme : kSchemes) {
    if (!scheme.bare_digits.empty() && text.starts_with(scheme.bare_digits)) return &scheme;
  }
  return nullptr;
}

const Scheme* FindSisterScheme(const Scheme& scheme) {
  for (const Scheme& other : kSchemes) {
    const bool has_the_rest = (other.has_keys && !scheme.has_keys) ||
                              (other.has_certificates && !scheme.has_certificates);
    if (other.provider == scheme.provider && has_the_rest) return &other;
  }
  return nullptr;
}

const Scheme* FindSchemeOfFile(std::string_view contents) {
  const std::string_view type = LeadingIdentifier(contents);
  for (const Scheme& scheme : kSchemes) {
    if (!scheme.der_type.empty() && type.starts_with(scheme.der_type)) return &scheme;
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
