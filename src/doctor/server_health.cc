// SPDX-License-Identifier: Apache-2.0
#include "doctor/server_health.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "http/curl_transport.h"

namespace credmint::doctor {
namespace {

constexpr std::chrono::seconds kHealthTimeout{5};
constexpr int kOk = 200;
constexpr int kUnavailable = 503;

Result<HttpResponse> AskForHealth(const std::string& place) {
  auto url = ParseEndpointUrl("http://" + place);
  if (!url) return Fail(std::move(url));
  url->path = "/healthz";
  TransportOptions options;
  options.use_proxy = false;
  auto response =
      MakeCurlTransport(std::move(options))->Send({"GET", *url, {}, {}}, kHealthTimeout);
  if (response) return response;
  Error error = std::move(response).error();
  error.SetHint("check that serve runs, and that this is its status address");
  return Fail(std::move(error));
}

}  // namespace

Result<void> CheckServerHealth(const std::string& address, std::uint16_t port) {
  const std::string place = fmt::format("{}:{}", address, port);
  const auto response = AskForHealth(place);
  if (!response) return Fail(response, "asking serve for its health");
  if (response->status == kOk) return {};
  if (response->status != kUnavailable) {
    return Fail(ErrorCode::kServiceAnswer,
                fmt::format("{} answers with status {}, as no serve does", place, response->status),
                "check that this is the status address of serve");
  }
  return Fail(ErrorCode::kServiceBusy, fmt::format("serve has no credentials for each role: {}",
                                                   Printable(response->body.Reveal())));
}

}  // namespace credmint::doctor
