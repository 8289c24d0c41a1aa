// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// A certificate for programs, with the members of aws_signing_helper: keyType, certificateData
/// (DER in base64), serialNumber (decimal), supportedAlgorithms. One line.
std::string FormatCertificateJson(const Certificate& certificate);

/// A certificate as aws_signing_helper lists one of several, behind its number: fingerprint
/// (SHA-1), subject, issuer, serial number (hexadecimal), and where there is one its URI, on a line
/// each. Then an empty line.
std::string FormatCertificateMatch(const LibraryContext& context, int number,
                                   const Certificate& certificate, const std::string& uri);

/// A certificate for people, a line for each fact behind its name: subject, issuer, serial number,
/// validity with the days left at `now`, key, usages, URI, and each reason for which IAM Roles
/// Anywhere would refuse it as a leaf.
std::string FormatCertificateText(const Certificate& certificate, const std::string& uri,
                                  std::chrono::system_clock::time_point now);

}  // namespace credmint::cli
