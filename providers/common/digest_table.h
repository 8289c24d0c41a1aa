// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/objects.h>

#include <array>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "ossl/handles.h"

namespace credmint::provider {

/// A hash that the signing functions accept.
enum class Digest { kSha224, kSha256, kSha384, kSha512 };

/// A hash that signatures may use, with OpenSSL's objects for it.
struct DigestEntry {
  Digest digest;
  const char* name;       ///< "SHA256"
  const char* long_name;  ///< "SHA2-256"
  int nid;
  std::size_t size;  ///< in bytes
  MdPtr md;
};

/// The SHA-2 hashes of a provider's library context. Safe to share between threads.
///
/// Fetches them once, at first use: a fetch for each signature would cost as much as hashing its
/// message.
class DigestTable {
 public:
  explicit DigestTable(OSSL_LIB_CTX* context) : context_(context) {}

  /// Finds a hash by OpenSSL's name, in any case. Null or an empty name means SHA-256. Fails with
  /// kKeyUnusable.
  Result<const DigestEntry*> Find(const char* name);
  Result<const DigestEntry*> Find(Digest digest);

 private:
  void Fetch();

  OSSL_LIB_CTX* context_;
  std::once_flag fetched_;
  std::array<DigestEntry, 4> entries_ = {{
      {Digest::kSha256, "SHA256", "SHA2-256", NID_sha256, 32, nullptr},
      {Digest::kSha384, "SHA384", "SHA2-384", NID_sha384, 48, nullptr},
      {Digest::kSha512, "SHA512", "SHA2-512", NID_sha512, 64, nullptr},
      {Digest::kSha224, "SHA224", "SHA2-224", NID_sha224, 28, nullptr},
  }};
};

}  // namespace credmint::provider
