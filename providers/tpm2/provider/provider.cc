// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include "builtin.h"
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

constexpr const char* kProperties = "provider=credmint-tpm2";
constexpr const char* kPemProperties = "provider=credmint-tpm2,input=pem";
constexpr const char* kDerProperties = "provider=credmint-tpm2,input=der,structure=TSS2";

const OSSL_ALGORITHM* QueryOperation(void* /*context*/, int operation, int* no_cache) noexcept {
  static const OSSL_ALGORITHM kStores[] = {
      {"handle", kProperties, HandleStore(), "persistent TPM keys"},
      {"nv", kProperties, NvStore(), "certificates in a TPM's NV indices"},
      {"tss2", kProperties, Tss2Store(), "TPM key files"},
      kNoMore};
  static const OSSL_ALGORITHM kDecoders[] = {
      {"DER", kPemProperties, PemDecoder(), "PEM of TPM key files"},
      {kRsaNames, kDerProperties, RsaDecoder(), "RSA keys in TPM key files"},
      {kEcNames, kDerProperties, EcDecoder(), "EC keys in TPM key files"},
      kNoMore};
  static const OSSL_ALGORITHM kKeymgmts[] = {
      {kRsaNames, kProperties, provider::RsaKeymgmt(), "RSA keys in a TPM"},
      {kEcNames, kProperties, provider::EcKeymgmt(), "EC keys in a TPM"},
      kNoMore};
  static const OSSL_ALGORITHM kSignatures[] = {
      {kRsaNames, kProperties, provider::RsaSignature(), "RSA by a TPM"},
      {kEcdsaNames, kProperties, provider::EcdsaSignature(), "ECDSA by a TPM"},
      kNoMore};
  *no_cache = 0;
  switch (operation) {
    case OSSL_OP_STORE:
      return kStores;
    case OSSL_OP_DECODER:
      return kDecoders;
    case OSSL_OP_KEYMGMT:
      return kKeymgmts;
    case OSSL_OP_SIGNATURE:
      return kSignatures;
    default:
      return nullptr;
  }
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
