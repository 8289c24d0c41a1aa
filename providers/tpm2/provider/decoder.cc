// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/decoder.h"

#include <openssl/core_dispatch.h>

#include "common/dispatch.h"
#include "common/pem_decoder.h"
#include "ossl/encoding.h"
#include "tpm2/signing/key_loader.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {
namespace {

using provider::Callback;
using provider::Entry;
using provider::KeyType;

constexpr provider::PemForm kKeyFileForm = {"TSS2 PRIVATE KEY", "TSS2"};

template <KeyType Type>
int DecodeDer(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* object_callback,
              void* object_argument, OSSL_PASSPHRASE_CALLBACK* passphrase_callback,
              void* passphrase_argument) noexcept {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return Callback(provider, 0, [&]() -> Result<int> {
    const auto der = provider.core().ReadAll(input, kMaxKeyFileSize);
    if (!der || !LooksLikeTss2KeyFile(AsBytes(der->Reveal())) ||
        provider::DecodesPrivateKeys(nullptr, selection) == 0) {
      return provider::kPassedOver;
    }
    auto file = Tss2KeyFile::ParseDer(AsBytes(der->Reveal()));
    if (!file) return Fail(std::move(file));
    if (KeyTypeOf(file->public_area) != Type) return provider::kPassedOver;
    const KeySecrets none;
    const KeyLoader loader(provider, std::nullopt, {passphrase_callback, passphrase_argument},
                           none);
    auto key = loader.Load(*file);
    if (!key) return Fail(std::move(key));
    return EmitKey(*std::move(key), object_callback, object_argument);
  });
}

}  // namespace

const OSSL_DISPATCH* PemDecoder() { return provider::PemDecoder<kKeyFileForm>(); }

const OSSL_DISPATCH* RsaDecoder() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_DECODER_NEWCTX, provider::NewDecoder),
      Entry(OSSL_FUNC_DECODER_FREECTX, provider::FreeDecoder),
      Entry(OSSL_FUNC_DECODER_DOES_SELECTION, provider::DecodesPrivateKeys),
      Entry(OSSL_FUNC_DECODER_DECODE, DecodeDer<KeyType::kRsa>), provider::kEnd};
  return kTable;
}

const OSSL_DISPATCH* EcDecoder() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_DECODER_NEWCTX, provider::NewDecoder),
      Entry(OSSL_FUNC_DECODER_FREECTX, provider::FreeDecoder),
      Entry(OSSL_FUNC_DECODER_DOES_SELECTION, provider::DecodesPrivateKeys),
      Entry(OSSL_FUNC_DECODER_DECODE, DecodeDer<KeyType::kEc>), provider::kEnd};
  return kTable;
}

}  // namespace credmint::tpm2
