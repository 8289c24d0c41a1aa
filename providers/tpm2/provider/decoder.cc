// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/decoder.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <array>

#include "common/dispatch.h"
#include "ossl/encoding.h"
#include "tpm2/provider/bio_pem_block.h"
#include "tpm2/signing/key_loader.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {
namespace {

using provider::Callback;
using provider::Entry;
using provider::KeyType;

/// The result of a decoder for input that another decoder may understand.
constexpr int kPassedOver = 1;

/// A decoder has no state, so its context is the provider's.
void* NewContext(void* provider) noexcept { return provider; }
void FreeContext(void* /*context*/) noexcept {}

int DoesSelection(void* /*provider*/, int selection) noexcept {
  return selection == 0 || (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? 1 : 0;
}

int EmitDer(const Secret& der, OSSL_CALLBACK* callback, void* argument) {
  int object_type = OSSL_OBJECT_PKEY;
  char structure[] = "TSS2";
  char* data = const_cast<char*>(der.Reveal().data());
  std::array<OSSL_PARAM, 4> params = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_STRUCTURE, structure, 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA, data, der.size()),
      OSSL_PARAM_construct_end()};
  return callback(params.data(), argument);
}

int DecodePem(void* context, OSSL_CORE_BIO* input, int /*selection*/, OSSL_CALLBACK* data_callback,
              void* data_argument, OSSL_PASSPHRASE_CALLBACK* /*passphrase_callback*/,
              void* /*passphrase_argument*/) noexcept {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return Callback(provider, 0, [&]() -> Result<int> {
    const BioPtr bio(BIO_new_from_core_bio(provider.core().context(), input));
    if (!bio) return Fail(ErrorCode::kInternal, "cannot read OpenSSL's input");
    const auto block = BioPemBlock::Read(bio.get());
    if (!block || block->label != kTss2PemLabel || block->has_header) return kPassedOver;
    return EmitDer(block->contents, data_callback, data_argument);
  });
}

template <KeyType Type>
int DecodeDer(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* object_callback,
              void* object_argument, OSSL_PASSPHRASE_CALLBACK* passphrase_callback,
              void* passphrase_argument) noexcept {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return Callback(provider, 0, [&]() -> Result<int> {
    const auto der = provider.core().ReadAll(input, kMaxKeyFileSize);
    if (!der || !LooksLikeTss2KeyFile(AsBytes(der->Reveal())) ||
        DoesSelection(nullptr, selection) == 0) {
      return kPassedOver;
    }
    auto file = Tss2KeyFile::ParseDer(AsBytes(der->Reveal()));
    if (!file) return Fail(std::move(file));
    if (KeyTypeOf(file->public_area) != Type) return kPassedOver;
    const KeySecrets none;
    const KeyLoader loader(provider, std::nullopt, {passphrase_callback, passphrase_argument},
                           none);
    auto key = loader.Load(*file);
    if (!key) return Fail(std::move(key));
    return EmitKey(*std::move(key), object_callback, object_argument);
  });
}

}  // namespace

const OSSL_DISPATCH* PemDecoder() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_DECODER_NEWCTX, NewContext), Entry(OSSL_FUNC_DECODER_FREECTX, FreeContext),
      Entry(OSSL_FUNC_DECODER_DECODE, DecodePem), provider::kEnd};
  return kTable;
}

const OSSL_DISPATCH* RsaDecoder() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_DECODER_NEWCTX, NewContext), Entry(OSSL_FUNC_DECODER_FREECTX, FreeContext),
      Entry(OSSL_FUNC_DECODER_DOES_SELECTION, DoesSelection),
      Entry(OSSL_FUNC_DECODER_DECODE, DecodeDer<KeyType::kRsa>), provider::kEnd};
  return kTable;
}

const OSSL_DISPATCH* EcDecoder() {
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_DECODER_NEWCTX, NewContext), Entry(OSSL_FUNC_DECODER_FREECTX, FreeContext),
      Entry(OSSL_FUNC_DECODER_DOES_SELECTION, DoesSelection),
      Entry(OSSL_FUNC_DECODER_DECODE, DecodeDer<KeyType::kEc>), provider::kEnd};
  return kTable;
}

}  // namespace credmint::tpm2
