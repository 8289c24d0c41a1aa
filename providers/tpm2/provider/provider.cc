// SPDX-License-Identifier: Apache-2.0
#include "common/provider.h"

#include <openssl/core_dispatch.h>

#include <memory>

#include "builtin.h"
#include "common/dispatch.h"
#include "common/keymgmt.h"
#include "common/signature.h"
#include "tpm2/device/tss_log.h"
#include "tpm2/provider/decoder.h"
#include "tpm2/provider/store.h"
#include "tpm2/provider/tpm2_provider.h"

namespace credmint::tpm2 {
namespace {

using provider::Entry;

constexpr const char* kProperties = "provider=credmint-tpm2";
constexpr const char* kPemProperties = "provider=credmint-tpm2,input=pem";
constexpr const char* kDerProperties = "provider=credmint-tpm2,input=der,structure=TSS2";
constexpr const char* kRsaNames = "RSA:rsaEncryption:1.2.840.113549.1.1.1";
constexpr const char* kEcNames = "EC:id-ecPublicKey:1.2.840.10045.2.1";
constexpr OSSL_ALGORITHM kNoMore = {nullptr, nullptr, nullptr, nullptr};

const OSSL_ALGORITHM* QueryOperation(void* /*context*/, int operation, int* no_cache) {
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
      {"ECDSA", kProperties, provider::EcdsaSignature(), "ECDSA by a TPM"},
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

const OSSL_DISPATCH* ProviderTable() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_PROVIDER_TEARDOWN, provider::Teardown),
      Entry(OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, provider::GettableParams),
      Entry(OSSL_FUNC_PROVIDER_GET_PARAMS, provider::GetParams),
      Entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, QueryOperation),
      Entry(OSSL_FUNC_PROVIDER_GET_REASON_STRINGS, provider::ReasonStrings),
      provider::kEnd};
  return kTable;
}

int Init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
         void** provctx, provider::Linkage linkage) {
  try {
    auto provider = std::make_unique<Tpm2Provider>(handle, in, linkage);
    if (provider->core().context() == nullptr) return 0;
    SilenceTssLog();
    *out = ProviderTable();
    *provctx = static_cast<provider::ProviderContext*>(provider.release());
    return 1;
  } catch (const std::exception&) {
    return 0;
  }
}

}  // namespace
}  // namespace credmint::tpm2

extern "C" int credmint_tpm2_provider_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                           const OSSL_DISPATCH** out, void** provctx) {
  return credmint::tpm2::Init(handle, in, out, provctx, credmint::provider::Linkage::kBuiltin);
}

extern "C" int credmint_tpm2_module_init(const OSSL_CORE_HANDLE* handle, const OSSL_DISPATCH* in,
                                         const OSSL_DISPATCH** out, void** provctx) {
  return credmint::tpm2::Init(handle, in, out, provctx, credmint::provider::Linkage::kModule);
}
