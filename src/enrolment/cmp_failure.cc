// SPDX-License-Identifier: Apache-2.0
#include "enrolment/cmp_failure.h"

#include <fmt/format.h>
#include <openssl/err.h>

#include <array>
#include <string_view>

#include "base/printable.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

constexpr auto kFailureBits = std::to_array<std::string_view>({"badAlg",
                                                               "badMessageCheck",
                                                               "badRequest",
                                                               "badTime",
                                                               "badCertId",
                                                               "badDataFormat",
                                                               "wrongAuthority",
                                                               "incorrectData",
                                                               "missingTimeStamp",
                                                               "badPOP",
                                                               "certRevoked",
                                                               "certConfirmed",
                                                               "wrongIntegrity",
                                                               "badRecipientNonce",
                                                               "timeNotAvailable",
                                                               "unacceptedPolicy",
                                                               "unacceptedExtension",
                                                               "addInfoNotAvailable",
                                                               "badSenderNonce",
                                                               "badCertTemplate",
                                                               "signerNotTrusted",
                                                               "transactionIdInUse",
                                                               "unsupportedVersion",
                                                               "notAuthorized",
                                                               "systemUnavail",
                                                               "systemFailure",
                                                               "duplicateCertReq"});

/// Appends with a comma, if there is something to append.
void Append(std::string& list, std::string_view more) {
  if (!list.empty() && !more.empty()) list += ", ";
  list += more;
}

/// The words of a CA for people, in one line.
std::string StatusText(const OSSL_CMP_CTX* context) {
  std::string text;
  const OSSL_CMP_PKIFREETEXT* const lines = OSSL_CMP_CTX_get0_statusString(context);
  for (int i = 0; i < sk_ASN1_UTF8STRING_num(lines); ++i) {
    const ASN1_UTF8STRING* const line = sk_ASN1_UTF8STRING_value(lines, i);
    Append(text, {reinterpret_cast<const char*>(ASN1_STRING_get0_data(line)),
                  static_cast<std::size_t>(ASN1_STRING_length(line))});
  }
  return Printable(text);
}

/// The words of an error message beyond its status. OpenSSL keeps them in its queue alone.
std::string Details() {
  constexpr std::string_view kBefore = "; errorDetails: ";
  const char* data = nullptr;
  int flags = 0;
  ERR_peek_last_error_all(nullptr, nullptr, nullptr, &data, &flags);
  const std::string_view text = data != nullptr && (flags & ERR_TXT_STRING) != 0 ? data : "";
  const std::size_t at = text.find(kBefore);
  return at == std::string_view::npos ? "" : Printable(text.substr(at + kBefore.size()));
}

Error Refusal(const OSSL_CMP_CTX* context) {
  std::string why = StatusText(context);
  Append(why, Details());
  const std::string bits = CmpFailureNames(OSSL_CMP_CTX_get_failInfoCode(context));
  if (why.empty()) {
    why = bits.empty() ? "it gives no reason" : bits;
  } else if (!bits.empty()) {
    why += fmt::format(" ({})", bits);
  }
  return {ErrorCode::kServiceRefused, "the CA refuses: " + why, {}};
}

/// Empties the error queue. Returns whether it has this error of OpenSSL's CMP library.
bool TakeCmpReason(int reason) {
  bool found = false;
  while (const unsigned long error = ERR_get_error()) {
    found = found || (ERR_GET_LIB(error) == ERR_LIB_CMP && ERR_GET_REASON(error) == reason);
  }
  return found;
}

Error OfStranger(const std::string& sender) {
  ERR_clear_error();
  return {ErrorCode::kServiceAnswer, fmt::format("the answer is not from {}", sender),
          "if another name answers for the CA, give it as the recipient"};
}

Error NotSigned(const std::string& sender, const std::string& distrust) {
  constexpr const char* kNameCa = "give the certificate of the CA that signs the server's answers";
  if (TakeCmpReason(CMP_R_MISSING_KEY_USAGE_DIGITALSIGNATURE)) {
    return {ErrorCode::kServiceAnswer,
            fmt::format("the certificate of {} may not sign answers: its keyUsage lacks "
                        "digitalSignature",
                        sender),
            {}};
  }
  if (!distrust.empty()) {
    return {ErrorCode::kServiceAnswer, "the signer of the answer is not trusted: " + distrust,
            kNameCa};
  }
  return {ErrorCode::kServiceAnswer,
          fmt::format("the answer is not signed by a trusted certificate of {}", sender), kNameCa};
}

Error Unusable() {
  constexpr std::size_t kMaxReasons = 400;
  Error error = TakeOpensslError(ErrorCode::kServiceAnswer);
  if (error.code != ErrorCode::kServiceAnswer) return error;  // the key's
  return {ErrorCode::kServiceAnswer,
          "OpenSSL's CMP client fails: " + Printable(error.message, kMaxReasons),
          {}};
}

}  // namespace

std::string CmpFailureNames(int bits) {
  std::string names;
  for (std::size_t bit = 0; bits > 0; ++bit, bits >>= 1) {
    if ((bits & 1) == 0) continue;
    Append(names, bit < kFailureBits.size() ? kFailureBits[bit] : fmt::format("bit {}", bit));
  }
  return names;
}

Error DescribeCmpFailure(const OSSL_CMP_CTX* context, const std::string& sender,
                         const std::string& distrust) {
  const unsigned long last = ERR_peek_last_error();
  if (last == 0) return OfStranger(sender);  // OpenSSL 3.0 gives no reason for that alone
  if (OSSL_CMP_CTX_get_status(context) == OSSL_CMP_PKISTATUS_rejection) {
    Error refusal = Refusal(context);
    ERR_clear_error();
    return refusal;
  }
  switch (ERR_GET_LIB(last) == ERR_LIB_CMP ? ERR_GET_REASON(last) : 0) {
#ifdef CMP_R_UNEXPECTED_SENDER
    case CMP_R_UNEXPECTED_SENDER:
      return OfStranger(sender);
#endif
    case CMP_R_MISSING_PROTECTION:
      ERR_clear_error();
      return {ErrorCode::kServiceAnswer, "the answer is not protected", {}};
    case CMP_R_ERROR_VALIDATING_PROTECTION:
      return NotSigned(sender, distrust);
    case CMP_R_TRANSACTIONID_UNMATCHED:
    case CMP_R_RECIPNONCE_UNMATCHED:
      ERR_clear_error();
      return {ErrorCode::kServiceAnswer, "the answer belongs to another request", {}};
    default:
      return Unusable();
  }
}

}  // namespace credmint
