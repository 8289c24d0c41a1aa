// SPDX-License-Identifier: Apache-2.0
#include "ossl/plain_hmac.h"

#include <openssl/crypto.h>

#include <algorithm>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // the functions that ask no provider

namespace credmint {
namespace {

using Block = std::array<std::uint8_t, SHA256_CBLOCK>;

void Begin(SHA256_CTX& state, Block block, std::uint8_t pad) {
  for (std::uint8_t& byte : block) byte ^= pad;
  SHA256_Init(&state);
  SHA256_Update(&state, block.data(), block.size());
  OPENSSL_cleanse(block.data(), block.size());
}

PlainHmac::Code End(SHA256_CTX state, const void* data, std::size_t size) {
  PlainHmac::Code digest{};
  SHA256_Update(&state, data, size);
  SHA256_Final(digest.data(), &state);
  return digest;
}

}  // namespace

PlainHmac::PlainHmac(const Secret& key) {
  Block block{};
  const std::string_view bytes = key.Reveal();
  if (bytes.size() <= block.size()) {
    std::copy(bytes.begin(), bytes.end(), block.begin());
  } else {
    SHA256_CTX state;
    SHA256_Init(&state);
    const Code digest = End(state, bytes.data(), bytes.size());
    std::copy(digest.begin(), digest.end(), block.begin());
  }
  Begin(inner_, block, 0x36);
  Begin(outer_, block, 0x5c);
  OPENSSL_cleanse(block.data(), block.size());
}

PlainHmac::~PlainHmac() {
  OPENSSL_cleanse(&inner_, sizeof(inner_));
  OPENSSL_cleanse(&outer_, sizeof(outer_));
}

PlainHmac::Code PlainHmac::Of(std::string_view message) const {
  const Code digest = End(inner_, message.data(), message.size());
  return End(outer_, digest.data(), digest.size());
}

}  // namespace credmint

#pragma GCC diagnostic pop
