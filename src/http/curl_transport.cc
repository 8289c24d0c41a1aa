// SPDX-License-Identifier: Apache-2.0
#include "http/curl_transport.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/log.h"
#include "credmint_version.h"
#include "http/ca_locations.h"
#include "http/curl_error.h"
#include "http/curl_handles.h"
#include "http/environment_proxy.h"
#include "http/request_ahead.h"
#include "http/response_collector.h"
#include "ossl/default_context.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::optional<std::string> GetEnvironment(const char* name) {
  const char* const value = getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

/// An easy handle, with the first error from setting one of its options.
class EasyHandle {
 public:
  EasyHandle() : easy_(Curl().easy_init()) {}

  template <typename T>
  void Set(CURLoption option, T value) {
    const CURLcode code = Curl().easy_setopt(easy_.get(), option, value);
    if (failure_ == CURLE_OK) failure_ = code;
  }

  [[nodiscard]] CURL* get() const { return easy_.get(); }
  [[nodiscard]] CURLcode failure() const { return easy_ ? failure_ : CURLE_FAILED_INIT; }

 private:
  CurlPtr easy_;
  CURLcode failure_ = CURLE_OK;
};

/// libcurl's list of header fields. The first call of slist_append() creates it, and later ones
/// return it, so a transfer that has it sees what is added.
class HeaderList {
 public:
  /// Fails with kInternal.
  Result<void> Add(const Headers& headers) {
    for (const auto& [name, value] : headers) {
      const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
      if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
        return Fail(ErrorCode::kInternal, fmt::format("the header {} has a line break", name));
      }
      if (auto added = AddLine(line); !added) return added;
    }
    return {};
  }

  Result<void> AddLine(const std::string& line) {
    curl_slist* const head = Curl().slist_append(list_.get(), line.c_str());
    if (head == nullptr) return Fail(ErrorCode::kInternal, "out of memory");
    static_cast<void>(list_.release());
    list_.reset(head);
    return {};
  }

  [[nodiscard]] curl_slist* get() const { return list_.get(); }

 private:
  CurlListPtr list_;
};

/// Adds the header fields when the connection stands.
struct LateHeaders {
  RequestAhead& ahead;
  HeaderList& list;
  Result<void> added = {};

  static int OnConnected(void* self, char* /*peer*/, char* /*here*/, int /*port*/, int /*own*/) {
    auto& late = *static_cast<LateHeaders*>(self);
    const Headers* const headers = late.ahead.AwaitHeaders();
    if (headers == nullptr) return CURL_PREREQFUNC_ABORT;
    late.added = late.list.Add(*headers);
    return late.added ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }
};

std::string TooLarge(ResponseCollector::Excess excess) {
  if (excess == ResponseCollector::Excess::kBody) {
    return fmt::format("it is longer than {} bytes", ResponseCollector::kMaxBodyBytes);
  }
  return fmt::format("its header is longer than {} bytes", ResponseCollector::kMaxHeaderBytes);
}

std::optional<std::chrono::microseconds> EndOf(CURL* easy, CURLINFO step) {
  curl_off_t time = 0;
  const bool known = Curl().easy_getinfo(easy, step, &time) == CURLE_OK && time > 0;
  return known ? std::optional(std::chrono::microseconds(time)) : std::nullopt;
}

std::string IssuerOfHost(CURL* easy) {
  constexpr std::string_view kIssuer = "Issuer:";
  const curl_certinfo* chain = nullptr;
  if (Curl().easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr ||
      chain->num_of_certs == 0) {
    return {};
  }
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next) {
    const std::string_view text = line->data;
    if (text.starts_with(kIssuer)) return std::string(TrimBlanks(text.substr(kIssuer.size())));
  }
  return {};
}

ConnectionFacts FactsOf(CURL* easy, const std::string& proxy) {
  const char* ip = nullptr;
  long port = 0;
  Curl().easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip);
  Curl().easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
  return {.resolved = EndOf(easy, CURLINFO_NAMELOOKUP_TIME_T),
          .connected = EndOf(easy, CURLINFO_CONNECT_TIME_T),
          .secured = EndOf(easy, CURLINFO_APPCONNECT_TIME_T),
          .address = ip == nullptr || *ip == '\0' ? "" : fmt::format("{}:{}", ip, port),
          .proxy = proxy,
          .issuer = IssuerOfHost(easy)};
}

CURLcode ResultOf(CURLM* multi) {
  int more = 0;
  const CURLMsg* const message = Curl().multi_info_read(multi, &more);
  return message != nullptr ? message->data.result : CURLE_FAILED_INIT;
}

/// A deadline of a transfer that may move, and its other end.
struct Patience {
  steady_clock::time_point deadline;
  RequestAhead* ahead;  ///< null: the deadline stands

  [[nodiscard]] milliseconds Left() const {
    const auto end = ahead != nullptr ? ahead->deadline() : deadline;
    return std::chrono::ceil<milliseconds>(end - steady_clock::now());
  }
  [[nodiscard]] bool IsAbandoned() const { return ahead != nullptr && ahead->is_abandoned(); }
};

CURLcode RunTransfer(CURLM* multi, const Patience& patience) {
  constexpr milliseconds kLongestPoll{1000};
  for (int running = 1;;) {
    if (Curl().multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
    if (running == 0) return ResultOf(multi);
    const milliseconds left = patience.Left();
    if (patience.IsAbandoned()) return CURLE_ABORTED_BY_CALLBACK;
    if (left <= milliseconds(0)) return CURLE_OPERATION_TIMEDOUT;
    const auto wait = static_cast<int>(std::min(left, kLongestPoll).count());
    Curl().multi_poll(multi, nullptr, 0, wait, nullptr);
  }
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(TransportOptions options, OSSL_LIB_CTX* tls, ConnectionObserver observer)
      : options_(std::move(options)),
        tls_(tls),
        observer_(std::move(observer)),
        ca_locations_(FindCaLocations(options_.ca_bundle, GetEnvironment)) {}

  void Prepare(const HttpRequest& request, milliseconds timeout) override {
    ahead_ = std::make_unique<RequestAhead>(request, steady_clock::now() + timeout);
    ahead_->Start([this, timeout](RequestAhead& ahead) {
      return Transfer(ahead.request(), timeout, &ahead);
    });
  }

  void AwaitConnection() override {
    if (ahead_) ahead_->AwaitConnection();
  }

  Result<HttpResponse> Send(const HttpRequest& request, milliseconds timeout) override {
    const auto start = steady_clock::now();
    Result<HttpResponse> response = Carry(request, timeout);
    const auto elapsed =
        std::chrono::duration_cast<milliseconds>(steady_clock::now() - start).count();
    LogDebug(fmt::format("{} {}: {} after {} ms", request.method, FormatUrl(request.url),
                         response ? fmt::format("status {}", response->status) : "no answer",
                         elapsed));
    return response;
  }

  void Close() override {
    ahead_.reset();
    multi_.reset();
  }

 private:
  Result<HttpResponse> Carry(const HttpRequest& request, milliseconds timeout);
  Result<HttpResponse> Transfer(const HttpRequest& request, milliseconds timeout,
                                RequestAhead* ahead);
  CURLcode Perform(CURL* easy, const Patience& patience);
  void SetTrust(EasyHandle& easy) const;

  const TransportOptions options_;
  OSSL_LIB_CTX* const tls_;            ///< may be null
  const ConnectionObserver observer_;  ///< may be null
  const CaLocations ca_locations_;
  CurlMultiPtr
      multi_;  ///< keeps the connection for a further request; used by one thread at a time
  std::unique_ptr<RequestAhead> ahead_;  ///< ends before the members that it uses
};

/// Sets everything to send except the header fields.
void SetRequest(EasyHandle& easy, const HttpRequest& request) {
  easy.Set(CURLOPT_URL, FormatUrl(request.url).c_str());
  easy.Set(CURLOPT_PATH_AS_IS, 1L);  // the path was signed as it is
  easy.Set(CURLOPT_PROTOCOLS_STR, "http,https");
  easy.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  easy.Set(CURLOPT_FOLLOWLOCATION, 0L);
  easy.Set(CURLOPT_NOSIGNAL, 1L);
  easy.Set(CURLOPT_QUICK_EXIT, 1L);  // a hanging name lookup must not outlast the timeout
  easy.Set(CURLOPT_USERAGENT, "credmint/" CREDMINT_VERSION);
  if (!request.body.empty() || request.method == "POST") {
    easy.Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    easy.Set(CURLOPT_POSTFIELDS, request.body.c_str());
  }
  easy.Set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void CurlTransport::SetTrust(EasyHandle& easy) const {
  easy.Set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  for (const auto option : {CURLOPT_SSL_VERIFYPEER, CURLOPT_PROXY_SSL_VERIFYPEER}) {
    easy.Set(option, options_.verify_tls ? 1L : 0L);
  }
  for (const auto option : {CURLOPT_SSL_VERIFYHOST, CURLOPT_PROXY_SSL_VERIFYHOST}) {
    easy.Set(option, options_.verify_tls ? 2L : 0L);
  }
  if (!ca_locations_.file && !ca_locations_.directory) return;
  const auto text = [](const std::optional<std::string>& path) {
    return path ? path->c_str() : nullptr;
  };
  for (const auto option : {CURLOPT_CAINFO, CURLOPT_PROXY_CAINFO}) {
    easy.Set(option, text(ca_locations_.file));
  }
  for (const auto option : {CURLOPT_CAPATH, CURLOPT_PROXY_CAPATH}) {
    easy.Set(option, text(ca_locations_.directory));
  }
}

Result<HttpResponse> CurlTransport::Carry(const HttpRequest& request, milliseconds timeout) {
  const std::unique_ptr<RequestAhead> ahead = std::move(ahead_);
  if (ahead && ahead->IsFor(request)) {
    return ahead->Finish(request.headers, steady_clock::now() + timeout);
  }
  if (ahead) ahead->Abandon();
  if (timeout <= milliseconds(0)) {
    return Fail(ErrorCode::kTimeout, "no time was left to send the request",
                Remedy::kAllowMoreTime);
  }
  return Transfer(request, timeout, nullptr);
}

/// Runs on the thread of `ahead`, if there is one.
Result<HttpResponse> CurlTransport::Transfer(const HttpRequest& request, milliseconds timeout,
                                             RequestAhead* ahead) {
  const Patience patience{steady_clock::now() + timeout, ahead};
  if (auto curl = LoadCurl(); !curl) return Fail(std::move(curl));
  HeaderList headers;
  Result<void> added = headers.AddLine("Expect:");  // do not wait for "100 Continue"
  if (added && ahead == nullptr) added = headers.Add(request.headers);
  if (!added) return Fail(std::move(added));
  ResponseCollector collector;
  std::array<char, CURL_ERROR_SIZE> detail{};
  const bool use_proxy = options_.use_proxy && !IsLoopback(request.url);

  EasyHandle easy;
  SetRequest(easy, request);
  easy.Set(CURLOPT_HTTPHEADER, headers.get());
  std::optional<LateHeaders> late;
  if (ahead != nullptr) {
    late.emplace(LateHeaders{*ahead, headers});
    easy.Set(CURLOPT_PREREQFUNCTION, &LateHeaders::OnConnected);
    easy.Set(CURLOPT_PREREQDATA, &*late);
  }
  if (!use_proxy) easy.Set(CURLOPT_PROXY, "");
  easy.Set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SetTrust(easy);
  easy.Set(CURLOPT_HEADERFUNCTION, &ResponseCollector::OnHeader);
  easy.Set(CURLOPT_HEADERDATA, &collector);
  easy.Set(CURLOPT_WRITEFUNCTION, &ResponseCollector::OnBody);
  easy.Set(CURLOPT_WRITEDATA, &collector);
  easy.Set(CURLOPT_ERRORBUFFER, detail.data());
  if (observer_) easy.Set(CURLOPT_CERTINFO, 1L);
  if (easy.failure() != CURLE_OK) {
    return Fail(ErrorCode::kInternal,
                fmt::format("setting up libcurl: {}", Curl().easy_strerror(easy.failure())));
  }

  const CURLcode code = Perform(easy.get(), patience);
  if (late && !late->added) return Fail(std::move(late->added));
  const std::string proxy = use_proxy ? EnvironmentProxy(request.url) : "";
  if (observer_) observer_(FactsOf(easy.get(), proxy));
  if (collector.excess() != ResponseCollector::Excess::kNone) {
    return Fail(ErrorCode::kServiceAnswer,
                fmt::format("reading the answer of {}:{}: {}", request.url.host, request.url.port,
                            TooLarge(collector.excess())));
  }
  if (code != CURLE_OK) {
    return Fail(DescribeFailure({code, easy.get(), detail.data(), request.url, timeout, proxy}));
  }
  long status = 0;
  Curl().easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return collector.Take(static_cast<int>(status));
}

CURLcode CurlTransport::Perform(CURL* easy, const Patience& patience) {
  if (!multi_) multi_.reset(Curl().multi_init());
  if (!multi_ || Curl().multi_add_handle(multi_.get(), easy) != CURLM_OK) {
    return CURLE_FAILED_INIT;
  }
  const auto wake = [multi = multi_.get()] { Curl().multi_wakeup(multi); };
  if (patience.ahead != nullptr) patience.ahead->SetWaker(wake);
  // libcurl uses the thread's default context. OpenSSL has read its configuration when libcurl was
  // loaded; it would go there otherwise.
  const DefaultContext context(tls_);
  const CURLcode code = RunTransfer(multi_.get(), patience);
  if (patience.ahead != nullptr) patience.ahead->SetWaker(nullptr);
  Curl().multi_remove_handle(multi_.get(), easy);
  return code;
}

}  // namespace

std::unique_ptr<Transport> MakeCurlTransport(TransportOptions options, OSSL_LIB_CTX* tls) {
  return std::make_unique<CurlTransport>(std::move(options), tls, nullptr);
}

std::unique_ptr<Transport> MakeObservedTransport(TransportOptions options,
                                                 ConnectionObserver observer) {
  return std::make_unique<CurlTransport>(std::move(options), nullptr, std::move(observer));
}

}  // namespace credmint
