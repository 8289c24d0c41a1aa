// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "base/error.h"
#include "identity/certificate_chain.h"

namespace credmint {

/// Reasons why IAM Roles Anywhere would refuse a certificate, known before it is asked (CONTRACT
/// section 3). An empty list means that nothing is known against it.
///
/// Each reason is a phrase about the certificate ("it expired on 2026-12-31 23:59:59 UTC"), with a
/// hint if a fix is known. The code is kCertificate, or kKeyUnusable for a key that the service
/// does not accept.

/// Reasons against a leaf, in this order:
///
/// * not valid at `now`
/// * not X.509 v3
/// * CA:TRUE
/// * keyUsage without digitalSignature
/// * those of IssuerRefusals()
/// * a key that this OpenSSL or the service does not know
std::vector<Error> LeafRefusals(const Certificate& leaf, std::chrono::system_clock::time_point now);

/// Reasons against a certificate anywhere in a path:
///
/// * signed with RSASSA-PSS, EdDSA or a hash weaker than SHA-256
/// * a key with explicit curve parameters
/// * an unknown critical extension
std::vector<Error> IssuerRefusals(const Certificate& issuer);

/// Reasons against a whole chain: those of the leaf, then those of its issuer, with the prefix "its
/// issuer CN=CA". Issuers further up are not judged, because the trust anchor may be below them.
std::vector<Error> ChainRefusals(const CertificateChain& chain,
                                 std::chrono::system_clock::time_point now);

/// Reasons against the issuers further up, for when the service does refuse the chain. In the form
/// of ChainRefusals().
std::vector<Error> ChainDoubts(const CertificateChain& chain);

/// Fails with kCertificate if this OpenSSL cannot use the certificate's key ("its key is ML-DSA-65,
/// which needs OpenSSL 3.5 or later; this is 3.0.19").
Result<void> CheckKeyIsKnown(const Certificate& certificate);

/// Fails with kKeyUnusable for a key that is too weak to sign requests. That is RSA below 2048
/// bits, or a curve other than P-256, P-384 and P-521. The message is, for example, "the key is too
/// weak: RSA with 1024 bits, 2048 are the least".
Result<void> CheckStrength(const EVP_PKEY* key);

}  // namespace credmint
