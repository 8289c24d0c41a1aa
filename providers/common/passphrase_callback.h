// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core.h>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/passphrase.h"

namespace credmint::provider {

/// Asks the application for a PIN or an auth value, through the OSSL_PASSPHRASE_CALLBACK that
/// OpenSSL passed to a store or decoder.
class PassphraseCallback {
 public:
  PassphraseCallback(OSSL_PASSPHRASE_CALLBACK* callback, void* argument)
      : callback_(callback), argument_(argument) {}

  /// A callback for when there is no application to ask.
  static PassphraseCallback None() { return {nullptr, nullptr}; }

  /// Fails with kPinRequired if the application gave no answer. The longest answer is 1023 bytes.
  [[nodiscard]] Result<Secret> Ask(const PassphraseRequest& request) const;

 private:
  OSSL_PASSPHRASE_CALLBACK* callback_;
  void* argument_;
};

}  // namespace credmint::provider
