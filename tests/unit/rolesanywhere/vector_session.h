// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/read_file.h"
#include "base/timestamp.h"
#include "identity/identity.h"
#include "ossl/read_store.h"
#include "rolesanywhere/session_request.h"
#include "unit/vectors.h"

namespace credmint {

/// The inputs of the test vectors: the session's parameters, the date, and the "rsa" or "ec" leaf
/// with its key and issuer. A file that cannot be loaded ends the test program.

inline SessionParameters VectorParameters() {
  SessionParameters parameters;
  parameters.trust_anchor_arn =
      "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/"
      "00000000-0000-4000-8000-000000000002";
  parameters.profile_arn =
      "arn:aws:rolesanywhere:us-east-1:111122223333:profile/00000000-0000-4000-8000-000000000001";
  parameters.role_arn = "arn:aws:iam::111122223333:role/path/demo";
  return parameters;
}

inline TimePoint VectorDate() { return ParseTimestamp("2026-01-01T12:00:00Z").value(); }

inline LibraryContext VectorContext() { return LibraryContext::Create({}).value(); }

inline Certificate VectorCertificate(const LibraryContext& context, const std::string& name) {
  StoreOptions options;
  options.expect = StoreExpect::kCertificate;
  StoreContents contents =
      ReadStore(context, ReadFile(VectorPath(name)).value(), "file", options).value();
  return Certificate(std::move(contents.certificates.at(0)));
}

inline Identity VectorIdentity(const LibraryContext& context, const std::string& tag,
                               const std::vector<std::string>& issuers = {"int.pem"}) {
  const Secret file = ReadFile(VectorPath("leaf-" + tag + ".key.pem")).value();
  StoreContents contents = ReadStore(context, file, "file", {}).value();
  CertificateChain chain{VectorCertificate(context, "leaf-" + tag + ".pem"), {}};
  for (const std::string& issuer : issuers) {
    chain.issuers.push_back(VectorCertificate(context, issuer));
  }
  return CheckIdentity(std::make_shared<SigningKey>(context, std::move(contents.keys.at(0))),
                       std::move(chain), VectorDate())
      .value();
}

}  // namespace credmint
