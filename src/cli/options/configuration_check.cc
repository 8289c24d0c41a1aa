// SPDX-License-Identifier: Apache-2.0
#include "cli/options/configuration_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "cli/options/named_files.h"
#include "cli/options/role_settings.h"
#include "cli/options/server_flags.h"
#include "cli/options/settings.h"
#include "daemon/role_server.h"
#include "rolesanywhere/endpoint.h"

namespace credmint::cli {
namespace {

/// A section with its header, for messages.
struct Headed {
  std::string header;
  const Section& section;
};

/// Sections that may set an option, in order of precedence. The first is the one that is checked.
using Places = std::initializer_list<Headed>;

class FileCheck {
 public:
  FileCheck(const Configuration& file, Mistakes& mistakes) : file_(file), mistakes_(mistakes) {}

  void Run() {
    const bool is_readable = mistakes_.empty();
    CheckCommonSettings();
    for (const Section& identity : file_.identities) CheckIdentity(identity);
    for (const Section& role : file_.roles) CheckRole(role);
    if (is_readable && file_.roles.empty()) {
      mistakes_.push_back(
          {0, {ErrorCode::kUsage, "it defines no role", "add a [role.NAME] section"}});
    }
    std::stable_sort(
        mistakes_.begin(), mistakes_.end(),
        [](const Mistake& left, const Mistake& right) { return left.line < right.line; });
  }

 private:
  void CheckCommonSettings() {
    RoleSettings& settings = Fresh();
    ApplySettings(file_.program, settings.program, mistakes_);
    ApplySettings(file_.defaults, settings.session, mistakes_);
    const auto server = CheckServerSettings(file_.serve, mistakes_);
    token_file_ = server.token_file;
    Note(AbsentFolderOf(token_file_), {{"[serve]", file_.serve}});
    // Those of the sandbox are for all identities.
    if (auto parsed = ParseIdentity(settings.options.key)) {
      Note(AbsentFiles(**parsed), {{"before the first table", file_.program}});
    }
  }

  void CheckIdentity(const Section& identity) {
    RoleSettings& settings = Fresh();
    ApplySettings(identity, settings.identity, mistakes_);
    const Headed place{fmt::format("[identity.{}]", identity.name), identity};
    const auto parsed = ParseIdentity(settings.options.key);
    if (parsed) return CheckFiles(**parsed, place);
    Note(parsed.error(), {place});
    CheckRest(place, parsed.error());
  }

  /// The identity without the settings that were refused.
  void CheckRest(const Headed& place, const Refusals& refusals) {
    Section rest = place.section;
    for (const Refusal& refusal : refusals) {
      std::erase_if(rest.settings, [&](const Setting& setting) {
        return std::count(refusal.options.begin(), refusal.options.end(), setting.name) > 0;
      });
    }
    RoleSettings& settings = Fresh();
    Mistakes known;
    ApplySettings(rest, settings.identity, known);
    if (const auto parsed = ParseIdentity(settings.options.key)) CheckFiles(**parsed, place);
  }

  void CheckFiles(const IdentitySpec& identity, const Headed& place) {
    Refusals refusals = AbsentFiles(identity);
    cli::Note(refusals, CheckCertificateIsGiven(identity), {"certificate"});
    Note(refusals, {place});
  }

  void CheckRole(const Section& role) {
    RoleSettings& settings = Fresh();
    Mistakes known;
    ApplySettings(file_.defaults, settings.session, known);
    ApplySettings(role, settings.session, mistakes_);
    const Headed own{fmt::format("[role.{}]", role.name), role};
    const Headed defaults{"[defaults]", file_.defaults};
    CheckIdentitiesOf(role);
    const ServiceOptions& service = settings.options.service;
    const roles::Sharing& sharing = settings.options.sharing;
    Refusals of_server = AbsentFolderOf(sharing.token_file);
    cli::Note(of_server, daemon::CheckTokenFile(sharing, token_file_),
              {"token-file", "token-group"});
    Note(of_server, {own, defaults});
    if (const auto parsed = ParseSession(service); !parsed) Note(parsed.error(), {own, defaults});
    Refusals of_service = AbsentFile("ca-bundle", service.ca_bundle);
    if (!service.endpoint.empty()) {
      cli::Note(of_service, ResolveEndpoint("", {.custom = service.endpoint}), {"endpoint"});
    }
    Note(of_service, {own, defaults});
  }

  void CheckIdentitiesOf(const Section& role) {
    const int line = LineOfIdentities(file_, role);
    if (IsNoted(line) && line != role.line) return;  // its value is no name
    auto identities = identities_.Of(role);
    if (identities && identities->empty()) {
      identities = Fail(ErrorCode::kUsage, fmt::format("[role.{}] has no identity", role.name),
                        "add an [identity.NAME] section with certificate and private-key");
    }
    if (!identities) mistakes_.push_back({line, std::move(identities).error()});
  }

  void Note(const Refusals& refusals, Places places) {
    for (const Refusal& refusal : refusals) Note(refusal, places);
  }

  /// A setting with an earlier mistake was not applied, or is one that several roles use.
  void Note(const Refusal& refusal, Places places) {
    Error what = refusal.error;
    for (const std::string_view option : refusal.options) {
      for (const Headed& place : places) {
        const Setting* const setting = place.section.Find(option);
        if (setting == nullptr) continue;
        if (IsNoted(setting->line)) return;
        return mistakes_.push_back({setting->line, std::move(what).In(place.header)});
      }
    }
    const Headed& checked = *places.begin();
    if (places.size() > 1 && refusal.options.size() == 1) {
      what.SetHint(
          fmt::format("add {} to {} or [defaults]", refusal.options.front(), checked.header));
    }
    mistakes_.push_back({checked.section.line, std::move(what).In(checked.header)});
  }

  [[nodiscard]] bool IsNoted(int line) const {
    return std::any_of(mistakes_.begin(), mistakes_.end(),
                       [line](const Mistake& mistake) { return mistake.line == line; });
  }

  /// Without values. The values of the previous call are gone.
  RoleSettings& Fresh() {
    settings_.Reset();
    return settings_;
  }

  const Configuration& file_;
  Mistakes& mistakes_;
  IdentityIndex identities_{file_};
  RoleSettings settings_;
  std::string token_file_;  ///< of [serve]
};

}  // namespace

void CheckConfiguration(const Configuration& file, Mistakes& mistakes) {
  FileCheck(file, mistakes).Run();
}

}  // namespace credmint::cli
