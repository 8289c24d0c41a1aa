// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <vector>

#include "attestation/attested_key.h"
#include "base/error.h"
#include "cli/options/process_options.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// `credmint key verify-attestation`: checks the file of `key attest` on the side of a CA, without
/// a TPM, and prints what it shows.
///
/// Success means that the key is proven to be in a TPM of a trusted manufacturer. A file that holds
/// but has no answered challenge, or is only a claim, is printed, and fails with kNotProven.
class VerifyAttestationCommand {
 public:
  explicit VerifyAttestationCommand(CLI::App& key_command);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  [[nodiscard]] Result<void> CheckFlags() const;
  [[nodiscard]] Result<void> Verify(const LibraryContext& context, ByteView nonce,
                                    const TpmEvidence& evidence) const;
  [[nodiscard]] Result<void> Verify(const LibraryContext& context, ByteView nonce,
                                    const TokenClaim& claim) const;
  [[nodiscard]] Result<std::vector<Certificate>> ReadTrusted(const LibraryContext& context) const;
  [[nodiscard]] Result<void> Challenge(const LibraryContext& context, const AttestedKey& key,
                                       ByteView nonce) const;
  [[nodiscard]] Result<bool> IsProven(const LibraryContext& context, const AttestedKey& key,
                                      ByteView nonce) const;
  [[nodiscard]] Result<void> CheckRequest(const LibraryContext& context, EVP_PKEY* key) const;

  CLI::App* app_;
  ProcessOptions process_;
  std::string file_;
  std::string nonce_;
  std::string ek_ca_;
  std::string make_challenge_;
  std::string answer_;
  std::string challenge_key_;
  std::string csr_;
  bool json_ = false;
};

}  // namespace credmint::cli
