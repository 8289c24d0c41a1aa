// SPDX-License-Identifier: Apache-2.0
#include "common/asym_cipher.h"

#include <openssl/core_dispatch.h>

#include "common/dispatch.h"
#include "common/provider_context.h"

namespace credmint::provider {
namespace {

/// There is no state, so the context is the provider's.
void* NewCipher(void* provider) noexcept { return provider; }
void FreeCipher(void* /*context*/) noexcept {}

int Refuse(void* context, void* /*key*/, const OSSL_PARAM /*params*/[]) noexcept {
  return Callback(*static_cast<ProviderContext*>(context), 0, []() -> Result<int> {
    return Fail(ErrorCode::kKeyUnusable, "the keys of this provider sign, and decrypt nothing");
  });
}

/// OpenSSL takes a table only with it.
int CipherNothing(void* /*context*/, unsigned char* /*output*/, std::size_t* /*size*/,
                  std::size_t /*capacity*/, const unsigned char* /*input*/,
                  std::size_t /*input_size*/) noexcept {
  return 0;
}

}  // namespace

const OSSL_DISPATCH* RefusingAsymCipher() {
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_ASYM_CIPHER_NEWCTX, NewCipher),
                                         Entry(OSSL_FUNC_ASYM_CIPHER_FREECTX, FreeCipher),
                                         Entry(OSSL_FUNC_ASYM_CIPHER_DECRYPT_INIT, Refuse),
                                         Entry(OSSL_FUNC_ASYM_CIPHER_DECRYPT, CipherNothing), kEnd};
  return kTable;
}

}  // namespace credmint::provider
