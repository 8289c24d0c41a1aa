// SPDX-License-Identifier: Apache-2.0
#include "doctor/service_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "base/printable.h"
#include "base/time_left.h"
#include "base/timestamp.h"
#include "http/curl_transport.h"
#include "roles/role_session.h"
#include "rolesanywhere/service_error.h"
#include "rolesanywhere/session_minter.h"

namespace credmint::doctor {
namespace {

using std::chrono::microseconds;

/// A mint corrects a larger error of the clock by itself, and a much larger one not at all.
constexpr std::chrono::minutes kTolerableError{4};
constexpr std::chrono::hours kLargestError{24};

/// The same way for several roles.
struct Way {
  const roles::Role* role;
  std::vector<std::string> roles;
};

bool IsTheSameWay(const roles::SessionSpec& left, const roles::SessionSpec& right) {
  return left.request.region() == right.request.region() && left.endpoint == right.endpoint &&
         left.transport == right.transport && left.timeout == right.timeout;
}

std::vector<Way> WaysOf(std::span<const roles::Role> roles) {
  std::vector<Way> ways;
  for (const roles::Role& role : roles) {
    const auto same = std::find_if(ways.begin(), ways.end(), [&](const Way& way) {
      return IsTheSameWay(way.role->session, role.session);
    });
    Way& way = same != ways.end() ? *same : ways.emplace_back(Way{&role, {}});
    way.roles.push_back(roles::NameOf(role));
  }
  return ways;
}

std::string Milliseconds(microseconds time) {
  return fmt::format("{:.0f} ms", std::chrono::duration<double, std::milli>(time).count());
}

std::string After(std::optional<microseconds> time) {
  return time ? fmt::format(", after {}", Milliseconds(*time)) : "";
}

/// The result of a request without credentials.
struct Probe {
  Result<HttpResponse> response;
  ConnectionFacts facts;
};

Probe Ask(const Url& endpoint, const roles::SessionSpec& session, bool verify_tls) {
  TransportOptions options = session.transport;
  options.verify_tls = verify_tls;
  ConnectionFacts facts;
  const auto transport =
      MakeObservedTransport(std::move(options), [&](const ConnectionFacts& seen) { facts = seen; });
  auto response = transport->Send({"GET", endpoint, {}, {}}, session.timeout);
  return {std::move(response), std::move(facts)};
}

bool IsOfAws(std::string_view host) {
  return host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn") ||
         host.ends_with(".api.aws");
}

/// AWS has its certificates from its own CA. Another issuer is a proxy that reads what is sent.
bool IsInspected(const Url& endpoint, const std::string& issuer) {
  return IsOfAws(endpoint.host) && !issuer.empty() && issuer.find("Amazon") == std::string::npos;
}

/// Reports one way, step by step.
class Journey {
 public:
  Journey(const Observer& observer, const Way& way, Url endpoint)
      : observer_(observer), way_(way), endpoint_(std::move(endpoint)) {}

  void Run() {
    observer_.begins("the service");
    Probe probe = Ask(endpoint_, session(), session().transport.verify_tls);
    ReportConnection(probe);
    if (!IsConnected(probe)) return;
    if (endpoint_.scheme == "https") ReportTls(probe);
    if (!probe.response) return;
    ReportAnswer(*probe.response);
    ReportClock(*probe.response);
  }

 private:
  [[nodiscard]] const roles::SessionSpec& session() const { return way_.role->session; }
  [[nodiscard]] Topic About(std::string subject) const {
    return {observer_, std::move(subject), way_.roles};
  }

  void ReportConnection(const Probe& probe) const {
    const Topic topic = About("connection");
    const std::string name = HostHeader(endpoint_);
    if (!IsConnected(probe)) return topic.Fail(probe.response.error());
    const std::string& proxy = probe.facts.proxy;
    topic.Ok(fmt::format("{}: {} {}{}", name,
                         proxy.empty() ? "connected to" : "through the proxy " + proxy + " at",
                         probe.facts.address, After(probe.facts.connected)));
  }

  /// libcurl knows no time of the connection if the handshake on it fails.
  static bool IsConnected(const Probe& probe) { return probe.response || IsTls(probe); }

  static bool IsTls(const Probe& probe) {
    return !probe.response && probe.response.error().code == ErrorCode::kTls;
  }

  void ReportTls(const Probe& probe) const {
    const Topic topic = About("tls");
    if (IsTls(probe)) return topic.Fail(ExplainDistrust(probe.response.error()));
    const std::string text = fmt::format("the certificate was issued by {}{}",
                                         IssuerText(probe.facts), After(probe.facts.secured));
    if (!session().transport.verify_tls) {
      return topic.Warn("the service's certificate is not verified: " + text,
                        "anyone on the way can pretend to be the service");
    }
    if (!IsInspected(endpoint_, probe.facts.issuer)) return topic.Ok(text);
    topic.Warn(fmt::format("{}, not by Amazon: a proxy on the way reads what is sent", text),
               "ask the network's administrators to exempt this host");
  }

  static std::string IssuerText(const ConnectionFacts& facts) {
    return facts.issuer.empty() ? "an unknown CA" : PrintableUtf8(facts.issuer);
  }

  /// Asks again without verifying, to learn who issued the certificate. Nothing secret is sent.
  [[nodiscard]] Error ExplainDistrust(Error error) const {
    const Probe probe = Ask(endpoint_, session(), false);
    if (probe.facts.issuer.empty()) return error;
    error.message += fmt::format("; it was issued by {}", PrintableUtf8(probe.facts.issuer));
    if (IsInspected(endpoint_, probe.facts.issuer)) {
      error.message += ", not by Amazon: a proxy on the way reads what is sent";
    }
    return error;
  }

  /// The service answers this request with a refusal of its own.
  void ReportAnswer(const HttpResponse& response) const {
    const bool is_redirect = response.status >= 300 && response.status < 400;
    if (!is_redirect && !IsWebPage(response)) return;
    About("answer").Warn(
        fmt::format("{} came with status {}, perhaps from something else than the service",
                    is_redirect ? "a redirect" : "a web page", response.status),
        "is there a captive portal or a proxy on the way? a mint would tell");
  }

  void ReportClock(const HttpResponse& response) const {
    const Topic topic = About("clock");
    const auto header = FindHeader(response.headers, "Date");
    const auto date = header ? ParseHttpDate(*header) : Fail(ErrorCode::kMalformed, "");
    if (!date) {
      return topic.Skip("the service's answer has no date", "compare this machine's clock by hand");
    }
    const auto error =
        std::chrono::duration_cast<std::chrono::seconds>(*date - std::chrono::system_clock::now());
    const auto size = std::chrono::abs(error);
    const std::string text = fmt::format("this machine's clock is {} {} the service's",
                                         InWords(size), error.count() > 0 ? "behind" : "ahead of");
    if (size <= kTolerableError) return topic.Ok(text);
    const char* const hint = "set the clock, and keep it right with NTP";
    if (size > kLargestError) return topic.Fail({ErrorCode::kServiceRefused, text, hint});
    topic.Warn(text + ", which each mint corrects", hint);
  }

  const Observer& observer_;
  const Way& way_;
  const Url endpoint_;
};

}  // namespace

void CheckServices(const Observer& observer, std::span<const roles::Role> roles) {
  for (const Way& way : WaysOf(roles)) {
    const Topic topic(observer, "endpoint", way.roles);
    auto options = roles::MakeSessionOptions(*way.role, roles::Retrying::kHere);
    auto checked = options ? roles::CheckCaBundle(*way.role) : Result<void>();
    if (!options) {
      topic.Fail(std::move(options).error());
    } else if (!checked) {
      topic.Fail(std::move(checked).error());
    } else {
      if (!IsOfAws(options->endpoint.host)) observer.identified(options->endpoint.host);
      topic.Ok(FormatUrl(options->endpoint));
      Journey(observer, way, options->endpoint).Run();
    }
  }
}

void CheckMint(const Observer& observer, const LibraryContext& context, const roles::Role& role,
               const ExaminedIdentity& identity) {
  const Topic topic(observer, "mint", {roles::NameOf(role)});
  if (!identity.identity) return topic.Skip("there is no key that could sign", "");
  auto options = roles::MakeSessionOptions(role, roles::Retrying::kElsewhere);
  if (!options) return topic.Skip("there is no endpoint", "");
  const auto transport = MakeCurlTransport(role.session.transport);
  const auto opened = [&]() -> Result<std::shared_ptr<const Identity>> {
    return identity.identity;
  };
  SessionMinter minter(*std::move(options), context, opened, *transport);
  const auto start = std::chrono::steady_clock::now();
  const auto credentials = minter.Get();
  if (!credentials) return topic.Fail(credentials.error());
  topic.Ok(fmt::format("credentials {} until {}, after {}", credentials->access_key_id,
                       FormatTimestamp(credentials->expiration),
                       Milliseconds(std::chrono::duration_cast<microseconds>(
                           std::chrono::steady_clock::now() - start))));
}

}  // namespace credmint::doctor
