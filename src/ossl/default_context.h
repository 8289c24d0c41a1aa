// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/crypto.h>

namespace credmint {

/// Makes a library context the default one of this thread, for as long as this object lives. For
/// parts of OpenSSL that use the default although they were given a context.
class DefaultContext {
 public:
  explicit DefaultContext(OSSL_LIB_CTX* context) : previous_(OSSL_LIB_CTX_set0_default(context)) {}
  ~DefaultContext() { OSSL_LIB_CTX_set0_default(previous_); }
  DefaultContext(const DefaultContext&) = delete;
  DefaultContext& operator=(const DefaultContext&) = delete;

 private:
  OSSL_LIB_CTX* previous_;
};

}  // namespace credmint
