// SPDX-License-Identifier: Apache-2.0
#include "common/private_key_encoder.h"

#include <openssl/core_dispatch.h>

#include "common/dispatch.h"
#include "common/key.h"

namespace credmint::provider {
namespace {

/// An encoder has no state, so its context is the provider's.
void* NewEncoder(void* provider) noexcept { return provider; }
void FreeEncoder(void* /*context*/) noexcept {}

int EncodesSelection(void* /*provider*/, int selection) noexcept {
  return (selection & OSSL_KEYMGMT_SELECT_PRIVATE_KEY) != 0 ? 1 : 0;
}

int Encode(void* context, OSSL_CORE_BIO* output, const void* object,
           const OSSL_PARAM /*abstract*/[], int /*selection*/, OSSL_PASSPHRASE_CALLBACK* /*ask*/,
           void* /*argument*/) noexcept {
  const auto& provider = *static_cast<ProviderContext*>(context);
  return Callback(provider, 0, [&]() -> Result<int> {
    const auto* key = static_cast<const Key*>(object);
    if (key == nullptr || key->file.empty()) {
      return Fail(ErrorCode::kKeyUnusable, "a key in a device cannot be written to a file");
    }
    const BioPtr bio(BIO_new_from_core_bio(provider.core().context(), output));
    std::size_t written = 0;
    if (!bio || BIO_write_ex(bio.get(), key->file.data(), key->file.size(), &written) != 1) {
      return Fail(ErrorCode::kLocalIo, "cannot write OpenSSL's output");
    }
    return 1;
  });
}

}  // namespace

const OSSL_DISPATCH* PrivateKeyEncoder() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_ENCODER_NEWCTX, NewEncoder),
                                         Entry(OSSL_FUNC_ENCODER_FREECTX, FreeEncoder),
                                         Entry(OSSL_FUNC_ENCODER_DOES_SELECTION, EncodesSelection),
                                         Entry(OSSL_FUNC_ENCODER_ENCODE, Encode), kEnd};
  return kTable;
}

}  // namespace credmint::provider
