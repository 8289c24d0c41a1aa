// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "ossl/certificate.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// The words of a manufacturer about a TPM: the attributes of TCG in the alternative name of its EK
/// certificate. Empty where there is none. Text of others: make it printable before it is shown.
struct TpmModel {
  std::string manufacturer;  ///< "id:00001014"
  std::string model;
  std::string version;
};

TpmModel ReadTpmModel(const Certificate& endorsement);

/// Checks the certificate of an endorsement key (EK), the first of `certificates` in DER, against
/// `trusted`. The others may be issuers between; they are not trusted. Each certificate in
/// `trusted` is, whether it is a root or not. Returns the EK's certificate.
///
/// It must be valid now, be no CA, and allow decryption (keyEncipherment or keyAgreement) where it
/// has key usages. Where it has extended key usages, one must be tcg-kp-EKCertificate; where it has
/// none, it must name the manufacturer of a TPM. A critical subjectDirectoryAttributes is accepted,
/// as it says nothing about trust. Signatures with SHA-1 and keys below 112 bits of security are
/// refused.
///
/// Fails with kAttestation.
Result<Certificate> CheckEndorsement(const LibraryContext& context,
                                     std::span<const Bytes> certificates,
                                     std::span<const Certificate> trusted);

}  // namespace credmint
