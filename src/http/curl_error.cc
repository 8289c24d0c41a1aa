// SPDX-License-Identifier: Apache-2.0
#include "http/curl_error.h"

#include <fmt/format.h>

#include <cctype>
#include <chrono>
#include <string>
#include <system_error>

#include "base/printable.h"
#include "http/curl_library.h"
#include "http/environment_proxy.h"

namespace credmint {
namespace {

// OpenSSL's X509_V_ERR_ numbers, as returned by CURLINFO_SSL_VERIFYRESULT.
constexpr long kUnableToGetIssuer = 2;
constexpr long kNotYetValid = 9;
constexpr long kHasExpired = 10;
constexpr long kSelfSignedLeaf = 18;
constexpr long kSelfSignedInChain = 19;
constexpr long kUnableToGetIssuerLocally = 20;
constexpr long kUnableToVerifyLeaf = 21;

template <typename T>
T Info(CURL* easy, CURLINFO info) {
  T value{};
  return Curl().easy_getinfo(easy, info, &value) == CURLE_OK ? value : T{};
}

/// Returns the system's message for the last failed call on the socket, or else libcurl's for the
/// code.
std::string Reason(const FailedTransfer& failed) {
  if (const long number = Info<long>(failed.easy, CURLINFO_OS_ERRNO); number != 0) {
    std::string reason = std::generic_category().message(static_cast<int>(number));
    reason[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(reason[0])));
    return reason;
  }
  const std::string reason = Printable(failed.detail);
  return reason.empty() ? Curl().easy_strerror(failed.code) : reason;
}

std::string Peer(const FailedTransfer& failed) {
  return fmt::format("{}:{}", failed.url.host, failed.url.port);
}

Error Connecting(const FailedTransfer& failed, ErrorCode code, std::string_view reason,
                 std::string_view hint) {
  return {code, fmt::format("connecting to {}: {}", Peer(failed), reason), std::string(hint)};
}

Error Connecting(const FailedTransfer& failed, ErrorCode code, std::string_view reason,
                 Remedy remedy) {
  return MakeError(code, fmt::format("connecting to {}: {}", Peer(failed), reason), remedy);
}

Error Receiving(const FailedTransfer& failed, ErrorCode code, std::string_view reason) {
  return MakeError(code, fmt::format("waiting for the answer of {}: {}", Peer(failed), reason),
                   !failed.proxy.empty() ? Remedy::kLeaveOutProxy : Remedy::kNone);
}

/// Whether the connection to the proxy, or the proxy's own answer, is missing. The host behind it
/// is not to blame then.
bool ProxyIsToBlame(const FailedTransfer& failed) {
  const bool has_answered = Info<long>(failed.easy, CURLINFO_HTTP_CONNECTCODE) != 0;
  return !failed.proxy.empty() && failed.url.scheme == "https" && !has_answered;
}

Error OfProxy(const FailedTransfer& failed, ErrorCode code, std::string_view what) {
  return MakeError(
      code, fmt::format("connecting to {}: the proxy {} {}", Peer(failed), failed.proxy, what),
      Remedy::kLeaveOutProxy);
}

Error CouldNotConnect(const FailedTransfer& failed) {
  if (!failed.proxy.empty()) {  // no connection is made to anything else
    return OfProxy(failed, ErrorCode::kNetwork,
                   fmt::format("cannot be reached: {}", Reason(failed)));
  }
  return Connecting(failed, ErrorCode::kNetwork, Reason(failed),
                    "check the endpoint, the firewall, and whether HTTPS_PROXY must be set");
}

Error TimedOut(const FailedTransfer& failed) {
  using Tenths = std::chrono::duration<int, std::deci>;
  const auto tenths = std::chrono::round<Tenths>(failed.timeout);
  const std::string elapsed = fmt::format("no answer within {:g} s", tenths.count() / 10.0);
  if (ProxyIsToBlame(failed)) {
    return OfProxy(failed, ErrorCode::kTimeout, "gives " + elapsed);
  }
  const bool connected = Info<curl_off_t>(failed.easy, CURLINFO_CONNECT_TIME_T) > 0;
  Error error = connected ? Receiving(failed, ErrorCode::kTimeout, elapsed)
                          : Connecting(failed, ErrorCode::kTimeout, elapsed, "");
  error.remedy = Remedy::kAllowMoreTime;
  if (!connected) error.hint = "check the firewall, and whether HTTPS_PROXY must be set";
  return error;
}

Error NotTrusted(const FailedTransfer& failed) {
  std::string_view hint;
  switch (Info<long>(failed.easy, CURLINFO_SSL_VERIFYRESULT)) {
    case kUnableToGetIssuer:
    case kSelfSignedLeaf:
    case kSelfSignedInChain:
    case kUnableToGetIssuerLocally:
    case kUnableToVerifyLeaf:
      return Connecting(failed, ErrorCode::kTls, Printable(failed.detail), Remedy::kNameCa);
    case kNotYetValid:
    case kHasExpired:
      hint = "check this machine's clock";
      break;
    default:
      hint = "check the endpoint";
  }
  return Connecting(failed, ErrorCode::kTls, Printable(failed.detail), hint);
}

Error ProxyRefused(const FailedTransfer& failed, long status) {
  if (status != kProxyWantsUser) {
    return OfProxy(failed, ErrorCode::kNetwork,
                   fmt::format("refused the connection with status {}", status));
  }
  Error error = OfProxy(failed, ErrorCode::kNetwork,
                        fmt::format("wants a user and a password (status {})", status));
  error.SetHint(kHowToNameUser);
  return error;
}

/// Describes failures after the connection was made, and unexpected ones.
Error DescribeReceiving(const FailedTransfer& failed) {
  switch (failed.code) {
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return Receiving(failed, ErrorCode::kNetwork, Reason(failed));
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return Receiving(failed, ErrorCode::kNetwork, "the connection ended before it was complete");
    case CURLE_OUT_OF_MEMORY:  // libcurl before 8.6: a header line beyond its limit
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
      return Receiving(failed, ErrorCode::kServiceAnswer, "it is too large");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
      return Receiving(failed, ErrorCode::kServiceAnswer, "it is not HTTP");
    default:
      return Connecting(failed, ErrorCode::kInternal, Reason(failed), "");
  }
}

}  // namespace

Error DescribeFailure(const FailedTransfer& failed) {
  const long proxy_status = Info<long>(failed.easy, CURLINFO_HTTP_CONNECTCODE);
  if (proxy_status >= 300) return ProxyRefused(failed, proxy_status);
  switch (failed.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Connecting(failed, ErrorCode::kNetwork, "its name cannot be resolved",
                        "check the region and the endpoint, the name servers, and whether "
                        "HTTPS_PROXY must be set");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return OfProxy(failed, ErrorCode::kNetwork, "has a name that cannot be resolved");
    case CURLE_COULDNT_CONNECT:
      return CouldNotConnect(failed);
    case CURLE_PROXY:
      return OfProxy(failed, ErrorCode::kNetwork, "fails: " + Printable(failed.detail));
    case CURLE_OPERATION_TIMEDOUT:
      return TimedOut(failed);
    case CURLE_PEER_FAILED_VERIFICATION:
      return NotTrusted(failed);
    case CURLE_SSL_CACERT_BADFILE:
      return Connecting(failed, ErrorCode::kLocalIo, "the file of trusted CAs cannot be read",
                        Remedy::kCheckCaFile);
    case CURLE_SSL_CONNECT_ERROR:
      // A connection reset during the handshake is a network failure, not a TLS failure.
      return Connecting(
          failed,
          Info<long>(failed.easy, CURLINFO_OS_ERRNO) != 0 ? ErrorCode::kNetwork : ErrorCode::kTls,
          Reason(failed), "the endpoint must speak TLS 1.2 or later");
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_USE_SSL_FAILED:
      return Connecting(failed, ErrorCode::kTls, Reason(failed), "");
    default:
      return DescribeReceiving(failed);
  }
}

}  // namespace credmint
