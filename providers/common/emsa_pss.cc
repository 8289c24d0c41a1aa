// SPDX-License-Identifier: Apache-2.0
#include "common/emsa_pss.h"

#include <openssl/rand.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>

#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

constexpr std::size_t kZeros = 8;
constexpr std::uint8_t kSeparator = 0x01;
constexpr std::uint8_t kTrailer = 0xbc;

tl::unexpected<Error> Failed() {
  return Fail(TakeOpensslError(ErrorCode::kInternal).In("encoding for PSS"));
}

/// Hashes the concatenation of `parts` into `out`, which holds one digest.
bool Hash(const DigestEntry& digest, std::initializer_list<ByteView> parts, std::uint8_t* out) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  bool done = context && EVP_DigestInit_ex2(context.get(), digest.md.get(), nullptr) == 1;
  for (const ByteView part : parts) {
    done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
  }
  return done && EVP_DigestFinal_ex(context.get(), out, nullptr) == 1;
}

/// XORs MGF1 (RFC 8017 section B.2.1) of `seed` into `block`.
bool Mask(const DigestEntry& digest, ByteView seed, std::span<std::uint8_t> block) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> mask{};
  std::uint8_t counter = 0;  // the longest modulus needs fewer than 256 hashes
  for (std::size_t start = 0; start < block.size(); start += digest.size, ++counter) {
    const std::array<std::uint8_t, 4> number = {0, 0, 0, counter};
    if (!Hash(digest, {seed, number}, mask.data())) return false;
    const std::size_t size = std::min(digest.size, block.size() - start);
    for (std::size_t i = 0; i < size; ++i) block[start + i] ^= mask[i];
  }
  return true;
}

}  // namespace

// Variables are named as in RFC 8017 section 9.1.1: EM = maskedDB || H || 0xbc, DB = PS || 0x01 ||
// salt.
Result<Bytes> EmsaPss::Encode(const SignatureRequest& request, int bits) const {
  const auto found = digests_->Find(request.digest);
  if (!found) return Fail(found);
  const DigestEntry& digest = **found;
  const std::size_t size = static_cast<std::size_t>(bits + 6) / 8;
  if (size < digest.size + request.pss.salt_length + 2) {
    return Fail(ErrorCode::kInternal, "the PSS salt does not fit the key");
  }
  const std::size_t modulus_size = static_cast<std::size_t>(bits + 7) / 8;
  Bytes encoded(modulus_size);
  const std::span<std::uint8_t> em = std::span(encoded).last(size);
  const auto db = em.first(size - digest.size - 1);
  const auto h = em.subspan(db.size(), digest.size);
  const auto salt = db.last(request.pss.salt_length);
  const std::array<std::uint8_t, kZeros> zeros{};
  if (RAND_bytes_ex(context_, salt.data(), salt.size(), 0) != 1 ||
      !Hash(digest, {zeros, request.digest_value, salt}, h.data())) {
    return Failed();
  }
  db[db.size() - salt.size() - 1] = kSeparator;
  if (!Mask(digest, h, db)) return Failed();
  em.front() &= static_cast<std::uint8_t>(0xffU >> (8 * size - static_cast<std::size_t>(bits - 1)));
  em.back() = kTrailer;
  return encoded;
}

Result<bool> EmsaPss::Fulfils(const SignatureRequest& request, const PublicKey& key,
                              ByteView signature) const {
  const auto digest = digests_->Find(request.digest);
  if (!digest) return Fail(digest);
  const auto pkey = key.ToPkey(context_);
  if (!pkey) return Fail(pkey);
  const ErrorMark mark;
  const PkeyCtxPtr verifier(EVP_PKEY_CTX_new_from_pkey(context_, pkey->get(), nullptr));
  const int salt_length = static_cast<int>(request.pss.salt_length);
  if (!verifier || EVP_PKEY_verify_init(verifier.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(verifier.get(), (*digest)->md.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(verifier.get(), RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(verifier.get(), salt_length) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("setting up PSS"));
  }
  return EVP_PKEY_verify(verifier.get(), signature.data(), signature.size(),
                         request.digest_value.data(), request.digest_value.size()) == 1;
}

}  // namespace credmint::provider
