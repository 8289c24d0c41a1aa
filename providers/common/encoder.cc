// SPDX-License-Identifier: Apache-2.0
#include "common/encoder.h"

#include <openssl/core_dispatch.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string_view>

#include "common/dispatch.h"
#include "common/key.h"
#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

constexpr std::string_view kPrivateLine = "Private-Key: in a device, which does not give it out\n";
constexpr int kIndent = 0;

constexpr int kPrivatePart = OSSL_KEYMGMT_SELECT_PRIVATE_KEY;
constexpr int kPublicPart = OSSL_KEYMGMT_SELECT_PUBLIC_KEY;

using KeyWriter = Result<bool>(const Key& key, int selection, BIO* output);

/// An encoder has no state, so its context is the provider's.
void* NewEncoder(void* provider) noexcept { return provider; }
void FreeEncoder(void* /*context*/) noexcept {}

int EncodesPrivate(void* /*provider*/, int selection) noexcept {
  return (selection & kPrivatePart) != 0 ? 1 : 0;
}

int EncodesPublic(void* /*provider*/, int selection) noexcept {
  return (selection & kPrivatePart) == 0 && (selection & kPublicPart) != 0 ? 1 : 0;
}

int EncodesAny(void* /*provider*/, int selection) noexcept {
  return (selection & (kPrivatePart | kPublicPart)) != 0 ? 1 : 0;
}

bool WriteAll(BIO* output, std::string_view text) {
  std::size_t written = 0;
  return BIO_write_ex(output, text.data(), text.size(), &written) == 1 && written == text.size();
}

Result<bool> WriteFile(const Key& key, int /*selection*/, BIO* output) {
  if (!key.file.empty()) return WriteAll(output, key.file);
  return Fail(ErrorCode::kKeyUnusable, "a key in a device cannot be written to a file",
              "write its public half instead");
}

Result<bool> WritePublicPem(const Key& key, int /*selection*/, BIO* output) {
  const auto half = key.public_key.ToPkey(key.provider->core().context());
  if (!half) return Fail(half);
  return PEM_write_bio_PUBKEY(output, half->get()) == 1;
}

Result<bool> WritePublicDer(const Key& key, int /*selection*/, BIO* output) {
  const auto half = key.public_key.ToPkey(key.provider->core().context());
  if (!half) return Fail(half);
  return i2d_PUBKEY_bio(output, half->get()) == 1;
}

Result<bool> WriteText(const Key& key, int selection, BIO* output) {
  const auto half = key.public_key.ToPkey(key.provider->core().context());
  if (!half) return Fail(half);
  const bool is_private = (selection & kPrivatePart) != 0;
  return (!is_private || WriteAll(output, kPrivateLine)) &&
         EVP_PKEY_print_public(output, half->get(), kIndent, nullptr) == 1;
}

template <KeyWriter Write>
int Encode(void* context, OSSL_CORE_BIO* output, const void* object, const OSSL_PARAM abstract[],
           int selection, OSSL_PASSPHRASE_CALLBACK* /*ask*/, void* /*argument*/) noexcept {
  const auto& provider = *static_cast<ProviderContext*>(context);
  return Callback(provider, 0, [&]() -> Result<int> {
    if (object == nullptr || abstract != nullptr) return 0;
    const BioPtr bio(BIO_new_from_core_bio(provider.core().context(), output));
    if (!bio) return Fail(ErrorCode::kInternal, "cannot reach OpenSSL's output");
    const auto written = Write(*static_cast<const Key*>(object), selection, bio.get());
    if (!written) return Fail(written);
    if (*written) return 1;
    return Fail(TakeOpensslError(ErrorCode::kLocalIo).In("writing the key"));
  });
}

template <KeyWriter Write, int Selects(void*, int) noexcept>
const OSSL_DISPATCH* Encoder() {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_ENCODER_NEWCTX, NewEncoder),
                                         Entry(OSSL_FUNC_ENCODER_FREECTX, FreeEncoder),
                                         Entry(OSSL_FUNC_ENCODER_DOES_SELECTION, Selects),
                                         Entry(OSSL_FUNC_ENCODER_ENCODE, Encode<Write>), kEnd};
  return kTable;
}

}  // namespace

const OSSL_DISPATCH* PrivateKeyEncoder() { return Encoder<WriteFile, EncodesPrivate>(); }
const OSSL_DISPATCH* PublicPemEncoder() { return Encoder<WritePublicPem, EncodesPublic>(); }
const OSSL_DISPATCH* PublicDerEncoder() { return Encoder<WritePublicDer, EncodesPublic>(); }
const OSSL_DISPATCH* TextEncoder() { return Encoder<WriteText, EncodesAny>(); }

}  // namespace credmint::provider
