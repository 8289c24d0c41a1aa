// SPDX-License-Identifier: Apache-2.0
#include "enrolment/cmp_issuer.h"

#include <fmt/format.h>
#include <openssl/cmp.h>

#include <algorithm>
#include <iterator>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/printable.h"
#include "enrolment/cmp_exchange.h"
#include "enrolment/cmp_failure.h"
#include "identity/chain.h"
#include "ossl/default_context.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using CmpClientPtr = Handle<OSSL_CMP_CTX, OSSL_CMP_CTX_free>;
using StorePtr = Handle<X509_STORE, X509_STORE_free>;
using SentRequestPtr = Handle<X509_REQ, X509_REQ_free>;

void FreeCertificates(STACK_OF(X509) * certificates) { sk_X509_pop_free(certificates, X509_free); }
using CertificateStackPtr = Handle<STACK_OF(X509), FreeCertificates>;

int LogStep(const char*, const char*, int, OSSL_CMP_severity, const char* text) {
  LogDebug("CMP: " + Printable(text));
  return 1;
}

/// Each of the certificates is an anchor, even if it is not a root.
StorePtr MakeStore(const std::vector<Certificate>& trusted) {
  StorePtr store(X509_STORE_new());
  const bool good = store && X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
                    std::all_of(trusted.begin(), trusted.end(), [&](const Certificate& one) {
                      return X509_STORE_add_cert(store.get(), one.get()) == 1;
                    });
  return good ? std::move(store) : nullptr;
}

CertificateStackPtr MakeStack(const std::vector<Certificate>& certificates) {
  CertificateStackPtr stack(sk_X509_new_null());
  const bool good =
      stack && std::all_of(certificates.begin(), certificates.end(), [&](const Certificate& one) {
        return X509_add_cert(stack.get(), one.get(), X509_ADD_FLAG_UP_REF) == 1;
      });
  return good ? std::move(stack) : nullptr;
}

SentRequestPtr ParseRequest(const LibraryContext& context, const Bytes& der) {
  SentRequestPtr request(X509_REQ_new_ex(context.get(), nullptr));
  X509_REQ* place = request.get();
  const unsigned char* cursor = der.data();
  if (!request || d2i_X509_REQ(&place, &cursor, static_cast<long>(der.size())) == nullptr) {
    static_cast<void>(request.release());  // d2i frees what it cannot fill
    return nullptr;
  }
  return request;
}

/// A CA often signs answers with the key that signs certificates, whose keyUsage may leave that
/// out. If its own certificate is trusted, that is enough.
bool IgnoresUsage(const std::vector<Certificate>& trusted, const X509_NAME* sender) {
  return std::any_of(trusted.begin(), trusted.end(), [&](const Certificate& one) {
    return X509_NAME_cmp(X509_get_subject_name(one.get()), sender) == 0;
  });
}

bool SetTrust(OSSL_CMP_CTX* client, CmpExchange& exchange, const std::vector<Certificate>& trusted,
              const X509_NAME* recipient) {
  StorePtr store = MakeStore(trusted);
  if (!store || OSSL_CMP_CTX_set0_trustedStore(client, store.get()) != 1) return false;
  X509_STORE* const lent = store.release();
  return exchange.Attach(client, lent) && OSSL_CMP_CTX_set1_recipient(client, recipient) == 1 &&
         OSSL_CMP_CTX_set1_expected_sender(client, recipient) == 1 &&
         OSSL_CMP_CTX_set_option(client, OSSL_CMP_OPT_IGNORE_KEYUSAGE,
                                 IgnoresUsage(trusted, recipient) ? 1 : 0) == 1;
}

/// Certificates that complete the chains of both sides.
bool SetUntrusted(OSSL_CMP_CTX* client, const std::vector<Certificate>& issuers) {
  if (issuers.empty()) return true;  // an empty stack would make OpenSSL 3.0 refuse each answer
  const CertificateStackPtr stack = MakeStack(issuers);
  return stack && OSSL_CMP_CTX_set1_untrusted(client, stack.get()) == 1;
}

/// The present key and certificate, by which the CA knows who asks.
bool SetSender(OSSL_CMP_CTX* client, const Identity& present) {
  return SetUntrusted(client, present.issuers()) &&
         OSSL_CMP_CTX_set1_cert(client, present.leaf().get()) == 1 &&
         OSSL_CMP_CTX_set1_pkey(client, present.key()->get()) == 1 &&
         OSSL_CMP_CTX_set1_oldCert(client, present.leaf().get()) == 1;
}

bool SetTemplate(OSSL_CMP_CTX* client, const LibraryContext& context, const IssueRequest& wanted) {
  const SentRequestPtr request = ParseRequest(context, wanted.request.der);
  if (!request || OSSL_CMP_CTX_set1_p10CSR(client, request.get()) != 1 ||
      OSSL_CMP_CTX_set_option(client, OSSL_CMP_OPT_SUBJECTALTNAME_NODEFAULT, 1) != 1 ||
      EVP_PKEY_up_ref(wanted.key.get()) != 1) {
    return false;
  }
  PkeyPtr key(wanted.key.get());
  if (OSSL_CMP_CTX_set0_newPkey(client, 1, key.get()) != 1) return false;
  static_cast<void>(key.release());
  return true;
}

/// Appends the certificates, as our library context parses them.
void AppendCertificates(const LibraryContext& context, const STACK_OF(X509) * from,
                        std::vector<Certificate>& to) {
  for (int i = 0; i < sk_X509_num(from); ++i) {
    X509* const one = sk_X509_value(from, i);
    if (X509_up_ref(one) != 1) continue;
    auto parsed = Certificate::FromDer(context, Certificate(X509Ptr(one)).Der());
    if (parsed) to.push_back(*std::move(parsed));
  }
}

class CmpIssuer final : public CertificateIssuer {
 public:
  CmpIssuer(const LibraryContext& context, CmpServer server)
      : context_(context),
        server_(std::move(server)),
        transport_(MakeCurlTransport(server_.transport)) {}

  Result<CertificateChain> Issue(const IssueRequest& wanted) override {
    const DefaultContext ours(context_.get());  // OpenSSL parses keys of messages with the default
    ERR_clear_error();
    auto chain = Ask(wanted);
    ERR_clear_error();
    if (chain) return chain;
    return Fail(std::move(chain), fmt::format("CMP with {}", FormatUrl(server_.url)));
  }

 private:
  [[nodiscard]] const X509_NAME* Recipient(const Identity& present) const {
    return server_.recipient ? server_.recipient.get() : X509_get_issuer_name(present.leaf().get());
  }

  [[nodiscard]] const std::vector<Certificate>& TrustedFor(const Identity& present) const {
    return server_.trusted.empty() ? present.issuers() : server_.trusted;
  }

  [[nodiscard]] bool Pause(std::chrono::milliseconds pause) const;
  Result<CertificateChain> Ask(const IssueRequest& wanted);
  [[nodiscard]] Result<CmpClientPtr> MakeClient(const IssueRequest& wanted,
                                                CmpExchange& exchange) const;
  [[nodiscard]] Result<void> Run(OSSL_CMP_CTX* client, const CmpExchange& exchange,
                                 const std::string& sender) const;
  [[nodiscard]] Result<CertificateChain> TakeChain(const OSSL_CMP_CTX* client,
                                                   const Identity& present) const;

  const LibraryContext& context_;
  CmpServer server_;
  std::unique_ptr<Transport> transport_;
};

bool CmpIssuer::Pause(std::chrono::milliseconds pause) const {
  if (server_.pause) return server_.pause(pause);
  std::this_thread::sleep_for(pause);
  return true;
}

Result<CmpClientPtr> CmpIssuer::MakeClient(const IssueRequest& wanted,
                                           CmpExchange& exchange) const {
  CmpClientPtr client(OSSL_CMP_CTX_new(context_.get(), nullptr));
  const bool good =
      client && OSSL_CMP_CTX_set_log_cb(client.get(), LogStep) == 1 &&
      SetSender(client.get(), wanted.present) &&
      SetTrust(client.get(), exchange, TrustedFor(wanted.present), Recipient(wanted.present)) &&
      SetTemplate(client.get(), context_, wanted);
  if (good) return client;
  return Fail(TakeOpensslError(ErrorCode::kInternal).In("setting up OpenSSL's CMP client"));
}

/// Sends the request, and asks again for as long as the CA has not decided.
Result<void> CmpIssuer::Run(OSSL_CMP_CTX* client, const CmpExchange& exchange,
                            const std::string& sender) const {
  constexpr std::chrono::seconds kLeastPause(1);
  for (;;) {
    int seconds = 0;
    const int outcome = OSSL_CMP_try_certreq(client, OSSL_CMP_KUR, nullptr, &seconds);
    if (outcome == 1) return {};
    if (outcome == 0) {
      return Fail(exchange.failure() ? *exchange.failure()
                                     : DescribeCmpFailure(client, sender, exchange.distrust()));
    }
    const auto pause = std::max(std::chrono::seconds(seconds), kLeastPause);
    if (pause >= exchange.TimeLeft()) {
      return Fail(ErrorCode::kTimeout,
                  fmt::format("the CA has not decided yet, and wants to be asked again after {} s",
                              pause.count()),
                  Remedy::kAllowMoreTime, "run it again when the CA has approved the request");
    }
    if (!Pause(pause)) {
      return Fail(ErrorCode::kTimeout,
                  "the CA has not decided yet, and the program is told to end");
    }
  }
}

/// The leaf with those issuers that belong to it. The message's extra certificates are unprotected,
/// but BuildChain() verifies each signature.
Result<CertificateChain> CmpIssuer::TakeChain(const OSSL_CMP_CTX* client,
                                              const Identity& present) const {
  std::vector<Certificate> leaf;
  const CertificateStackPtr one(sk_X509_new_null());
  if (one && X509_add_cert(one.get(), OSSL_CMP_CTX_get0_newCert(client), X509_ADD_FLAG_UP_REF)) {
    AppendCertificates(context_, one.get(), leaf);
  }
  if (leaf.empty()) return Fail(TakeOpensslError(ErrorCode::kInternal).In("reading the answer"));
  std::vector<Certificate> pool;
  AppendCertificates(context_, CertificateStackPtr(OSSL_CMP_CTX_get1_extraCertsIn(client)).get(),
                     pool);
  AppendCertificates(context_, CertificateStackPtr(OSSL_CMP_CTX_get1_caPubs(client)).get(), pool);
  std::copy(server_.trusted.begin(), server_.trusted.end(), std::back_inserter(pool));
  std::copy(present.issuers().begin(), present.issuers().end(), std::back_inserter(pool));
  return BuildChain(std::move(leaf.front()), pool, std::chrono::system_clock::now());
}

Result<CertificateChain> CmpIssuer::Ask(const IssueRequest& wanted) {
  if (TrustedFor(wanted.present).empty()) {
    return Fail(ErrorCode::kCertificate,
                "no certificate of the CA is known by which to check its answer",
                "give the certificate of the CA that signs the server's answers");
  }
  CmpExchange exchange(context_, *transport_, server_.url, server_.limit);
  const auto client = MakeClient(wanted, exchange);
  if (!client) return Fail(Error(client.error()));
  auto done = Run(client->get(), exchange, Rfc2253Name(Recipient(wanted.present)));
  if (!done) return Fail(std::move(done));
  return TakeChain(client->get(), wanted.present);
}

}  // namespace

Result<Url> ParseCmpUrl(std::string_view text) {
  auto url = ParseEndpointUrl(text);
  if (url && !url->path.empty() && text.ends_with('/')) url->path += '/';
  return url;
}

std::unique_ptr<CertificateIssuer> MakeCmpIssuer(const LibraryContext& context, CmpServer server) {
  return std::make_unique<CmpIssuer>(context, std::move(server));
}

}  // namespace credmint
