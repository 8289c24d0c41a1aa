// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "fuzz/require.h"
#include "ossl/error_queue.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint::test {

/// Makes a signature with a key of a device. It may fail, but must not be longer than it may be.
inline void SignWith(const LibraryContext& context, EVP_PKEY* key, bool pss) {
  const ErrorMark mark;
  const MdCtxPtr signing(EVP_MD_CTX_new());
  const char* digest = EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : "SHA256";
  EVP_PKEY_CTX* parameters = nullptr;
  if (EVP_DigestSignInit_ex(signing.get(), &parameters, digest, context.get(), nullptr, key,
                            nullptr) != 1) {
    return;
  }
  if (pss) EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
  Require(EVP_PKEY_get_size(key) > 0, "a key has a size");
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  const std::uint8_t message = 'm';
  if (EVP_DigestSign(signing.get(), signature.data(), &size, &message, 1) == 1) {
    Require(size <= signature.size(), "a signature fits");
  }
}

/// Names and descriptions are for people and for JSON.
inline void CheckListing(const std::vector<StoreName>& names) {
  for (const StoreName& name : names) {
    RequireOneLine(name.uri, "a URI is one line");
    Require(nlohmann::json::parse(name.description, nullptr, false).is_object(),
            "a description is JSON");
  }
}

}  // namespace credmint::test
