// SPDX-License-Identifier: Apache-2.0
#include "serve/health/status.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <string_view>

#include "credmint_version.h"
#include "serve/api/host_check.h"
#include "serve/health/cause.h"

namespace credmint::serve {
namespace {

/// Builds lines of Prometheus' text format 0.0.4, one metric after the other.
class MetricsText {
 public:
  void Begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }

  void AddSample(std::string_view suffix, double value, std::string_view labels) {
    text_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, labels, value);
  }

  /// `labels` is the text between the braces; no braces if it is empty.
  void Add(std::int64_t value, std::string_view labels = {}) {
    text_ += labels.empty() ? fmt::format("{} {}\n", name_, value)
                            : fmt::format("{}{{{}}} {}\n", name_, labels, value);
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string name_;
  std::string text_;
};

std::string Label(std::string_view name, std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return fmt::format("{}=\"{}\"", name, escaped);
}

std::int64_t SecondsSinceEpoch(TimePoint time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// Adds up the codes that share a reason.
std::map<std::string_view, std::uint64_t> ByReason(const RefresherState& state) {
  std::map<std::string_view, std::uint64_t> counts;
  for (const auto& [code, count] : state.failures) counts[ReasonOf(code)] += count;
  return counts;
}

void AddRefreshes(MetricsText& metrics, const std::vector<RoleStatus>& roles) {
  metrics.Begin("credmint_refreshes_total", "counter", "Completed calls for new credentials.");
  for (const RoleStatus& role : roles) {
    metrics.Add(static_cast<std::int64_t>(role.state.calls), Label("role", role.name));
  }
  metrics.Begin("credmint_refresh_failures_total", "counter", "Failed calls for new credentials.");
  for (const RoleStatus& role : roles) {
    for (const auto& [reason, count] : ByReason(role.state)) {
      metrics.Add(static_cast<std::int64_t>(count),
                  Label("role", role.name) + "," + Label("reason", reason));
    }
  }
  metrics.Begin("credmint_credentials_expiry_timestamp_seconds", "gauge",
                "Expiration of the latest credentials, in seconds since the epoch.");
  for (const RoleStatus& role : roles) {
    if (role.state.expiration) {
      metrics.Add(SecondsSinceEpoch(*role.state.expiration), Label("role", role.name));
    }
  }
  metrics.Begin("credmint_certificate_not_after_timestamp_seconds", "gauge",
                "End of the certificate in use, in seconds since the epoch.");
  for (const RoleStatus& role : roles) {
    if (role.certificate_expires) {
      metrics.Add(SecondsSinceEpoch(*role.certificate_expires), Label("role", role.name));
    }
  }
}

void AddSpares(MetricsText& metrics, const std::vector<RoleStatus>& roles) {
  metrics.Begin("credmint_spare_identity_in_use", "gauge",
                "Whether the role uses another identity than its first.");
  for (const RoleStatus& role : roles) {
    metrics.Add(role.spare_in_use.empty() ? 0 : 1, Label("role", role.name));
  }
}

void AddServer(MetricsText& metrics, const ServerStatus& server) {
  metrics.Begin("credmint_http_requests_total", "counter", "Answered requests.");
  for (const auto& [key, count] : server.requests()) {
    metrics.Add(static_cast<std::int64_t>(count),
                Label("interface", key.first) + "," + Label("status", std::to_string(key.second)));
  }
  metrics.Begin("credmint_credentials_given_total", "counter",
                "Answers with credentials, by the user who got them.");
  for (const auto& [key, count] : server.given()) {
    const auto& [role, user] = key;
    metrics.Add(static_cast<std::int64_t>(count),
                Label("role", role) + "," + Label("uid", user ? std::to_string(*user) : "unknown"));
  }
  metrics.Begin("credmint_user_refusals_total", "counter",
                "Requests refused because their user may have no role.");
  metrics.Add(static_cast<std::int64_t>(server.refusals()));
  metrics.Begin("credmint_http_connections", "gauge", "Open connections.");
  metrics.Add(server.connections());
  metrics.Begin("credmint_metadata_tokens_issued_total", "counter", "Metadata tokens issued.");
  metrics.Add(static_cast<std::int64_t>(server.tokens()));
}

void AddKeyProcesses(MetricsText& metrics, const std::vector<KeyProcessStatus>& processes) {
  if (processes.empty()) return;
  metrics.Begin("credmint_key_process_running", "gauge",
                "Whether there is a process for the keys of a module or TPM.");
  for (const auto& process : processes) {
    metrics.Add(process.runs ? 1 : 0, Label("device", process.device));
  }
  metrics.Begin("credmint_key_process_ends_total", "counter",
                "Key processes that ended unasked, by cause.");
  for (const auto& process : processes) {
    for (const auto& [cause, count] : process.ends) {
      metrics.Add(static_cast<std::int64_t>(count),
                  Label("device", process.device) + "," + Label("cause", cause));
    }
  }
  metrics.Begin("credmint_signing_seconds", "histogram", "Time of a signature.");
  for (const auto& process : processes) {
    const std::string device = Label("device", process.device);
    for (const auto& [limit, count] : process.signatures) {
      metrics.AddSample("_bucket", static_cast<double>(count),
                        device + "," + Label("le", fmt::format("{:g}", limit)));
    }
    const auto count = static_cast<double>(process.signature_count);
    metrics.AddSample("_bucket", count, device + "," + Label("le", "+Inf"));
    metrics.AddSample("_sum", process.signature_seconds, device);
    metrics.AddSample("_count", count, device);
  }
}

}  // namespace

Response Status::Answer(const Request& request) const {
  if (!IsLocalRequest(request, listen_address_)) {
    return TextResponse(400, "only requests from this machine to itself are answered\n");
  }
  const bool is_health = request.path == "/healthz";
  if (!is_health && request.path != "/metrics") {
    return TextResponse(404, "the paths are /healthz and /metrics\n");
  }
  if (request.method != "GET") return WrongMethod("GET");
  return is_health ? Health() : Metrics();
}

Response Status::Health() const {
  std::string reasons;
  std::string notes;
  for (const RoleStatus& role : roles_()) {
    if (!role.spare_in_use.empty()) {
      notes += fmt::format("{}: uses the identity {}\n", role.name, role.spare_in_use);
    }
    if (role.state.has_valid) continue;
    const auto& failure = role.state.failure;
    reasons += failure
                   ? fmt::format("{}: {} ({})\n", role.name, ReasonOf(*failure), CauseOf(*failure))
                   : fmt::format("{}: Pending\n", role.name);
  }
  return reasons.empty() ? TextResponse(200, "ok\n" + notes) : TextResponse(503, reasons);
}

Response Status::Metrics() const {
  MetricsText metrics;
  metrics.Begin("credmint_build_info", "gauge", "The running version.");
  metrics.Add(1, Label("version", CREDMINT_VERSION));
  const std::vector<RoleStatus> roles = roles_();
  AddRefreshes(metrics, roles);
  AddSpares(metrics, roles);
  AddServer(metrics, server_);
  if (server_.key_processes) AddKeyProcesses(metrics, server_.key_processes());
  Response response = TextResponse(200, metrics.text());
  response.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}};
  return response;
}

}  // namespace credmint::serve
