// SPDX-License-Identifier: Apache-2.0
#include "common/key.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>
#include <string.h>

#include <array>

namespace credmint::provider {

Result<void> Key::SignInto(const SignatureRequest& request, std::uint8_t* signature,
                           std::size_t* size, std::size_t capacity) const {
  if (!private_key) {
    return Fail(ErrorCode::kKeyUnusable, "there is no private key to sign with");
  }
  const auto made = private_key->Sign(request);
  if (!made) return Fail(made);
  if (made->size() > capacity) {
    return Fail(ErrorCode::kInternal, "the signature does not fit the caller's buffer");
  }
  memcpy(signature, made->data(), made->size());
  *size = made->size();
  return {};
}

int EmitKey(std::unique_ptr<Key> key, OSSL_CALLBACK* object_callback, void* callback_argument) {
  int object_type = OSSL_OBJECT_PKEY;
  auto* data_type = const_cast<char*>(TypeName(key->public_key.type));
  // The reference is the address of our pointer. The load function of the KEYMGMT sets the pointer
  // to null when it takes the key over.
  Key* reference = key.release();
  std::array<OSSL_PARAM, 4> params = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &object_type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA_TYPE, data_type, 0),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_REFERENCE, &reference, sizeof(void*)),
      OSSL_PARAM_construct_end()};
  const int taken = object_callback(params.data(), callback_argument);
  std::unique_ptr<Key> left_over(reference);
  return taken;
}

}  // namespace credmint::provider
