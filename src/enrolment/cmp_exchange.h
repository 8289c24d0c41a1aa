// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/cmp.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "http/transport.h"
#include "http/url.h"
#include "ossl/library_context.h"

namespace credmint {

/// Carries the messages of one CMP transaction over HTTP (RFC 9811), and judges the certificate
/// that comes. OpenSSL's CMP client calls back; a failure is kept, because its queue would lose it.
class CmpExchange {
 public:
  CmpExchange(const LibraryContext& context, Transport& transport, const Url& url,
              std::chrono::milliseconds limit)
      : context_(&context),
        transport_(&transport),
        url_(&url),
        end_(std::chrono::steady_clock::now() + limit) {}
  CmpExchange(const CmpExchange&) = delete;
  CmpExchange& operator=(const CmpExchange&) = delete;

  /// Makes a client use this object, which must outlive it. `trusted` is the client's trust store.
  [[nodiscard]] bool Attach(OSSL_CMP_CTX* client, X509_STORE* trusted);

  [[nodiscard]] std::chrono::milliseconds TimeLeft() const;

  /// Why no answer came, or the certificate was refused.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  /// Why the signer of an answer is not trusted: "CN=CA: certificate has expired". Empty: it is, or
  /// no signer was found.
  [[nodiscard]] const std::string& distrust() const { return distrust_; }

 private:
  static OSSL_CMP_MSG* Transfer(OSSL_CMP_CTX* client, const OSSL_CMP_MSG* message);
  static int Judge(OSSL_CMP_CTX* client, X509* certificate, int failure_bits, const char** text);

  static int NoteDistrust(int is_good, X509_STORE_CTX* path);

  Result<OSSL_CMP_MSG*> Send(const OSSL_CMP_MSG* message);
  Result<OSSL_CMP_MSG*> Parse(const HttpResponse& response) const;
  [[nodiscard]] Result<void> CheckCertificate(X509* certificate, bool fits) const;

  const LibraryContext* context_;
  Transport* transport_;
  const Url* url_;
  std::chrono::steady_clock::time_point end_;
  std::optional<Error> failure_;
  std::string distrust_;
};

}  // namespace credmint
