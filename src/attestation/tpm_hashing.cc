// SPDX-License-Identifier: Apache-2.0
#include "attestation/tpm_hashing.h"

#include <openssl/evp.h>

#include <string_view>

#include "ossl/error_queue.h"

namespace credmint {
namespace {

constexpr HashKind kHashes[] = {
    {0x000b, 32, "SHA256"}, {0x000c, 48, "SHA384"}, {0x000d, 64, "SHA512"}};

Bytes Joined(std::initializer_list<ByteView> parts) {
  Bytes all;
  for (const ByteView part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

const HashKind* FindHash(std::uint16_t number) {
  for (const HashKind& hash : kHashes) {
    if (hash.number == number) return &hash;
  }
  return nullptr;
}

Result<Bytes> HashOf(const LibraryContext& context, const HashKind& hash,
                     std::initializer_list<ByteView> parts) {
  const Bytes message = Joined(parts);
  Bytes digest(hash.size);
  std::size_t size = 0;
  if (EVP_Q_digest(context.get(), hash.name, nullptr, message.data(), message.size(), digest.data(),
                   &size) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("hashing"));
  }
  return digest;
}

Result<Bytes> HmacOf(const LibraryContext& context, const HashKind& hash, ByteView key,
                     std::initializer_list<ByteView> parts) {
  const Bytes message = Joined(parts);
  Bytes code(hash.size);
  std::size_t size = 0;
  if (EVP_Q_mac(context.get(), "HMAC", nullptr, hash.name, nullptr, key.data(), key.size(),
                message.data(), message.size(), code.data(), code.size(), &size) == nullptr) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("computing an HMAC"));
  }
  return code;
}

}  // namespace credmint
