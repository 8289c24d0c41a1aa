// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "ossl/certificate.h"
#include "support/test_pki.h"

namespace credmint::test {

/// A time at which certificates of the default CertificateSpec are valid.
inline constexpr std::chrono::system_clock::time_point kNow =
    std::chrono::sys_days(std::chrono::year(2026) / 6 / 1);

/// A leaf with this name.
inline CertificateSpec Named(const std::string& name, const std::string& serial = "1") {
  CertificateSpec spec;
  spec.subject = {{"CN", name}};
  spec.serial = serial;
  return spec;
}

/// The same certificate with another end of validity (YYYYMMDDHHMMSSZ).
inline CertificateSpec Until(CertificateSpec spec, const std::string& not_after) {
  spec.not_after = not_after;
  return spec;
}

inline Certificate ToCertificate(const Party& party) {
  return Certificate(X509Ptr(NewReference(party.certificate)));
}

}  // namespace credmint::test
