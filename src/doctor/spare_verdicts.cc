// SPDX-License-Identifier: Apache-2.0
#include "doctor/spare_verdicts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "identity/device_loss.h"

namespace credmint::doctor {
namespace {

bool Holds(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

SpareVerdicts::SpareVerdicts(const Observer& observer, std::span<const roles::Role> roles)
    : observer_(observer),
      roles_(roles),
      has_spares_(std::any_of(roles.begin(), roles.end(),
                              [](const roles::Role& role) { return !role.spares.empty(); })) {}

Observer SpareVerdicts::observer() {
  if (!has_spares_) return observer_;
  return {.begins = observer_.begins,
          .checked = [this](const Check& check) { Note(check); },
          .identified = observer_.identified};
}

void SpareVerdicts::Note(const Check& check) {
  held_.push_back(check);
  if (check.verdict != Verdict::kFail) return;
  const Health health = IsDeviceLoss(check.what.code) ? Health::kLost : Health::kBroken;
  for (const std::string& name : check.identities) {
    Health& known = health_[name];
    known = std::max(known, health);
  }
}

SpareVerdicts::Choice SpareVerdicts::Choose(const roles::Role& role) const {
  const auto identities = roles::IdentitiesOf(role);
  for (std::size_t index = 0;; ++index) {
    const auto found = health_.find(identities[index].name);
    const Health health = found == health_.end() ? Health::kGood : found->second;
    if (health == Health::kGood) return {index, true};
    if (health == Health::kBroken || index + 1 == identities.size()) return {index, false};
  }
}

std::shared_ptr<const IdentitySpec> SpareVerdicts::InUse(const roles::Role& role) const {
  return role.spares.empty() ? role.identity : roles::IdentitiesOf(role)[Choose(role).index].spec;
}

bool SpareVerdicts::Matters(const Check& check) const {
  if (check.identities.empty()) return true;
  return std::any_of(roles_.begin(), roles_.end(),
                     [&](const roles::Role& role) { return Matters(check, role); });
}

/// A role without spares fails with its only identity. One with spares fails with those up to the
/// last that it tries.
bool SpareVerdicts::Matters(const Check& check, const roles::Role& role) const {
  if (!Holds(check.roles, roles::NameOf(role))) return false;
  if (role.spares.empty()) return true;
  const Choice choice = Choose(role);
  if (choice.works) return false;
  const auto identities = roles::IdentitiesOf(role);
  return std::any_of(identities.begin(),
                     identities.begin() + static_cast<std::ptrdiff_t>(choice.index) + 1,
                     [&](const auto& identity) { return Holds(check.identities, identity.name); });
}

void SpareVerdicts::Finish() {
  for (Check& check : held_) {
    if (check.verdict == Verdict::kFail && !Matters(check)) check.verdict = Verdict::kWarn;
    observer_.checked(check);
  }
  held_.clear();
  for (const roles::Role& role : roles_) {
    if (!role.spares.empty()) ReportChoice(role);
  }
}

void SpareVerdicts::ReportChoice(const roles::Role& role) const {
  const Choice choice = Choose(role);
  if (!choice.works) return;  // the reason was reported
  const Topic topic(observer_, "identity", {roles::NameOf(role)});
  std::vector<std::string> names;
  for (const auto& identity : roles::IdentitiesOf(role)) names.push_back(identity.name);
  const std::string used = names[choice.index];
  if (choice.index == 0) {
    names.erase(names.begin());
    return topic.Ok(fmt::format("a mint uses {}; if its device is lost, {}", used,
                                fmt::join(names, ", then ")));
  }
  names.resize(choice.index);
  topic.Warn(
      fmt::format("a mint uses {}, because the device of {} is lost", used, fmt::join(names, ", ")),
      "bring the device back; the first identity is then used again by itself");
}

}  // namespace credmint::doctor
