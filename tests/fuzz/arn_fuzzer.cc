// SPDX-License-Identifier: Apache-2.0
// Fed: six lines: the ARNs of trust anchor, profile and role, a session name, a region, a duration.
//
// Holds: the parts of an ARN are its text. An ARN of some kind is an ARN. The body of an accepted
// request is JSON with the same texts.

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/input.h"
#include "fuzz/require.h"
#include "rolesanywhere/arn.h"
#include "rolesanywhere/session_request.h"

namespace credmint {
namespace {

using test::Require;

void CheckArn(const std::string& text) {
  const auto arn = ParseArn(text);
  for (const auto& kind : {ParseTrustAnchorArn(text), ParseProfileArn(text), ParseRoleArn(text)}) {
    Require(!kind || (arn && *kind == *arn), "an ARN of some kind is an ARN");
    if (!kind) test::RequireOneLine(kind.error().message, "a refusal is one line");
  }
  if (!arn) return test::RequireOneLine(arn.error().message, "a refusal is one line");
  Require(text == "arn:" + arn->partition + ":" + arn->service + ":" + arn->region + ":" +
                      arn->account + ":" + arn->resource,
          "the parts of an ARN are its text");
}

void Check(test::Input input) {
  SessionParameters parameters;
  for (auto* text : {&parameters.trust_anchor_arn, &parameters.profile_arn, &parameters.role_arn}) {
    *text = input.Line();
    CheckArn(*text);
  }
  parameters.role_session_name = input.Line();
  parameters.region = input.Line();
  parameters.duration = std::chrono::seconds(std::atoi(std::string(input.Line()).c_str()));
  const auto request = SessionRequest::Create(parameters);
  if (!request) return test::RequireOneLine(request.error().message, "a refusal is one line");
  const auto body = nlohmann::json::parse(request->Body(), nullptr, false);
  Require(body.is_object() && body["roleArn"] == parameters.role_arn &&
              body["profileArn"] == parameters.profile_arn &&
              body["trustAnchorArn"] == parameters.trust_anchor_arn,
          "the body has the ARNs");
}

}  // namespace
}  // namespace credmint

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::Check(credmint::test::Input(data, size));
  return 0;
}
