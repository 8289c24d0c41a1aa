// SPDX-License-Identifier: Apache-2.0
#include "doctor/device_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "identity/identity_opener.h"
#include "ossl/stores.h"

namespace credmint::doctor {
namespace {

using Kind = InventoryEntry::Kind;

std::string FactOf(const InventoryEntry& entry, std::string_view name) {
  const auto found = std::find_if(entry.facts.begin(), entry.facts.end(),
                                  [&](const auto& fact) { return fact.first == name; });
  return found == entry.facts.end() ? std::string() : found->second;
}

/// A flag of a token that keeps a PIN from working, or soon will.
struct TokenFlag {
  std::string_view name;
  Verdict verdict;
  const char* text;
  const char* hint;
};

constexpr TokenFlag kTokenFlags[] = {
    {"uninitialized", Verdict::kFail, "it is not initialised",
     "initialise it with the vendor's tool, or name another token"},
    {"no-user-pin", Verdict::kFail, "its user PIN is not set",
     "have the security officer set it, with the vendor's tool"},
    {"pin-locked", Verdict::kFail, "its PIN is locked",
     "have the security officer unlock it, with the vendor's tool"},
    {"pin-final-try", Verdict::kFail, "one wrong PIN more locks it, so no PIN is sent",
     "log in once with the right PIN in the vendor's tool"},
    {"pin-count-low", Verdict::kWarn, "a wrong PIN was sent to it lately",
     "find out who sends it; a right PIN resets the count"},
};

ErrorCode CodeOf(std::string_view flag) {
  return flag.starts_with("pin-") ? ErrorCode::kPinLocked : ErrorCode::kDevice;
}

/// `is_alone` says that no other token is meant. The key check tells which of
/// several counts.
void ReportToken(const Observer& observer, const ExaminedIdentity& identity,
                 const InventoryEntry& token, bool is_alone) {
  const Topic topic = About(observer, "token", identity);
  const std::string name =
      fmt::format("'{}' ({}, {}, serial {})", token.label, FactOf(token, "model"),
                  FactOf(token, "manufacturer"), FactOf(token, "serial"));
  const auto has = [&](std::string_view flag) {
    return std::find(token.flags.begin(), token.flags.end(), flag) != token.flags.end();
  };
  for (const TokenFlag& flag : kTokenFlags) {
    if (!has(flag.name)) continue;
    const std::string text = fmt::format("{}: {}", name, flag.text);
    if (!is_alone && flag.name == "uninitialized") return;
    if (!is_alone || flag.verdict == Verdict::kWarn) return topic.Warn(text, flag.hint);
    return topic.Fail({CodeOf(flag.name), text, flag.hint});
  }
  if (const std::string error = FactOf(token, "error"); !error.empty()) {
    return topic.Fail({ErrorCode::kDevice, fmt::format("{}: {}", name, error), {}});
  }
  topic.Ok(fmt::format("{}{}", name,
                       has("protected-authentication-path") ? ", its PIN is typed at the device"
                       : has("login-required")              ? ", wants a PIN"
                                                            : ", wants no PIN"));
}

void ReportTpm(const Observer& observer, const ExaminedIdentity& identity,
               const InventoryEntry& tpm) {
  const Topic topic = About(observer, "tpm", identity);
  const std::string tries = FactOf(tpm, "failedTries");
  const std::string most = FactOf(tpm, "maxTries");
  const std::string text = fmt::format(
      "{} {}, firmware {}; {} of {} wrong tries, {} free slots", FactOf(tpm, "manufacturer"),
      FactOf(tpm, "model"), FactOf(tpm, "firmware"), tries, most, FactOf(tpm, "freeSlots"));
  if (FactOf(tpm, "lockedOut") == "true") {
    return topic.Fail(
        {ErrorCode::kLockedOut, fmt::format("{}: it is locked out after wrong auth values", text),
         fmt::format("wait: a try comes back every {} s; the lockout authority can end it",
                     FactOf(tpm, "recoverySeconds"))});
  }
  if (tries != "0") {
    return topic.Warn(text, "find out who sends wrong auth values: each counts towards a lockout");
  }
  topic.Ok(text);
}

void ReportModule(const Observer& observer, const ExaminedIdentity& identity,
                  const InventoryEntry& module, std::chrono::milliseconds took) {
  About(observer, "module", identity)
      .Ok(fmt::format("{}: {} {}, answered after {} ms", FactOf(module, "path"),
                      FactOf(module, "description"), FactOf(module, "version"), took.count()));
}

void ReportInventory(const Observer& observer, const ExaminedIdentity& identity,
                     const Inventory& inventory, std::chrono::milliseconds took) {
  const auto tokens = std::count_if(inventory.begin(), inventory.end(),
                                    [](const auto& entry) { return entry.kind == Kind::kToken; });
  for (const InventoryEntry& entry : inventory) {
    if (entry.kind == Kind::kModule) ReportModule(observer, identity, entry, took);
    if (entry.kind == Kind::kToken) ReportToken(observer, identity, entry, tokens == 1);
    if (entry.kind == Kind::kTpm) ReportTpm(observer, identity, entry);
  }
  const bool has_module = !inventory.empty() && inventory.front().kind == Kind::kModule;
  if (!has_module || tokens > 0) return;
  About(observer, "token", identity)
      .Fail({ErrorCode::kTokenAbsent, "the module shows no token",
             "is the device connected, and does the service that the module needs run?"});
}

/// One device, as far as the references tell, for all identities that use it.
struct Device {
  KeyReference place;
  std::shared_ptr<const IdentitySpec> spec;  ///< how to reach it
  std::vector<ExaminedIdentity*> users;
};

bool IsTheSame(const Device& device, const KeyReference& place, const IdentitySpec& spec) {
  return device.place.text() == place.text() && device.spec->parameters == spec.parameters &&
         device.spec->sandbox == spec.sandbox;
}

std::vector<Device> Distinct(std::span<ExaminedIdentity> identities) {
  std::vector<Device> devices;
  for (ExaminedIdentity& identity : identities) {
    for (KeyReference& place : DevicesOf(*identity.spec)) {
      const auto same = std::find_if(devices.begin(), devices.end(), [&](const Device& device) {
        return IsTheSame(device, place, *identity.spec);
      });
      if (same != devices.end()) {
        same->users.push_back(&identity);
      } else {
        devices.push_back({std::move(place), WithoutLogin(*identity.spec), {&identity}});
      }
    }
  }
  return devices;
}

std::string_view SubjectOf(const Device& device, const Error& failure) {
  const bool has_modules = device.place.scheme()->rfc7512;
  if (!has_modules) return "tpm";
  const bool is_token = failure.code == ErrorCode::kTokenAbsent ||
                        failure.code == ErrorCode::kKeyNotFound ||
                        failure.code == ErrorCode::kKeyAmbiguous;
  return is_token ? "token" : "module";
}

void CheckDevice(const Observer& observer, const LibraryContext& context, Device& device) {
  ExaminedIdentity all{.spec = device.spec, .roles = {}, .identity = nullptr};
  for (const ExaminedIdentity* user : device.users) {
    all.roles.insert(all.roles.end(), user->roles.begin(), user->roles.end());
    all.names.insert(all.names.end(), user->names.begin(), user->names.end());
  }
  observer.begins(std::string(device.place.scheme()->device));
  const auto start = std::chrono::steady_clock::now();
  auto opener = IdentityOpener::Create(context, device.spec);
  auto inventory = opener ? opener->keys().List(device.place.Clone(), false)
                          : Result<Inventory>(Fail(std::move(opener)));
  if (inventory) {
    return ReportInventory(observer, all, *inventory,
                           std::chrono::duration_cast<std::chrono::milliseconds>(
                               std::chrono::steady_clock::now() - start));
  }
  for (ExaminedIdentity* user : device.users) user->is_reachable = false;
  const std::string subject(SubjectOf(device, inventory.error()));
  About(observer, subject, all).Fail(std::move(inventory).error());
}

}  // namespace

void CheckDevices(const Observer& observer, const LibraryContext& context,
                  std::span<ExaminedIdentity> identities) {
  std::vector<Device> devices = Distinct(identities);
  for (Device& device : devices) CheckDevice(observer, context, device);
  if (context.stores() == nullptr) return;
  for (const StoreFigures& figures : context.stores()->Figures()) {
    if (figures.printed.empty()) continue;
    Topic(observer, "output")
        .Warn(fmt::format("{} prints: {}", figures.device, figures.printed),
              "it is kept from the output of credmint, but not from that of other programs");
  }
}

}  // namespace credmint::doctor
