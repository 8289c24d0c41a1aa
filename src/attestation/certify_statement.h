// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "attestation/key_area.h"
#include "base/error.h"
#include "ossl/library_context.h"

namespace credmint {

/// The statement of a TPM that certifies a key: TPMS_ATTEST (TPM 2.0 Part 2 section 10.12.8).
struct CertifyStatement {
  Bytes nonce;                 ///< extraData
  Bytes key_name;              ///< of the certified key
  std::uint64_t clock = 0;     ///< milliseconds for which the TPM has been powered
  std::uint32_t resets = 0;    ///< power cycles
  std::uint32_t restarts = 0;  ///< resumptions since the last one
  bool is_clock_safe = false;  ///< whether no higher clock was ever reported
  std::uint64_t firmware = 0;  ///< the version, as the manufacturer counts
};

/// Reads a statement that begins as only a TPM begins what it signs. Fails with kAttestation.
Result<CertifyStatement> ReadCertifyStatement(ByteView attest);

/// Checks that `signature`, a TPMT_SIGNATURE, is one of `signer` over `message`, made in the key's
/// own scheme. Fails with kAttestation.
Result<void> CheckTpmSignature(const LibraryContext& context, const KeyArea& signer,
                               ByteView message, ByteView signature);

}  // namespace credmint
