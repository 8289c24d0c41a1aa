// SPDX-License-Identifier: Apache-2.0
#include "enrolment/new_file_key.h"

#include <fmt/format.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/shown_value.h"
#include "base/whole_file.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

constexpr mode_t kKeyFileMode = 0600;

/// A type of keys in OpenSSL's terms: a curve, or the bits of an RSA modulus.
struct FileKeyType {
  std::string_view name;
  const char* algorithm;
  const char* curve;
  std::size_t bits;
};

constexpr std::array<FileKeyType, 7> kFileKeyTypes = {{
    {"ec-p256", "EC", "P-256", 0},
    {"ec-p384", "EC", "P-384", 0},
    {"ec-p521", "EC", "P-521", 0},
    {"rsa-2048", "RSA", nullptr, 2048},
    {"rsa-3072", "RSA", nullptr, 3072},
    {"rsa-4096", "RSA", nullptr, 4096},
    {"ed25519", "ED25519", nullptr, 0},
}};

/// Our providers have keys of these types, too, but generate none.
const char* GeneratingProvider(OSSL_LIB_CTX* library) {
  const bool fips = EVP_default_properties_is_fips_enabled(library) == 1;
  return fips ? "provider=fips" : "provider=default";
}

PkeyPtr Generate(OSSL_LIB_CTX* library, const FileKeyType& type) {
  const char* const from = GeneratingProvider(library);
  if (type.curve != nullptr) {
    return PkeyPtr(EVP_PKEY_Q_keygen(library, from, type.algorithm, type.curve));
  }
  if (type.bits != 0) {
    return PkeyPtr(EVP_PKEY_Q_keygen(library, from, type.algorithm, type.bits));
  }
  return PkeyPtr(EVP_PKEY_Q_keygen(library, from, type.algorithm));
}

/// The PEM is in memory that BIO_free() wipes. OpenSSL takes the passphrase as it is.
BioPtr PemOf(const EVP_PKEY* key, const Secret& passphrase) {
  BioPtr pem(BIO_new(BIO_s_mem()));
  const std::string_view bytes = passphrase.Reveal();
  const EVP_CIPHER* const cipher = bytes.empty() ? nullptr : EVP_aes_256_cbc();
  const bool written =
      pem && PEM_write_bio_PKCS8PrivateKey(pem.get(), key, cipher, bytes.data(),
                                           static_cast<int>(bytes.size()), nullptr, nullptr) == 1;
  return written ? std::move(pem) : nullptr;
}

Result<void> CreateUnnamed(const LibraryContext& context, const NewFileKey& key) {
  const auto* const type =
      std::find_if(kFileKeyTypes.begin(), kFileKeyTypes.end(),
                   [&](const FileKeyType& known) { return known.name == key.type; });
  if (type == kFileKeyTypes.end()) {
    return Fail(ErrorCode::kUsage, fmt::format("{} is no type of key", Shown(key.type)));
  }
  const PkeyPtr made = Generate(context.get(), *type);
  if (!made) return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
  const BioPtr pem = PemOf(made.get(), key.passphrase);
  if (!pem) return Fail(TakeOpensslError(ErrorCode::kKeyUnusable));
  char* data = nullptr;
  const long size = BIO_get_mem_data(pem.get(), &data);
  return WriteNewFile(key.path, {data, static_cast<std::size_t>(size)}, kKeyFileMode);
}

}  // namespace

Result<void> CreateFileKey(const LibraryContext& context, const NewFileKey& key) {
  if (auto is_new = CheckIsNewFile(key.path); !is_new) return is_new;
  auto made = CreateUnnamed(context, key);
  if (made || made.error().code == ErrorCode::kLocalIo) return made;
  return Fail(std::move(made), fmt::format("creating key {}", ShownPath(key.path)));
}

}  // namespace credmint
