// SPDX-License-Identifier: Apache-2.0
#include "enrolment/cmp_exchange.h"

#include <fmt/format.h>
#include <openssl/asn1.h>

#include <algorithm>
#include <utility>

#include "base/printable.h"
#include "identity/refusals.h"
#include "ossl/certificate.h"
#include "ossl/default_context.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;

constexpr const char* kMediaType = "application/pkixcmp";
constexpr milliseconds kLongestAnswer{60'000};  // the limit may be a day, for waiting
constexpr int kErrorBody = 23;  // the choice "error" of PKIBody (RFC 9810 section 5.1.2)
constexpr int kAppData = 0;     // the index that OpenSSL leaves to programs in each class

std::string MediaType(const HttpResponse& response) {
  const auto type = FindHeader(response.headers, "Content-Type");
  return type ? Printable(*type, 60) : "no content type";
}

}  // namespace

bool CmpExchange::Attach(OSSL_CMP_CTX* client, X509_STORE* trusted) {
  X509_STORE_set_verify_cb(trusted, &CmpExchange::NoteDistrust);
  return X509_STORE_set_ex_data(trusted, kAppData, this) == 1 &&
         OSSL_CMP_CTX_set_transfer_cb(client, &CmpExchange::Transfer) == 1 &&
         OSSL_CMP_CTX_set_transfer_cb_arg(client, this) == 1 &&
         OSSL_CMP_CTX_set_certConf_cb(client, &CmpExchange::Judge) == 1 &&
         OSSL_CMP_CTX_set_certConf_cb_arg(client, this) == 1;
}

int CmpExchange::NoteDistrust(int is_good, X509_STORE_CTX* path) {
  auto* const self =
      static_cast<CmpExchange*>(X509_STORE_get_ex_data(X509_STORE_CTX_get0_store(path), kAppData));
  if (is_good != 0) return is_good;
  const X509* const blamed = X509_STORE_CTX_get_current_cert(path);
  self->distrust_ = fmt::format(
      "{}: {}", blamed != nullptr ? Rfc2253Name(X509_get_subject_name(blamed)) : "its signer",
      X509_verify_cert_error_string(X509_STORE_CTX_get_error(path)));
  return is_good;
}

milliseconds CmpExchange::TimeLeft() const {
  return std::chrono::duration_cast<milliseconds>(end_ - std::chrono::steady_clock::now());
}

OSSL_CMP_MSG* CmpExchange::Transfer(OSSL_CMP_CTX* client, const OSSL_CMP_MSG* message) {
  auto* const self = static_cast<CmpExchange*>(OSSL_CMP_CTX_get_transfer_cb_arg(client));
  auto answer = self->Send(message);
  if (answer) {
    // Many CAs do not sign the errors that they send. To believe one costs a renewal at most.
    OSSL_CMP_CTX_set_option(client, OSSL_CMP_OPT_UNPROTECTED_ERRORS,
                            OSSL_CMP_MSG_get_bodytype(*answer) == kErrorBody ? 1 : 0);
    return *answer;
  }
  // A certificate that was refused is the better reason, if the CA does not want to hear it.
  if (!self->failure_) self->failure_ = std::move(answer).error();
  return nullptr;
}

Result<OSSL_CMP_MSG*> CmpExchange::Send(const OSSL_CMP_MSG* message) {
  unsigned char* der = nullptr;
  const int size = i2d_OSSL_CMP_MSG(message, &der);
  if (size <= 0) return Fail(TakeOpensslError(ErrorCode::kInternal).In("encoding the message"));
  HttpRequest request{.method = "POST",
                      .url = *url_,
                      .headers = {{"Host", HostHeader(*url_)},
                                  {"Connection", "close"},  // or OpenSSL's server would wait
                                  {"Content-Type", kMediaType}},
                      .body = {reinterpret_cast<char*>(der), static_cast<std::size_t>(size)}};
  OPENSSL_free(der);
  const auto response = [&] {
    const DefaultContext of_libcurl(OSSL_LIB_CTX_get0_global_default());
    return transport_->Send(request, std::min(TimeLeft(), kLongestAnswer));
  }();
  if (!response) return Fail(Error(response.error()));
  return Parse(*response);
}

/// The message may come with any status (RFC 9811 section 3.2).
Result<OSSL_CMP_MSG*> CmpExchange::Parse(const HttpResponse& response) const {
  const std::string_view body = response.body.Reveal();
  const auto* const begin = reinterpret_cast<const unsigned char*>(body.data());
  const unsigned char* cursor = begin;
  ASN1_VALUE* const parsed =
      ASN1_item_d2i_ex(nullptr, &cursor, static_cast<long>(body.size()),
                       ASN1_ITEM_rptr(OSSL_CMP_MSG), context_->get(), nullptr);
  auto* const message = reinterpret_cast<OSSL_CMP_MSG*>(parsed);
  if (message != nullptr && cursor == begin + body.size()) return message;
  OSSL_CMP_MSG_free(message);
  ERR_clear_error();
  if (!IsSuccess(response)) {
    return Fail(
        ErrorCode::kServiceAnswer,
        fmt::format("the server answers with status {} and no CMP message", response.status),
        "check the URL, whose path is set up at the CA");
  }
  return Fail(
      ErrorCode::kServiceAnswer,
      fmt::format("the answer is no CMP message ({} bytes, {})", body.size(), MediaType(response)),
      "check the URL, whose path is set up at the CA");
}

Result<void> CmpExchange::CheckCertificate(X509* certificate, bool fits) const {
  if (!fits) {
    return Fail(ErrorCode::kServiceAnswer, "the CA's certificate is for another key");
  }
  if (X509_up_ref(certificate) != 1) return Fail(ErrorCode::kInternal, "out of memory");
  const Certificate leaf{X509Ptr(certificate)};
  const auto reasons = LeafRefusals(leaf, std::chrono::system_clock::now());
  if (reasons.empty()) return {};
  return Fail(ErrorCode::kServiceAnswer,
              fmt::format("the CA's certificate {} is of no use: {}", leaf.Subject(),
                          reasons.front().message),
              reasons.front().hint);
}

/// OpenSSL has compared the keys: `failure_bits` is not 0 if they differ.
int CmpExchange::Judge(OSSL_CMP_CTX* client, X509* certificate, int failure_bits,
                       const char** text) {
  auto* const self = static_cast<CmpExchange*>(OSSL_CMP_CTX_get_certConf_cb_arg(client));
  auto checked = self->CheckCertificate(certificate, failure_bits == 0);
  ERR_clear_error();
  if (checked) return 0;
  self->failure_ = std::move(checked).error();
  *text = self->failure_->message.c_str();
  return OSSL_CMP_CTX_FAILINFO_incorrectData;
}

}  // namespace credmint
