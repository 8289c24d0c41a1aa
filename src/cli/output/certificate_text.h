// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "ossl/certificate.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// A certificate for programs, as one line of JSON with the members of aws_signing_helper: keyType,
/// certificateData (DER in base64), serialNumber (decimal), supportedAlgorithms.
std::string FormatCertificateJson(const Certificate& certificate);

/// A certificate as an entry of aws_signing_helper's numbered list. Fingerprint (SHA-1), subject,
/// issuer, serial number (hexadecimal) and any URI are on a line each, and an empty line
/// follows.
std::string FormatCertificateMatch(const LibraryContext& context, int number,
                                   const Certificate& certificate, const std::string& uri);

/// A certificate for people, one line for each fact: subject, issuer, serial number, validity with
/// the days left at `now`, key, usages, and URI. A line follows for each reason for which IAM Roles
/// Anywhere would refuse it as a leaf.
std::string FormatCertificateText(const Certificate& certificate, const std::string& uri,
                                  std::chrono::system_clock::time_point now);

}  // namespace credmint::cli
