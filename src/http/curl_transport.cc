// SPDX-License-Identifier: Apache-2.0
#include "http/curl_transport.h"

#include <fmt/format.h>
#include <stdlib.h>
#include <string.h>

#include <array>
#include <cstddef>
#include <utility>
#include <vector>

#include "base/log.h"
#include "credmint_version.h"
#include "http/ca_locations.h"
#include "http/curl_error.h"
#include "http/curl_handles.h"
#include "http/environment_proxy.h"

namespace credmint {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxHeaderBytes = 64 << 10;
constexpr std::size_t kMaxBodyBytes = 1 << 20;

std::optional<std::string> GetEnvironment(const char* name) {
  const char* const value = getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Collects a response as libcurl delivers it. The body may hold secrets, so it stays in one buffer
/// that never moves and is wiped.
class Collector {
 public:
  Collector() { body_.reserve(kMaxBodyBytes); }
  ~Collector() { explicit_bzero(body_.data(), body_.size()); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Collector*>(self)->AddHeader({data, size}) ? size : 0;
  }
  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<Collector*>(self)->AddBody({data, size}) ? size : 0;
  }

  /// Describes the part that was too large, if that ended the transfer.
  [[nodiscard]] const std::string& excess() const { return excess_; }

  HttpResponse Take(int status) { return {status, std::move(headers_), Secret::Take(body_)}; }

 private:
  bool AddHeader(std::string_view line) noexcept {
    header_bytes_ += line.size();
    if (header_bytes_ > kMaxHeaderBytes) {
      excess_ = fmt::format("its header is longer than {} bytes", kMaxHeaderBytes);
      return false;
    }
    if (line.starts_with("HTTP/")) headers_.clear();  // an interim response preceded this one
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos) {
      headers_.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
    }
    return true;
  }

  bool AddBody(std::string_view part) noexcept {
    if (part.size() > kMaxBodyBytes - body_.size()) {
      excess_ = fmt::format("it is longer than {} bytes", kMaxBodyBytes);
      return false;
    }
    body_.insert(body_.end(), part.begin(), part.end());
    return true;
  }

  Headers headers_;
  std::size_t header_bytes_ = 0;
  std::vector<char> body_;
  std::string excess_;
};

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

Result<CurlListPtr> MakeHeaderList(const Headers& headers) {
  CurlListPtr list;
  const auto add = [&list](const std::string& line) {
    // The first call creates the list; later calls return it.
    curl_slist* const head = Curl().slist_append(list.get(), line.c_str());
    if (head == nullptr) return false;
    static_cast<void>(list.release());
    list.reset(head);
    return true;
  };
  bool good = add("Expect:");  // do not wait for "100 Continue"
  for (const auto& [name, value] : headers) {
    const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return Fail(ErrorCode::kInternal, fmt::format("the header {} has a line break", name));
    }
    good = good && add(line);
  }
  if (!good) return Fail(ErrorCode::kInternal, "out of memory");
  return list;
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
    if (text.starts_with(kIssuer)) return std::string(Trim(text.substr(kIssuer.size())));
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

class CurlTransport final : public Transport {
 public:
  CurlTransport(TransportOptions options, ConnectionObserver observer)
      : options_(std::move(options)),
        observer_(std::move(observer)),
        ca_locations_(FindCaLocations(options_.ca_bundle, GetEnvironment)) {}

  Result<HttpResponse> Send(const HttpRequest& request, milliseconds timeout) override {
    const auto start = steady_clock::now();
    Result<HttpResponse> response = Transfer(request, timeout);
    const auto elapsed =
        std::chrono::duration_cast<milliseconds>(steady_clock::now() - start).count();
    LogDebug(fmt::format("{} {}: {} after {} ms", request.method, FormatUrl(request.url),
                         response ? fmt::format("status {}", response->status) : "no answer",
                         elapsed));
    return response;
  }

 private:
  [[nodiscard]] Result<HttpResponse> Transfer(const HttpRequest& request,
                                              milliseconds timeout) const;
  void SetTrust(EasyHandle& easy) const;

  const TransportOptions options_;
  const ConnectionObserver observer_;  ///< may be null
  const CaLocations ca_locations_;
};

/// Sets everything to send except the header fields, and the timeout.
void SetRequest(EasyHandle& easy, const HttpRequest& request, milliseconds timeout) {
  easy.Set(CURLOPT_URL, FormatUrl(request.url).c_str());
  easy.Set(CURLOPT_PATH_AS_IS, 1L);  // the path was signed as it is
  easy.Set(CURLOPT_PROTOCOLS_STR, "http,https");
  easy.Set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  easy.Set(CURLOPT_FOLLOWLOCATION, 0L);
  easy.Set(CURLOPT_NOSIGNAL, 1L);
  easy.Set(CURLOPT_QUICK_EXIT, 1L);  // a hanging name lookup must not outlast the timeout
  easy.Set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout.count()));
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

Result<HttpResponse> CurlTransport::Transfer(const HttpRequest& request,
                                             milliseconds timeout) const {
  if (timeout <= milliseconds(0)) {
    return Fail(ErrorCode::kTimeout, "no time was left to send the request",
                Remedy::kAllowMoreTime);
  }
  if (auto curl = LoadCurl(); !curl) return Fail(std::move(curl));
  Result<CurlListPtr> headers = MakeHeaderList(request.headers);
  if (!headers) return Fail(std::move(headers));
  Collector collector;
  std::array<char, CURL_ERROR_SIZE> detail{};
  const bool use_proxy = options_.use_proxy && !IsLoopback(request.url);

  EasyHandle easy;
  SetRequest(easy, request, timeout);
  easy.Set(CURLOPT_HTTPHEADER, headers->get());
  if (!use_proxy) easy.Set(CURLOPT_PROXY, "");
  easy.Set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SetTrust(easy);
  easy.Set(CURLOPT_HEADERFUNCTION, &Collector::OnHeader);
  easy.Set(CURLOPT_HEADERDATA, &collector);
  easy.Set(CURLOPT_WRITEFUNCTION, &Collector::OnBody);
  easy.Set(CURLOPT_WRITEDATA, &collector);
  easy.Set(CURLOPT_ERRORBUFFER, detail.data());
  if (observer_) easy.Set(CURLOPT_CERTINFO, 1L);
  if (easy.failure() != CURLE_OK) {
    return Fail(ErrorCode::kInternal,
                fmt::format("setting up libcurl: {}", Curl().easy_strerror(easy.failure())));
  }

  const CURLcode code = Curl().easy_perform(easy.get());
  const std::string proxy = use_proxy ? EnvironmentProxy(request.url) : "";
  if (observer_) observer_(FactsOf(easy.get(), proxy));
  if (!collector.excess().empty()) {
    return Fail(ErrorCode::kServiceAnswer,
                fmt::format("reading the answer of {}:{}: {}", request.url.host, request.url.port,
                            collector.excess()));
  }
  if (code != CURLE_OK) {
    return Fail(DescribeFailure({code, easy.get(), detail.data(), request.url, timeout, proxy}));
  }
  long status = 0;
  Curl().easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return collector.Take(static_cast<int>(status));
}

}  // namespace

std::unique_ptr<Transport> MakeCurlTransport(TransportOptions options) {
  return MakeObservedTransport(std::move(options), nullptr);
}

std::unique_ptr<Transport> MakeObservedTransport(TransportOptions options,
                                                 ConnectionObserver observer) {
  return std::make_unique<CurlTransport>(std::move(options), std::move(observer));
}

}  // namespace credmint
