// SPDX-License-Identifier: Apache-2.0
#include "identity/device_change.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>
#include <utility>

namespace credmint {
namespace {

tl::unexpected<Error> CannotSet(const Scheme& scheme) {
  return Fail(ErrorCode::kUsage, fmt::format("{} knows no such property of a key", scheme.device));
}

/// Sets the parameter for a secret of a change, unless the secret is empty.
Result<void> SetSecret(const Scheme& scheme, std::string_view parameter, const Secret& secret,
                       StoreOptions& options) {
  if (secret.empty()) return {};
  if (parameter.empty()) return CannotSet(scheme);
  options.secrets.emplace_back(parameter, secret.Clone());
  return {};
}

/// The parameter that makes the change; empty if the back end has none.
std::string_view ParameterOf(const Scheme& scheme, DeviceChange::Kind kind) {
  switch (kind) {
    case DeviceChange::Kind::kCreateKey:
      return scheme.create_key_parameter;
    case DeviceChange::Kind::kFindKeyToDelete:
    case DeviceChange::Kind::kDeleteKey:
      return scheme.delete_key_parameter;
    case DeviceChange::Kind::kSignPolicy:
      return scheme.sign_policy_parameter;
    case DeviceChange::Kind::kInitToken:
      return scheme.so_pin_parameter;
    case DeviceChange::Kind::kAttest:
      return scheme.attest_parameter;
    case DeviceChange::Kind::kAnswerChallenge:
      return scheme.challenge_parameter;
    case DeviceChange::Kind::kStoreCertificate:
      break;
  }
  return scheme.store_certificate_parameter;
}

/// Sets the wishes about certificates to store. Fails for one that the back end does not know.
Result<void> SetStoring(const Scheme& scheme, const DeviceChange& change, StoreOptions& options) {
  const bool tells_replaced = !scheme.replaced_certificate_parameter.empty();
  const bool overwrite = change.overwrite || (!change.replaced.empty() && !tells_replaced);
  if (!change.replaced.empty() && tells_replaced) {
    options.octets.emplace_back(scheme.replaced_certificate_parameter, change.replaced);
  }
  for (const auto& [wish, parameter] :
       {std::pair(change.keep_old, scheme.keep_certificates_parameter),
        std::pair(overwrite, scheme.overwrite_parameter)}) {
    if (!wish) continue;
    if (parameter.empty()) {
      return Fail(ErrorCode::kUsage,
                  fmt::format("{} knows no such wish about a certificate", scheme.device));
    }
    options.parameters.emplace_back(parameter, "1");
  }
  return SetSecret(scheme, scheme.owner_auth_parameter, change.owner_auth, options);
}

/// Sets parameters, unless their value is empty. Fails for a wish that the back end does not know,
/// rather than to make another key.
Result<void> SetTexts(const Scheme& scheme,
                      std::initializer_list<std::pair<std::string_view, std::string>> texts,
                      StoreOptions& options) {
  for (const auto& [parameter, value] : texts) {
    if (value.empty()) continue;
    if (parameter.empty()) return CannotSet(scheme);
    options.parameters.emplace_back(parameter, value);
  }
  return {};
}

/// The same for bytes.
Result<void> SetOctets(const Scheme& scheme,
                       std::initializer_list<std::pair<std::string_view, Bytes>> octets,
                       StoreOptions& options) {
  for (const auto& [parameter, value] : octets) {
    if (value.empty()) continue;
    if (parameter.empty()) return CannotSet(scheme);
    options.octets.emplace_back(parameter, value);
  }
  return {};
}

Result<void> SetPolicy(const Scheme& scheme, const DeviceChange& change, StoreOptions& options) {
  auto set = SetOctets(scheme, {{scheme.key_policy_parameter, change.key_policy}}, options);
  if (set) set = SetTexts(scheme, {{scheme.key_state_parameter, change.key_state}}, options);
  return set;
}

Result<void> SetNewKey(const Scheme& scheme, const DeviceChange& change, StoreOptions& options) {
  auto set = SetPolicy(scheme, change, options);
  if (set) set = SetOctets(scheme, {{scheme.key_id_parameter, change.key_id}}, options);
  if (set) {
    set = SetTexts(scheme,
                   {{scheme.key_parent_parameter, change.key_parent},
                    {scheme.key_authority_parameter, change.under_authority ? "1" : ""},
                    {scheme.tries_uncounted_parameter, change.tries_uncounted ? "1" : ""},
                    {scheme.key_beside_parameter, change.beside ? "1" : ""}},
                   options);
  }
  if (set) set = SetSecret(scheme, scheme.key_auth_parameter, change.key_auth, options);
  if (set) set = SetSecret(scheme, scheme.owner_auth_parameter, change.owner_auth, options);
  return set;
}

}  // namespace

Result<void> SetChange(const Scheme& scheme, const DeviceChange& change, StoreOptions& options) {
  using Change = DeviceChange::Kind;
  const std::string_view parameter = ParameterOf(scheme, change.kind);
  if (parameter.empty() && change.kind == Change::kAnswerChallenge) {
    return Fail(ErrorCode::kUsage, fmt::format("{} answers no challenge", scheme.device),
                "only a TPM does: what a token states is a claim");
  }
  if (parameter.empty()) {
    return Fail(ErrorCode::kUsage, fmt::format("{} cannot be changed in this way", scheme.device));
  }
  switch (change.kind) {
    case Change::kCreateKey:
      options.parameters.emplace_back(parameter, change.key_type);
      return SetNewKey(scheme, change, options);
    case Change::kFindKeyToDelete:
      options.parameters.emplace_back(parameter, "look");
      break;
    case Change::kDeleteKey:
      options.parameters.emplace_back(parameter, "1");
      return SetSecret(scheme, scheme.owner_auth_parameter, change.owner_auth, options);
    case Change::kSignPolicy:
      options.parameters.emplace_back(parameter, change.keep_old ? "keep" : "1");
      return SetPolicy(scheme, change, options);
    case Change::kInitToken:
      options.secrets.emplace_back(parameter, change.so_pin.Clone());
      options.secrets.emplace_back(scheme.user_pin_parameter, change.user_pin.Clone());
      break;
    case Change::kStoreCertificate:
      options.octets.emplace_back(parameter, change.certificates);
      return SetStoring(scheme, change, options);
    case Change::kAttest:
      options.octets.emplace_back(parameter, change.nonce);
      return SetSecret(scheme, scheme.endorsement_auth_parameter, change.endorsement_auth, options);
    case Change::kAnswerChallenge:
      options.octets.emplace_back(parameter, change.challenge);
      return SetSecret(scheme, scheme.endorsement_auth_parameter, change.endorsement_auth, options);
  }
  return {};
}

}  // namespace credmint
