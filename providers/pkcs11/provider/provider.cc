// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/private_key_encoder.h"
#include "common/signing_algorithms.h"
#include "pkcs11/provider/decoder.h"
#include "pkcs11/provider/pkcs11_provider.h"
#include "pkcs11/provider/store.h"

namespace credmint::pkcs11 {
namespace {

using provider::kNoMore;

/// The property definitions of the algorithms.
struct WithoutFips {
  static constexpr char kPlain[] = "provider=credmint-pkcs11";
  static constexpr char kPem[] = "provider=credmint-pkcs11,input=pem";
  static constexpr char kDer[] = "provider=credmint-pkcs11,input=der,structure=PKCS11-URI";
  static constexpr char kFile[] = "provider=credmint-pkcs11,output=pem,structure=PrivateKeyInfo";
};
struct WithFips {
  static constexpr char kPlain[] = "provider=credmint-pkcs11,fips=yes";
  static constexpr char kPem[] = "provider=credmint-pkcs11,fips=yes,input=pem";
  static constexpr char kDer[] = "provider=credmint-pkcs11,fips=yes,input=der,structure=PKCS11-URI";
  static constexpr char kFile[] =
      "provider=credmint-pkcs11,fips=yes,output=pem,structure=PrivateKeyInfo";
};

template <typename Properties>
const OSSL_ALGORITHM* Algorithms(int operation) {
  // NOLINTBEGIN(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kStores[] = {{"pkcs11", Properties::kPlain, Store(), "PKCS#11 URIs"},
                                           kNoMore};
  static const OSSL_ALGORITHM kDecoders[] = {
      {"DER", Properties::kPem, PemDecoder(), "PEM of files with a URI"},
      {provider::kRsaNames, Properties::kDer, RsaDecoder(), "RSA keys by a URI in a file"},
      {provider::kEcNames, Properties::kDer, EcDecoder(), "EC keys by a URI in a file"},
      {provider::kEd25519Names, Properties::kDer, Ed25519Decoder(), "Ed25519 keys by a URI"},
      kNoMore};
  static const OSSL_ALGORITHM kEncoders[] = {
      {provider::kRsaNames, Properties::kFile, provider::PrivateKeyEncoder(), "URIs of RSA keys"},
      {provider::kEcNames, Properties::kFile, provider::PrivateKeyEncoder(), "URIs of EC keys"},
      {provider::kEd25519Names, Properties::kFile, provider::PrivateKeyEncoder(),
       "URIs of Ed25519 keys"},
      kNoMore};
  // NOLINTEND(readability-identifier-naming)
  switch (operation) {
    case OSSL_OP_STORE:
      return kStores;
    case OSSL_OP_DECODER:
      return kDecoders;
    case OSSL_OP_ENCODER:
      return kEncoders;
    default:
      return provider::SigningAlgorithms<Properties::kPlain>(operation);
  }
}

/// Our program reads files with URIs itself, and writes none.
const OSSL_ALGORITHM* QueryOperation(void* context, int operation, int* no_cache) noexcept {
  *no_cache = 0;
  const provider::Core& core = static_cast<provider::ProviderContext*>(context)->core();
  const bool is_of_files = operation == OSSL_OP_DECODER || operation == OSSL_OP_ENCODER;
  if (core.is_builtin() && is_of_files) return nullptr;
  return core.assumes_fips() ? Algorithms<WithFips>(operation) : Algorithms<WithoutFips>(operation);
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
