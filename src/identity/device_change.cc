// SPDX-License-Identifier: Apache-2.0
#include "identity/device_change.h"

#include <fmt/format.h>

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
    case DeviceChange::Kind::kInitToken:
      return scheme.so_pin_parameter;
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

/// Fails for a wish that the back end does not know, rather than to make another key.
Result<void> SetNewKey(const Scheme& scheme, const DeviceChange& change, StoreOptions& options) {
  if (!change.key_id.empty()) {
    if (scheme.key_id_parameter.empty()) return CannotSet(scheme);
    options.octets.emplace_back(scheme.key_id_parameter, change.key_id);
  }
  const std::pair<std::string_view, std::string> texts[] = {
      {scheme.key_parent_parameter, change.key_parent},
      {scheme.key_state_parameter, change.key_state},
      {scheme.tries_uncounted_parameter, change.tries_uncounted ? "1" : ""},
      {scheme.key_beside_parameter, change.beside ? "1" : ""}};
  for (const auto& [parameter, value] : texts) {
    if (value.empty()) continue;
    if (parameter.empty()) return CannotSet(scheme);
    options.parameters.emplace_back(parameter, value);
  }
  auto set = SetSecret(scheme, scheme.key_auth_parameter, change.key_auth, options);
  if (set) set = SetSecret(scheme, scheme.owner_auth_parameter, change.owner_auth, options);
  return set;
}

}  // namespace

Result<void> SetChange(const Scheme& scheme, const DeviceChange& change, StoreOptions& options) {
  using Change = DeviceChange::Kind;
  const std::string_view parameter = ParameterOf(scheme, change.kind);
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
    case Change::kInitToken:
      options.secrets.emplace_back(parameter, change.so_pin.Clone());
      options.secrets.emplace_back(scheme.user_pin_parameter, change.user_pin.Clone());
      break;
    case Change::kStoreCertificate:
      options.octets.emplace_back(parameter, change.certificates);
      return SetStoring(scheme, change, options);
  }
  return {};
}

}  // namespace credmint
