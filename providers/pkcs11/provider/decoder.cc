// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/provider/decoder.h"

#include <openssl/core_dispatch.h>

#include <utility>

#include "common/pem_decoder.h"
#include "ossl/encoding.h"
#include "ossl/uri_file.h"
#include "pkcs11/object_loader.h"
#include "pkcs11/provider/pkcs11_provider.h"

namespace credmint::pkcs11 {
namespace {

using provider::Entry;
using provider::KeyType;

constexpr std::size_t kLongestFile = 65536;
constexpr provider::PemForm kUriForm = {kUriFileLabel, "PKCS11-URI"};

template <KeyType Type>
int DecodeUri(void* context, OSSL_CORE_BIO* input, int selection, OSSL_CALLBACK* callback,
              void* argument, OSSL_PASSPHRASE_CALLBACK* ask, void* ask_argument) noexcept {
  const Pkcs11Provider& provider = Pkcs11Provider::From(context);
  return provider::Callback(provider, 0, [&]() -> Result<int> {
    const auto der = provider.core().ReadAll(input, kLongestFile);
    const auto text = der ? ReadUriFromDer(AsBytes(der->Reveal())) : std::nullopt;
    if (!text || provider::DecodesPrivateKeys(nullptr, selection) == 0) {
      return provider::kPassedOver;
    }
    auto uri = Uri::Parse(*text);
    if (!uri) return Fail(std::move(uri), "the URI in the file");
    if (auto allowed = provider.CheckModule(*uri); !allowed) return Fail(std::move(allowed));
    auto key = provider.LoadKey(*std::move(uri), {ask, ask_argument});
    if (!key) return Fail(std::move(key));
    if ((*key)->public_key.type != Type) return provider::kPassedOver;
    return EmitKey(*std::move(key), callback, argument);
  });
}

template <KeyType Type>
const OSSL_DISPATCH* UriDecoder() {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_DISPATCH kTable[] = {
      Entry(OSSL_FUNC_DECODER_NEWCTX, provider::NewDecoder),
      Entry(OSSL_FUNC_DECODER_FREECTX, provider::FreeDecoder),
      Entry(OSSL_FUNC_DECODER_DOES_SELECTION, provider::DecodesPrivateKeys),
      Entry(OSSL_FUNC_DECODER_DECODE, DecodeUri<Type>), provider::kEnd};
  return kTable;
}

}  // namespace

const OSSL_DISPATCH* PemDecoder() { return provider::PemDecoder<kUriForm>(); }
const OSSL_DISPATCH* RsaDecoder() { return UriDecoder<KeyType::kRsa>(); }
const OSSL_DISPATCH* EcDecoder() { return UriDecoder<KeyType::kEc>(); }
const OSSL_DISPATCH* Ed25519Decoder() { return UriDecoder<KeyType::kEd25519>(); }

}  // namespace credmint::pkcs11
