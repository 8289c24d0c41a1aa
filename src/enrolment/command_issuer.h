// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "enrolment/certificate_issuer.h"
#include "ossl/library_context.h"

namespace credmint {

/// A command that gets a certificate from a CA.
struct IssuingCommand {
  std::string line;                           ///< for /bin/sh -c
  std::chrono::milliseconds time_limit;       ///< of the whole command
  std::vector<std::string> environment = {};  ///< NAME=VALUE
};

/// Has a command issue certificates. The request is on its stdin, in PEM. It prints the certificate
/// and its issuers in PEM, in any order, or as PKCS#7.
///
/// The command inherits no other descriptors and no blocked signals. It has a session of its own,
/// so no terminal. Its process group is killed when the time is up or this process ends. Its stderr
/// goes to ours, and the last line of that into the error.
///
/// Fails with kServiceRefused if the command fails, and with kTimeout if it takes too long. Fails
/// with kServiceAnswer for output that is too long or holds no certificate.
class CommandIssuer final : public CertificateIssuer {
 public:
  CommandIssuer(const LibraryContext& context, IssuingCommand command)
      : context_(context), command_(std::move(command)) {}

  Result<CertificateChain> Issue(const IssueRequest& request) override;

 private:
  const LibraryContext& context_;
  const IssuingCommand command_;
};

}  // namespace credmint
