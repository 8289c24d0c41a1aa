// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/asym_cipher.h"
#include "common/encoder.h"
#include "common/signing_algorithms.h"
#include "pkcs11/provider/decoder.h"
#include "pkcs11/provider/pkcs11_provider.h"
#include "pkcs11/provider/store.h"

namespace credmint::pkcs11 {
namespace {

using provider::kNoMore;
using provider::Properties;

/// The property definitions of the algorithms.
constexpr char kPlain[] = "provider=credmint-pkcs11";
constexpr char kWithFips[] = "provider=credmint-pkcs11,fips=yes";
constexpr char kPem[] = "input=pem";
constexpr char kDer[] = "input=der,structure=PKCS11-URI";

template <const auto& Provider>
const OSSL_ALGORITHM* Algorithms(int operation) {
  constexpr const char* kFromPem = Properties<Provider, kPem>::kText;
  constexpr const char* kFromDer = Properties<Provider, kDer>::kText;
  // NOLINTBEGIN(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kStores[] = {{"pkcs11", Provider, Store(), "PKCS#11 URIs"}, kNoMore};
  static const OSSL_ALGORITHM kDecoders[] = {
      {"DER", kFromPem, PemDecoder(), "PEM of files with a URI"},
      {provider::kRsaNames, kFromDer, RsaDecoder(), "RSA keys by a URI in a file"},
      {provider::kEcNames, kFromDer, EcDecoder(), "EC keys by a URI in a file"},
      {provider::kEd25519Names, kFromDer, Ed25519Decoder(), "Ed25519 keys by a URI"},
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
    default:
      return provider::SigningAlgorithms<Provider>(operation);
  }
}

/// Our program reads files with URIs itself, and writes none.
const OSSL_ALGORITHM* QueryOperation(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  const provider::Core& core = static_cast<provider::ProviderContext*>(context)->core();
  const bool is_of_files = operation == OSSL_OP_DECODER || operation == OSSL_OP_ENCODER;
  if (core.is_builtin() && is_of_files) return nullptr;
  return core.assumes_fips() ? Algorithms<kWithFips>(operation) : Algorithms<kPlain>(operation);
}

constexpr auto* kInit = provider::InitProvider<Pkcs11Provider, QueryOperation>;

}  // namespace
}  // namespace credmint::pkcs11

extern "C" int credmint_pkcs11_provider_init(const OSSL_CORE_HANDLE* handle,
                                             const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                                             void** provctx) {
  return credmint::pkcs11::kInit(handle, in, out, provctx, credmint::provider::Linkage::kBuiltin);
}

extern "C" int credmint_pkcs11_module_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                           const OSSL_DISPATCH** out, void** provctx) {
  return credmint::pkcs11::kInit(handle, in, out, provctx, credmint::provider::Linkage::kModule);
}
