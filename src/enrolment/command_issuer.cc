// SPDX-License-Identifier: Apache-2.0
#include "enrolment/command_issuer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/secret.h"
#include "enrolment/issuing_process.h"
#include "ossl/certificate_file.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

constexpr const char* kExpected =
    "it shall print the certificate in PEM, and behind it those of its issuers";

bool IsOfKey(const Certificate& certificate, const SigningKey& key) {
  const ErrorMark mark;
  return certificate.public_key() != nullptr &&
         EVP_PKEY_eq(certificate.public_key(), key.get()) == 1;
}

/// The certificate of the key, or the first one if there is none.
CertificateChain WithLeafFirst(std::vector<Certificate> printed, const SigningKey& key) {
  const auto found = std::find_if(printed.begin(), printed.end(),
                                  [&](const Certificate& one) { return IsOfKey(one, key); });
  if (found != printed.end()) std::rotate(printed.begin(), found, found + 1);
  CertificateChain chain{std::move(printed.front()), {}};
  chain.issuers.assign(std::make_move_iterator(printed.begin() + 1),
                       std::make_move_iterator(printed.end()));
  return chain;
}

}  // namespace

Result<CertificateChain> CommandIssuer::Issue(const IssueRequest& request) {
  auto printed =
      RunShell(command_.line, command_.environment, request.request.Pem(), command_.time_limit);
  if (!printed) return Fail(std::move(printed));
  if (printed->empty()) {
    return Fail(ErrorCode::kServiceAnswer, "the command printed nothing", kExpected);
  }
  auto certificates = ReadCertificateFile(context_, Secret(*printed));
  if (!certificates) {
    LogDebug("what the command printed: " + certificates.error().message);
    return Fail(ErrorCode::kServiceAnswer, "the command printed a certificate that cannot be read",
                kExpected);
  }
  if (certificates->empty()) {
    return Fail(ErrorCode::kServiceAnswer, "the command printed no certificate", kExpected);
  }
  return WithLeafFirst(*std::move(certificates), request.key);
}

}  // namespace credmint
