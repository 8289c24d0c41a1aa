// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/asym_cipher.h"
#include "common/encoder.h"
#include "common/keymgmt.h"
#include "common/signature.h"
#include "tpm2/provider/decoder.h"
#include "tpm2/provider/store.h"
#include "tpm2/provider/tpm2_provider.h"

namespace credmint::tpm2 {
namespace {

using provider::kEcdsaNames;
using provider::kEcNames;
using provider::kNoMore;
using provider::kRsaNames;
using provider::Properties;

/// The property definitions of the algorithms.
constexpr char kPlain[] = "provider=credmint-tpm2";
constexpr char kWithFips[] = "provider=credmint-tpm2,fips=yes";
constexpr char kPem[] = "input=pem";
constexpr char kDer[] = "input=der,structure=TSS2";

template <const auto& Provider>
const OSSL_ALGORITHM* Algorithms(int operation) {
  constexpr const char* kFromPem = Properties<Provider, kPem>::kText;
  constexpr const char* kFromDer = Properties<Provider, kDer>::kText;
  // NOLINTBEGIN(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kStores[] = {
      {"handle", Provider, HandleStore(), "persistent TPM keys"},
      {"nv", Provider, NvStore(), "certificates in a TPM's NV indices"},
      {"tss2", Provider, Tss2Store(), "TPM key files"},
      kNoMore};
  static const OSSL_ALGORITHM kDecoders[] = {
      {"DER", kFromPem, PemDecoder(), "PEM of TPM key files"},
      {kRsaNames, kFromDer, RsaDecoder(), "RSA keys in TPM key files"},
      {kEcNames, kFromDer, EcDecoder(), "EC keys in TPM key files"},
      kNoMore};
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {kRsaNames, Provider, provider::RsaKeymgmt(), "RSA keys in a TPM"},
      {kEcNames, Provider, provider::EcKeymgmt(), "EC keys in a TPM"},
      kNoMore};
  static const OSSL_ALGORITHM kSignatures[] = {
      {kRsaNames, Provider, provider::RsaSignature(), "RSA by a TPM"},
      {kEcdsaNames, Provider, provider::EcdsaSignature(), "ECDSA by a TPM"},
      kNoMore};
  // NOLINTEND(readability-identifier-naming)
  switch (operation) {
    case OSSL_OP_STORE:
      return kStores;
    case OSSL_OP_DECODER:
      return kDecoders;
    case OSSL_OP_ENCODER:
      return provider::Encoders<Provider>();
    case OSSL_OP_ASYM_CIPHER:
      return provider::AsymCiphers<Provider>();
    case OSSL_OP_KEYMGMT:
      return kKeymgmts;
    case OSSL_OP_SIGNATURE:
      return kSignatures;
    default:
      return nullptr;
  }
}

const OSSL_ALGORITHM* QueryOperation(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  return static_cast<provider::ProviderContext*>(context)->core().assumes_fips()
             ? Algorithms<kWithFips>(operation)
             : Algorithms<kPlain>(operation);
}

constexpr auto* kInit = provider::InitProvider<Tpm2Provider, QueryOperation>;

}  // namespace
}  // namespace credmint::tpm2

extern "C" int credmint_tpm2_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                           const OSSL_DISPATCH** out, void** provctx) {
  return credmint::tpm2::kInit(handle, in, out, provctx, credmint::provider::Linkage::kBuiltin);
}

extern "C" int credmint_tpm2_module_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                         const OSSL_DISPATCH** out, void** provctx) {
  return credmint::tpm2::kInit(handle, in, out, provctx, credmint::provider::Linkage::kModule);
}
