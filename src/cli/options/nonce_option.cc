// SPDX-License-Identifier: Apache-2.0
#include "cli/options/nonce_option.h"

#include <utility>

#include "cli/options/hex_text.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"

namespace credmint::cli {

void AddNonce(CLI::App& command, std::string& nonce) {
  AddText(command, "--nonce", nonce,
          "Random number of the verifier, 16 to 32 bytes in hexadecimal, new for each attestation")
      ->option_text("HEX")
      ->group(kIdentityGroup);
}

Result<Bytes> ParseNonce(const std::string& nonce) {
  constexpr std::size_t kLeast = 16;
  constexpr std::size_t kMost = 32;  // what every TPM takes
  if (nonce.empty()) {
    return Fail(ErrorCode::kUsage, "--nonce is missing",
                "the verifier chooses one: openssl rand -hex 20");
  }
  auto bytes = ParseHex(nonce);
  if (bytes && bytes->size() >= kLeast && bytes->size() <= kMost) return *std::move(bytes);
  return Fail(ErrorCode::kUsage, "--nonce: it is not 16 to 32 bytes in hexadecimal",
              "the verifier chooses one: openssl rand -hex 20");
}

}  // namespace credmint::cli
