// SPDX-License-Identifier: Apache-2.0
#include "ossl/plain_digest.h"

#include <openssl/sha.h>

#include <array>
#include <cstdint>

#include "ossl/encoding.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // the functions that ask no provider

namespace credmint {

std::string PlainSha256Hex(std::string_view message) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, message.data(), message.size());
  SHA256_Final(digest.data(), &state);
  return Hex(digest);
}

}  // namespace credmint

#pragma GCC diagnostic pop
