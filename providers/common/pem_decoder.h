// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>
#include <openssl/core_dispatch.h>

#include "common/dispatch.h"

namespace credmint::provider {

/// PEM that OpenSSL's own decoder does not know, and the structure that the DER inside has for the
/// decoder that comes next.
struct PemForm {
  const char* label;
  const char* structure;
};

/// The functions of a DECODER from PEM to DER (provider-decoder(7)). OpenSSL tries every decoder on
/// every input, so other input is passed over silently. A decoder has no state, and its context is
/// the provider's.
void* NewDecoder(void* provider) noexcept;
void FreeDecoder(void* context) noexcept;
int DecodesPrivateKeys(void* provider, int selection) noexcept;
int DecodePem(const PemForm& form, void* context, OSSL_CORE_BIO* input, OSSL_CALLBACK* callback,
              void* argument) noexcept;

/// The result of a decoder for input that another decoder may understand.
inline constexpr int kPassedOver = 1;

template <const PemForm& Form>
int DecodePemOf(void* context, OSSL_CORE_BIO* input, int /*selection*/, OSSL_CALLBACK* callback,
                void* argument, OSSL_PASSPHRASE_CALLBACK* /*ask*/,
                void* /*ask_argument*/) noexcept {
  return DecodePem(Form, context, input, callback, argument);
}

template <const PemForm& Form>
const OSSL_DISPATCH* PemDecoder() {
  // NOLINTNEXTLINE(readability-identifier-naming): clang-tidy 14 sees no constant in a template.
  static const OSSL_DISPATCH kTable[] = {Entry(OSSL_FUNC_DECODER_NEWCTX, NewDecoder),
                                         Entry(OSSL_FUNC_DECODER_FREECTX, FreeDecoder),
                                         Entry(OSSL_FUNC_DECODER_DECODE, DecodePemOf<Form>), kEnd};
  return kTable;
}

}  // namespace credmint::provider
