// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "ossl/handles.h"
#include "tpm2/policy/policy.h"

namespace credmint::tpm2 {

/// The label of the PEM form.
inline constexpr std::string_view kTss2PemLabel = "TSS2 PRIVATE KEY";

/// The longest accepted key file, in bytes. Real ones have less than two thousand.
inline constexpr std::size_t kMaxKeyFileSize = 65536;

/// A key wrapped by a TPM, in the file format of draft-bottomley-tpm2-keys ("TSS2 PRIVATE KEY",
/// CONTRACT section 9.1). The TPM encrypts its private part, so the file is no secret.
struct Tss2KeyFile {
  bool empty_auth = false;
  bool rsa_parent = false;  ///< parent is the hierarchy's RSA primary instead of its ECC one
  Policy policy;
  std::string description;  ///< made printable; at most 67 characters
  TPM2_HANDLE parent = 0;   ///< a persistent handle, or a hierarchy (TPM2_RH_OWNER, …)
  TPM2B_PUBLIC public_area{};
  TPM2B_PRIVATE private_area{};  ///< of an importable key: the duplicate of TPM2_Import
  /// Importable keys only: the inSymSeed of TPM2_Import, encrypted to the parent.
  std::optional<TPM2B_ENCRYPTED_SECRET> import_seed;
  Bytes der;  ///< the file that was parsed

  /// Parses the PEM form, ignoring anything around the block, or the DER form.
  ///
  /// Tolerates the deviations of existing writers:
  ///
  /// * any non-zero BOOLEAN as true
  /// * a persistent handle as a negative INTEGER
  /// * 0 for the owner hierarchy
  /// * context tags of later drafts
  ///
  /// Never reads outside `contents`, whatever they are. Fails with kMalformed, or with kKeyUnusable
  /// for sealed data and for policies that this provider cannot satisfy.
  static Result<Tss2KeyFile> Parse(std::string_view contents);
  static Result<Tss2KeyFile> ParseDer(ByteView der);
};

/// Whether DER begins like a key file, so that a failure to parse it is worth reporting.
bool LooksLikeTss2KeyFile(ByteView der);

}  // namespace credmint::tpm2
