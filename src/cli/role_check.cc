// SPDX-License-Identifier: Apache-2.0
#include "cli/role_check.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "identity/key_reference.h"
#include "identity/pin_source.h"
#include "rolesanywhere/arn.h"
#include "rolesanywhere/session_request.h"

namespace credmint::cli {
namespace {

using Use = KeyReference::Use;

class Checks {
 public:
  Checks(const CLI::App& command, const Configuration& file, const FileRole& role)
      : command_(command), file_(file), role_(role) {}

  /// What messages say in front of the name of the option.
  [[nodiscard]] std::string Source(std::string_view setting) const {
    const std::string place = Place({setting});
    return fmt::format("{}{}--{}", place, place.empty() ? "" : ": ", setting);
  }

  Result<void> Run() {
    auto checked = CheckSession();
    if (checked) checked = CheckEndpoint();
    if (checked) checked = CheckKey();
    if (checked) checked = CheckSecrets();
    return checked;
  }

 private:
  Result<void> CheckSession();
  Result<void> CheckTogether();
  Result<void> CheckEndpoint();
  Result<void> CheckKey();
  Result<void> CheckSecrets();

  /// Puts the place of the first of these settings that the file has in front of a failure.
  template <typename T>
  Result<void> At(std::initializer_list<std::string_view> settings, Result<T> result) {
    if (result) return {};
    return Fail(std::move(result), Place(settings));
  }
  [[nodiscard]] std::string Place(std::initializer_list<std::string_view> settings) const;
  [[nodiscard]] const Setting* Find(std::string_view setting) const;

  const CLI::App& command_;
  const Configuration& file_;
  const FileRole& role_;
};

bool IsTyped(const CLI::App& command, std::string_view setting) {
  const CLI::Option* option = command.get_option_no_throw(fmt::format("--{}", setting));
  return option != nullptr && !option->empty();
}

const Setting* Checks::Find(std::string_view setting) const {
  for (const Section* section :
       {role_.role, &file_.defaults, role_.identity, &std::as_const(file_.program)}) {
    if (section == nullptr) continue;
    if (const Setting* found = section->Find(setting)) return found;
  }
  return nullptr;
}

std::string Checks::Place(std::initializer_list<std::string_view> settings) const {
  const std::string role = fmt::format("[role.{}]", role_.options.name);
  bool typed = false;
  for (const std::string_view setting : settings) {
    if (IsTyped(command_, setting)) {
      typed = true;
    } else if (const Setting* found = Find(setting)) {
      return fmt::format("{}: {}", file_.At(found->line), role);
    }
  }
  return typed ? "" : fmt::format("{}: {}", file_.At(role_.role->line), role);
}

Result<void> Checks::CheckSession() {
  const ServiceOptions& service = role_.options.service;
  const SessionParameters& given = service.session;
  // One after the other, so that it is known which of them is at fault.
  if (auto all = CheckArnsAreGiven(service); !all) return At({}, std::move(all));
  auto checked = At({"trust-anchor-arn"}, ParseTrustAnchorArn(given.trust_anchor_arn));
  if (checked) checked = At({"profile-arn"}, ParseProfileArn(given.profile_arn));
  if (checked) checked = At({"role-arn"}, ParseRoleArn(given.role_arn));
  return checked ? CheckTogether() : checked;
}

Result<void> Checks::CheckTogether() {
  const ServiceOptions& service = role_.options.service;
  ServiceOptions plain;
  plain.session.trust_anchor_arn = service.session.trust_anchor_arn;
  plain.session.role_arn = service.session.role_arn;
  plain.session.profile_arn = service.session.profile_arn;
  auto checked = At({"role-arn", "profile-arn", "trust-anchor-arn"}, MakeSessionRequest(plain));
  if (!checked) return checked;
  ServiceOptions with = plain;
  with.session.region = service.session.region;
  checked = At({"region"}, MakeSessionRequest(with));
  if (!checked) return checked;
  with.duration_seconds = service.duration_seconds;
  checked = At({"session-duration"}, MakeSessionRequest(with));
  if (!checked) return checked;
  return At({"role-session-name"}, MakeSessionRequest(service));
}

/// Whether it is a URL is seen when it is used: that loads libcurl, which a cached answer needs
/// not.
Result<void> Checks::CheckEndpoint() {
  const ServiceOptions& service = role_.options.service;
  if (service.endpoint.empty() ||
      (!service.fips.value_or(false) && !service.dualstack.value_or(false))) {
    return {};
  }
  return At({"use-fips-endpoint", "use-dualstack-endpoint", "endpoint"},
            MakeSessionOptions(service));
}

Result<void> Checks::CheckKey() {
  const KeyOptions& key = role_.options.key;
  if (auto other = CheckSystemStore(key); !other) {
    return At({"system-store-name"}, std::move(other));
  }
  if (key.certificate.empty()) return At({}, MakeCertificateOptions(key));
  struct Reference {
    const std::string& text;
    std::string_view setting;
    Use use;
  };
  for (const Reference& each : {Reference{key.certificate, "certificate", Use::kCertificate},
                                Reference{key.private_key, "private-key", Use::kPrivateKey},
                                Reference{key.policy_key, "policy-key", Use::kPrivateKey}}) {
    if (each.text.empty()) continue;
    auto parsed = KeyReference::Parse(each.text, each.use);
    if (parsed) continue;
    return At({each.setting},
              Result<void>(Fail(std::move(parsed), fmt::format("--{}", each.setting))));
  }
  if (key.cert_selector.empty()) return {};
  return At({"cert-selector"}, MakeCertificateOptions(key));
}

Result<void> Checks::CheckSecrets() {
  const KeyOptions& key = role_.options.key;
  for (const auto& [source, setting] :
       {std::pair{&key.passin, "passin"}, std::pair{&key.context_passin, "context-passin"},
        std::pair{&key.parent_passin, "parent-passin"},
        std::pair{&key.policy_passin, "policy-passin"},
        std::pair{&key.policy_key_passin, "policy-key-passin"}}) {
    if (source->empty()) continue;
    auto parsed = PinSource::Parse(*source, fmt::format("--{}", setting));
    if (!parsed) return At({setting}, std::move(parsed));
  }
  return At({"no-tpm-key-password", "reuse-pin", "passin", "context-passin"},
            CheckSecretOptions(key));
}

}  // namespace

Result<void> CheckRole(const CLI::App& command, const Configuration& file, const FileRole& role) {
  return Checks(command, file, role).Run();
}

void NameSources(const CLI::App& command, const Configuration& file, FileRole& role) {
  const Checks checks(command, file, role);
  role.options.service.endpoint_source = checks.Source("endpoint");
  role.options.service.ca_bundle_source = checks.Source("ca-bundle");
}

}  // namespace credmint::cli
