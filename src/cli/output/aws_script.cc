// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>

#include "cli/output/first_files.h"

namespace credmint::cli {
namespace {

constexpr std::string_view kScript = R"(#!/bin/sh
# Made by credmint init. Makes a trust anchor for the CA, a role and a profile, and writes their
# ARNs into config.toml beside this file. Run it where the AWS CLI may administer IAM and IAM Roles
# Anywhere, in one region:
#   sh {script} ca.pem
# What is there already, such as the trust anchor of another server or what an earlier run made, is
# used if its ARN is in the variable TRUST_ANCHOR, ROLE or PROFILE.
set -eu

if [ -z "${{TRUST_ANCHOR:-}}" ]; then
  ca=$(sed -n '/^-----BEGIN CERT/,/^-----END CERT/p' "${{1:?is missing: the CA certificate in PEM}}")
  [ -n "$ca" ] || {{ echo "$1 holds no certificate in PEM" >&2; exit 1; }}
  TRUST_ANCHOR=$(aws rolesanywhere create-trust-anchor --name {name} --enabled \
    --source "sourceType=CERTIFICATE_BUNDLE,sourceData={{x509CertificateData=$ca}}" \
    --query trustAnchor.trustAnchorArn --output text)
  echo "TRUST_ANCHOR=$TRUST_ANCHOR"
fi

# Only certificates below this trust anchor, with this common name, get the role.
if [ -z "${{ROLE:-}}" ]; then
  ROLE=$(aws iam create-role --role-name {name} --assume-role-policy-document '{{
    "Version": "2012-10-17",
    "Statement": [{{
      "Effect": "Allow",
      "Principal": {{"Service": "rolesanywhere.amazonaws.com"}},
      "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
      "Condition": {{
        "ArnEquals": {{"aws:SourceArn": "'"$TRUST_ANCHOR"'"}},
        "StringEquals": {{"aws:PrincipalTag/x509Subject/CN": {common_name}}}
      }}
    }}]
  }}' --query Role.Arn --output text)
  echo "ROLE=$ROLE"
fi
# The role may do nothing yet. Attach the policies that the server needs, such as:
#   aws iam attach-role-policy --role-name {name} \
#     --policy-arn arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess

if [ -z "${{PROFILE:-}}" ]; then
  PROFILE=$(aws rolesanywhere create-profile --name {name} --enabled --role-arns "$ROLE" \
    --duration-seconds 3600 --query profile.profileArn --output text)
  echo "PROFILE=$PROFILE"
fi

config=$(dirname "$0")/config.toml
if [ -w "$config" ]; then
  filled=$(sed -e "s|^trust-anchor-arn = .*|trust-anchor-arn = \"$TRUST_ANCHOR\"|" \
    -e "s|^profile-arn = .*|profile-arn = \"$PROFILE\"|" \
    -e "s|^role-arn = .*|role-arn = \"$ROLE\"|" "$config")
  printf '%s\n' "$filled" > "$config"
  echo "$config has these ARNs."
else
  echo "Put these lines into [role.{name}] of config.toml on the server:"
  printf '%s-arn = "%s"\n' trust-anchor "$TRUST_ANCHOR" profile "$PROFILE" role "$ROLE"
fi
)";

std::string Replaced(std::string_view text, char old, std::string_view by) {
  std::string result;
  for (const char c : text) {
    if (c == old) {
      result += by;
    } else {
      result += c;
    }
  }
  return result;
}

/// A policy's text in JSON, for single quotes of a shell: ASCII without such quotes and without
/// '$'. IAM would take "${" for the begin of a variable; "${$}" is a '$'.
std::string PolicyText(std::string_view text) {
  const nlohmann::json literal = Replaced(text, '$', "${$}");
  const std::string json = literal.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return Replaced(Replaced(json, '\'', "\\u0027"), '$', "\\u0024");
}

}  // namespace

std::string FormatAwsScript(const FirstIdentity& identity) {
  return fmt::format(kScript, fmt::arg("script", kAwsScriptFile), fmt::arg("name", identity.name),
                     fmt::arg("common_name", PolicyText(identity.common_name)));
}

}  // namespace credmint::cli
