// SPDX-License-Identifier: Apache-2.0
#include "common/store_object.h"

#include <openssl/core_names.h>
#include <openssl/core_object.h>
#include <openssl/params.h>

#include <array>

namespace credmint::provider {

int EmitCertificate(ByteView der, OSSL_CALLBACK* object_callback, void* callback_argument) {
  int type = OSSL_OBJECT_CERT;
  const std::array<OSSL_PARAM, 3> params = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_octet_string(OSSL_OBJECT_PARAM_DATA,
                                        const_cast<std::uint8_t*>(der.data()), der.size()),
      OSSL_PARAM_construct_end()};
  return object_callback(params.data(), callback_argument);
}

int EmitName(const std::string& uri, const std::string& description, OSSL_CALLBACK* object_callback,
             void* callback_argument) {
  int type = OSSL_OBJECT_NAME;
  const std::array<OSSL_PARAM, 4> params = {
      OSSL_PARAM_construct_int(OSSL_OBJECT_PARAM_TYPE, &type),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DATA, const_cast<char*>(uri.c_str()), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_OBJECT_PARAM_DESC,
                                       const_cast<char*>(description.c_str()), 0),
      OSSL_PARAM_construct_end()};
  return object_callback(params.data(), callback_argument);
}

}  // namespace credmint::provider
