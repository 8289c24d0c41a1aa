// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
#include "common/keymgmt.h"
#include "common/private_key_encoder.h"
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

/// The property definitions of the algorithms.
struct WithoutFips {
  static constexpr const char* kPlain = "provider=credmint-tpm2";
  static constexpr const char* kPem = "provider=credmint-tpm2,input=pem";
  static constexpr const char* kDer = "provider=credmint-tpm2,input=der,structure=TSS2";
  static constexpr const char* kFile = "provider=credmint-tpm2,output=pem,structure=PrivateKeyInfo";
};
struct WithFips {
  static constexpr const char* kPlain = "provider=credmint-tpm2,fips=yes";
  static constexpr const char* kPem = "provider=credmint-tpm2,fips=yes,input=pem";
  static constexpr const char* kDer = "provider=credmint-tpm2,fips=yes,input=der,structure=TSS2";
  static constexpr const char* kFile =
      "provider=credmint-tpm2,fips=yes,output=pem,structure=PrivateKeyInfo";
};

template <typename Properties>
const OSSL_ALGORITHM* Algorithms(int operation) {
  // NOLINTBEGIN(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_ALGORITHM kStores[] = {
      {"handle", Properties::kPlain, HandleStore(), "persistent TPM keys"},
      {"nv", Properties::kPlain, NvStore(), "certificates in a TPM's NV indices"},
      {"tss2", Properties::kPlain, Tss2Store(), "TPM key files"},
      kNoMore};
  static const OSSL_ALGORITHM kDecoders[] = {
      {"DER", Properties::kPem, PemDecoder(), "PEM of TPM key files"},
      {kRsaNames, Properties::kDer, RsaDecoder(), "RSA keys in TPM key files"},
      {kEcNames, Properties::kDer, EcDecoder(), "EC keys in TPM key files"},
      kNoMore};
  static const OSSL_ALGORITHM kEncoders[] = {
      {kRsaNames, Properties::kFile, provider::PrivateKeyEncoder(), "key files of new RSA keys"},
      {kEcNames, Properties::kFile, provider::PrivateKeyEncoder(), "key files of new EC keys"},
      kNoMore};
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {kRsaNames, Properties::kPlain, provider::RsaKeymgmt(), "RSA keys in a TPM"},
      {kEcNames, Properties::kPlain, provider::EcKeymgmt(), "EC keys in a TPM"},
      kNoMore};
  static const OSSL_ALGORITHM kSignatures[] = {
      {kRsaNames, Properties::kPlain, provider::RsaSignature(), "RSA by a TPM"},
      {kEcdsaNames, Properties::kPlain, provider::EcdsaSignature(), "ECDSA by a TPM"},
      kNoMore};
  // NOLINTEND(readability-identifier-naming)
  switch (operation) {
    case OSSL_OP_STORE:
      return kStores;
    case OSSL_OP_DECODER:
      return kDecoders;
    case OSSL_OP_ENCODER:
      return kEncoders;
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
             ? Algorithms<WithFips>(operation)
             : Algorithms<WithoutFips>(operation);
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
