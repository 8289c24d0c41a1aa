// SPDX-License-Identifier: Apache-2.0
#include "attestation/credential.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <array>
#include <string_view>

#include "attestation/structure_reader.h"
#include "attestation/tpm_hashing.h"
#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using CipherPtr = Handle<EVP_CIPHER, EVP_CIPHER_free>;
using CipherCtxPtr = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

constexpr auto kZero = std::to_array<std::uint8_t>({0});
constexpr std::string_view kIdentity = "IDENTITY";

/// The parameters of an endorsement key's template.
struct EndorsementKind {
  std::uint16_t hash;
  unsigned aes_bits;
  const char* cipher;
  std::size_t coordinate;  // bytes; 0 for RSA
};

constexpr EndorsementKind kRsa2048 = {0x000b, 128, "AES-128-CFB", 0};
constexpr EndorsementKind kOnP256 = {0x000b, 128, "AES-128-CFB", 32};
constexpr EndorsementKind kOnP384 = {0x000c, 256, "AES-256-CFB", 48};

const EndorsementKind* FindKind(EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_is_a(key, "RSA") == 1) return bits == 2048 ? &kRsa2048 : nullptr;
  std::array<char, 32> group{};
  std::size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") != 1 ||
      EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) {
    return nullptr;
  }
  const std::string_view name = group.data();
  if (name == "prime256v1" || name == "P-256") return &kOnP256;
  return name == "secp384r1" || name == "P-384" ? &kOnP384 : nullptr;
}

tl::unexpected<Error> OpensslFailure(std::string_view doing) {
  return Fail(TakeOpensslError(ErrorCode::kInternal).In(doing));
}

Bytes BigEndian(std::uint32_t number) {
  Bytes bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<std::uint8_t>(number >> static_cast<unsigned>(shift)));
  }
  return bytes;
}

/// KDFa (TPM 2.0 Part 1 section 11.4.10.2) for at most one block of the hash.
Result<Bytes> DeriveKey(const LibraryContext& context, const HashKind& hash, ByteView seed,
                        std::string_view label, ByteView party, std::uint32_t bits) {
  auto key =
      HmacOf(context, hash, seed, {BigEndian(1), AsBytes(label), kZero, party, BigEndian(bits)});
  if (key) key->resize(bits / 8);
  return key;
}

/// A seed, and the form in which it travels.
struct Seed {
  Bytes value;
  Bytes sent;
};

Result<Seed> EncryptSeed(const LibraryContext& context, EVP_PKEY* endorsement,
                         const HashKind& hash) {
  Seed seed;
  seed.value.resize(hash.size);
  std::string label(kIdentity);
  label.push_back('\0');
  std::string mode = OSSL_PKEY_RSA_PAD_MODE_OAEP;
  std::string digest = hash.name;
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, mode.data(), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_utf8_string(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label.data(),
                                        label.size()),
      OSSL_PARAM_construct_end()};
  const PkeyCtxPtr encrypting(EVP_PKEY_CTX_new_from_pkey(context.get(), endorsement, nullptr));
  Bytes encrypted(static_cast<std::size_t>(EVP_PKEY_get_size(endorsement)));
  std::size_t size = encrypted.size();
  if (!encrypting ||
      RAND_priv_bytes_ex(context.get(), seed.value.data(), seed.value.size(), 0) <= 0 ||
      EVP_PKEY_encrypt_init_ex(encrypting.get(), params) <= 0 ||
      EVP_PKEY_encrypt(encrypting.get(), encrypted.data(), &size, seed.value.data(),
                       seed.value.size()) <= 0) {
    return OpensslFailure("encrypting for the TPM");
  }
  encrypted.resize(size);
  AppendSized(seed.sent, encrypted);
  return seed;
}

/// A coordinate of a public key, as long as the curve's field; empty if it cannot be read.
Bytes Coordinate(const EVP_PKEY* key, const char* which, std::size_t size) {
  BIGNUM* number = nullptr;
  const bool has = EVP_PKEY_get_bn_param(key, which, &number) == 1;
  const BigNumPtr owner(number);
  Bytes bytes(size);
  if (!has || BN_bn2binpad(number, bytes.data(), static_cast<int>(size)) < 0) return {};
  return bytes;
}

Result<Bytes> SharedSecret(const LibraryContext& context, EVP_PKEY* own, EVP_PKEY* other) {
  const PkeyCtxPtr deriving(EVP_PKEY_CTX_new_from_pkey(context.get(), own, nullptr));
  std::size_t size = 0;
  if (!deriving || EVP_PKEY_derive_init(deriving.get()) <= 0 ||
      EVP_PKEY_derive_set_peer(deriving.get(), other) <= 0 ||
      EVP_PKEY_derive(deriving.get(), nullptr, &size) <= 0) {
    return OpensslFailure("agreeing on a key with the TPM");
  }
  Bytes shared(size);
  if (EVP_PKEY_derive(deriving.get(), shared.data(), &size) <= 0) {
    return OpensslFailure("agreeing on a key with the TPM");
  }
  shared.resize(size);
  return shared;
}

/// A new key on the curve of another one. That one says, too, which provider makes it: by the
/// algorithm's name alone, one of ours could be asked.
PkeyPtr MakeKeyLike(const LibraryContext& context, EVP_PKEY* other) {
  const PkeyCtxPtr making(EVP_PKEY_CTX_new_from_pkey(context.get(), other, nullptr));
  EVP_PKEY* made = nullptr;
  if (!making || EVP_PKEY_keygen_init(making.get()) <= 0 ||
      EVP_PKEY_keygen(making.get(), &made) <= 0) {
    return nullptr;
  }
  return PkeyPtr(made);
}

/// KDFe (TPM 2.0 Part 1 section 11.4.10.3) over a key agreement with a new key.
Result<Seed> AgreeOnSeed(const LibraryContext& context, EVP_PKEY* endorsement,
                         const EndorsementKind& kind, const HashKind& hash) {
  const PkeyPtr own = MakeKeyLike(context, endorsement);
  if (!own) return OpensslFailure("making a key for the agreement");
  const auto shared = SharedSecret(context, own.get(), endorsement);
  if (!shared) return Fail(shared);
  const Bytes own_x = Coordinate(own.get(), OSSL_PKEY_PARAM_EC_PUB_X, kind.coordinate);
  const Bytes own_y = Coordinate(own.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kind.coordinate);
  const Bytes other_x = Coordinate(endorsement, OSSL_PKEY_PARAM_EC_PUB_X, kind.coordinate);
  if (own_x.empty() || own_y.empty() || other_x.empty()) {
    return OpensslFailure("reading a point");
  }
  auto value =
      HashOf(context, hash, {BigEndian(1), *shared, AsBytes(kIdentity), kZero, own_x, other_x});
  if (!value) return Fail(std::move(value));
  Bytes point;
  AppendSized(point, own_x);
  AppendSized(point, own_y);
  Seed seed{*std::move(value), {}};
  AppendSized(seed.sent, point);
  return seed;
}

Result<Bytes> EncryptSecret(const LibraryContext& context, const char* name, const Bytes& key,
                            const Bytes& plain) {
  const CipherPtr cipher(EVP_CIPHER_fetch(context.get(), name, nullptr));
  const CipherCtxPtr encrypting(EVP_CIPHER_CTX_new());
  const std::array<std::uint8_t, EVP_MAX_IV_LENGTH> no_vector{};
  Bytes encrypted(plain.size());
  int size = 0;
  if (!cipher || !encrypting ||
      EVP_EncryptInit_ex2(encrypting.get(), cipher.get(), key.data(), no_vector.data(), nullptr) !=
          1 ||
      EVP_EncryptUpdate(encrypting.get(), encrypted.data(), &size, plain.data(),
                        static_cast<int>(plain.size())) != 1) {
    return OpensslFailure("encrypting the challenge");
  }
  return encrypted;
}

}  // namespace

Result<Bytes> MakeCredential(const LibraryContext& context, EVP_PKEY* endorsement, ByteView name,
                             ByteView secret) {
  ERR_clear_error();
  const EndorsementKind* const kind = FindKind(endorsement);
  if (kind == nullptr) {
    return Fail(ErrorCode::kAttestation,
                "the TPM's certificate is for a kind of key that cannot be challenged",
                "RSA with 2048 bits, P-256 and P-384 can");
  }
  const HashKind& hash = *FindHash(kind->hash);
  const auto seed = kind->coordinate == 0 ? EncryptSeed(context, endorsement, hash)
                                          : AgreeOnSeed(context, endorsement, *kind, hash);
  if (!seed) return Fail(seed);
  const auto storage = DeriveKey(context, hash, seed->value, "STORAGE", name, kind->aes_bits);
  if (!storage) return Fail(storage);
  const auto bits = static_cast<std::uint32_t>(hash.size * 8);
  const auto integrity = DeriveKey(context, hash, seed->value, "INTEGRITY", {}, bits);
  if (!integrity) return Fail(integrity);
  Bytes plain;
  AppendSized(plain, secret);
  const auto encrypted = EncryptSecret(context, kind->cipher, *storage, plain);
  if (!encrypted) return Fail(encrypted);
  const auto code = HmacOf(context, hash, *integrity, {*encrypted, name});
  if (!code) return Fail(code);
  Bytes credential;
  AppendSized(credential, *code);
  credential.insert(credential.end(), encrypted->begin(), encrypted->end());
  Bytes challenge;
  AppendSized(challenge, credential);
  challenge.insert(challenge.end(), seed->sent.begin(), seed->sent.end());
  return challenge;
}

}  // namespace credmint
