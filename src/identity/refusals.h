// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <vector>

#include "base/error.h"
#include "identity/certificate_chain.h"

namespace credmint {

/// Why IAM Roles Anywhere would refuse a certificate, known before it is asked (CONTRACT section
/// 3). Each reason is a phrase about the certificate ("it expired on 2026-12-31 23:59:59 UTC"),
/// with a hint where a fix is known and a code: kCertificate, or kKeyUnusable for a key that the
/// service does not take. Empty: nothing is known against it.

/// Of a leaf: not valid at `now`, not X.509 v3, CA:TRUE, keyUsage without digitalSignature, and
/// what IssuerRefusals() names; last, a key that this OpenSSL does not know, or the service.
std::vector<Error> LeafRefusals(const Certificate& leaf, std::chrono::system_clock::time_point now);

/// Of a certificate at any place of a path: signed with RSASSA-PSS, EdDSA or a hash weaker than
/// SHA-256; a key on a curve that is written out; a critical extension that nobody knows.
std::vector<Error> IssuerRefusals(const Certificate& issuer);

/// Of a whole chain: those of the leaf, then those of its issuer, each behind "its issuer CN=CA".
/// An issuer further up is not judged: the trust anchor may be below it.
std::vector<Error> ChainRefusals(const CertificateChain& chain,
                                 std::chrono::system_clock::time_point now);

/// What is held against the issuers further up, for when the service does refuse the chain: as
/// ChainRefusals().
std::vector<Error> ChainDoubts(const CertificateChain& chain);

/// Fails with kCertificate where this OpenSSL cannot use the certificate's key ("its key is
/// ML-DSA-65, which needs OpenSSL 3.5 or later; this is 3.0.19").
Result<void> CheckKeyIsKnown(const Certificate& certificate);

/// Fails with kKeyUnusable for a key that is weaker than what requests are to be signed with: RSA
/// below 2048 bits, or a curve other than P-256, P-384 and P-521 ("the key is too weak: RSA with
/// 1024 bits, 2048 are the least").
Result<void> CheckStrength(const EVP_PKEY* key);

}  // namespace credmint
