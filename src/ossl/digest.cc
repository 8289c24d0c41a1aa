// SPDX-License-Identifier: Apache-2.0
#include "ossl/digest.h"

#include <array>

#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {

Result<std::string> Sha256Hex(const LibraryContext& context, std::string_view message) {
  std::array<std::uint8_t, 32> digest{};
  std::size_t size = digest.size();
  if (EVP_Q_digest(context.get(), "SHA256", nullptr, message.data(), message.size(), digest.data(),
                   &size) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kInternal).In("hashing with SHA-256"));
  }
  return Hex(digest);
}

}  // namespace credmint
