// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "enrolment/certificate_request.h"

namespace credmint::cli {

/// A certificate request for people, followed by its PEM, which tools find there:
///
///     subject    CN=web
///     names      DNS:web.example
///     key        EC prime256v1
///     signature  ecdsa-with-SHA256
std::string FormatRequestText(const CertificateRequest& request, const SigningKey& key,
                              const X509_NAME* subject, std::span<const AlternativeName> names);

/// The same as one JSON object, whose member `request` has the PEM.
std::string FormatRequestJson(const CertificateRequest& request, const SigningKey& key,
                              const X509_NAME* subject, std::span<const AlternativeName> names);

}  // namespace credmint::cli
