// SPDX-License-Identifier: Apache-2.0
#include "doctor/examined_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "identity/referenced_file.h"

namespace credmint::doctor {
namespace {

std::optional<KeyReference> WithoutPin(const std::optional<KeyReference>& reference) {
  if (!reference) return std::nullopt;
  KeyReference copy = reference->Clone();
  static_cast<void>(copy.TakePin());
  return copy;
}

/// The row that can list the device of `scheme`.
const Scheme* ListingScheme(const Scheme& scheme) {
  for (const Scheme& other : Schemes()) {
    if (other.provider == scheme.provider && !other.inventory_parameter.empty()) return &other;
  }
  return nullptr;
}

/// The row of the device that a reference needs; null if it needs none.
const Scheme* DeviceScheme(const KeyReference& reference) {
  if (reference.scheme() != nullptr) return reference.scheme();
  std::error_code unknown;
  if (!reference.is_path() || !std::filesystem::is_regular_file(reference.text(), unknown)) {
    return nullptr;  // what can be read only once is left to the one who opens it
  }
  const auto file = ReadReferenced(reference);
  return file ? FindSchemeOfFile(file->Reveal()) : nullptr;
}

void AddIfNew(const std::string& name, std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

}  // namespace

Topic About(const Observer& observer, std::string subject, const ExaminedIdentity& identity) {
  return {observer, std::move(subject), identity.roles, identity.names};
}

std::vector<ExaminedIdentity> IdentitiesOf(std::span<const roles::Role> roles) {
  std::vector<ExaminedIdentity> identities;
  for (const roles::Role& role : roles) {
    for (const roles::NamedIdentity& named : roles::IdentitiesOf(role)) {
      const auto same = std::find_if(
          identities.begin(), identities.end(),
          [&](const ExaminedIdentity& identity) { return *identity.spec == *named.spec; });
      ExaminedIdentity& identity = same != identities.end() ? *same : identities.emplace_back();
      identity.spec = named.spec;
      AddIfNew(roles::NameOf(role), identity.roles);
      if (!role.spares.empty()) AddIfNew(named.name, identity.names);
    }
  }
  return identities;
}

std::shared_ptr<const IdentitySpec> WithoutLogin(const IdentitySpec& spec) {
  auto copy = std::make_shared<IdentitySpec>();
  copy->certificate.certificate = WithoutPin(spec.certificate.certificate);
  copy->certificate.intermediates = WithoutPin(spec.certificate.intermediates);
  copy->certificate.selector = spec.certificate.selector;
  copy->certificate.latest_expiring = spec.certificate.latest_expiring;
  copy->private_key = WithoutPin(spec.private_key);
  copy->allow_weak_key = spec.allow_weak_key;
  copy->parameters = spec.parameters;
  copy->sandbox = spec.sandbox;
  if (KeyOf(spec).is_file() && spec.secrets.user) copy->secrets.user = spec.secrets.user->Clone();
  return copy;
}

bool HasDeviceSecret(const IdentitySpec& spec) {
  const auto has_pin = [](const std::optional<KeyReference>& reference) {
    return reference && reference->has_pin();
  };
  return spec.secrets.user || spec.secrets.context || spec.secrets.parent || spec.secrets.policy ||
         spec.policy_key || has_pin(spec.private_key) || has_pin(spec.certificate.certificate);
}

const KeyReference& KeyOf(const IdentitySpec& spec) {
  return spec.private_key ? *spec.private_key : *spec.certificate.certificate;
}

std::optional<KeyReference> DeviceOf(const KeyReference& reference) {
  const Scheme* const scheme = DeviceScheme(reference);
  const Scheme* const listing = scheme != nullptr ? ListingScheme(*scheme) : nullptr;
  if (listing == nullptr) return std::nullopt;
  if (scheme->rfc7512) return WithoutPin(reference.ForAll());
  auto all = KeyReference::Parse(fmt::format("{}:", listing->name), KeyReference::Use::kAnything);
  return all ? std::optional(*std::move(all)) : std::nullopt;
}

std::vector<KeyReference> DevicesOf(const IdentitySpec& spec) {
  std::vector<KeyReference> devices;
  for (const auto* reference : {&spec.private_key, &spec.certificate.certificate,
                                &spec.certificate.intermediates, &spec.policy_key}) {
    auto place = *reference ? DeviceOf(**reference) : std::nullopt;
    const bool is_new = place && std::none_of(devices.begin(), devices.end(), [&](const auto& one) {
                          return one.place() == place->place();
                        });
    if (is_new) devices.push_back(*std::move(place));
  }
  return devices;
}

}  // namespace credmint::doctor
