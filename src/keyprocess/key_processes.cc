// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/key_processes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"

namespace credmint::keyprocess {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{250};
constexpr int kMostMisses = 2;  // a certificate's name is tried before other names
constexpr milliseconds kLongestPause{5000};
constexpr milliseconds kLongestFarewell{500};

/// A relative path means the directory of this process, not that of the key process.
StoreOptions WithAbsolutePaths(const StoreOptions& options) {
  StoreOptions changed;
  changed.expect = options.expect;
  changed.properties = options.properties;
  changed.parameters = options.parameters;
  for (const auto& [name, secret] : options.secrets) {
    changed.secrets.emplace_back(name, secret.Clone());
  }
  changed.octets = options.octets;
  changed.key = options.key;
  changed.passphrase = options.passphrase;
  changed.device = options.device;
  for (auto& [name, value] : changed.parameters) {
    const bool is_path = name.ends_with("-path") && value.find('/') != std::string::npos;
    std::error_code failed;
    if (is_path) value = std::filesystem::absolute(value, failed).string();
  }
  return changed;
}

/// Each process has one set of rules.
std::string ProcessName(const StoreDevice& device) {
  const SandboxRules& rules = device.sandbox;
  const std::string_view network = !rules.network ? "" : *rules.network ? "network" : "no network";
  return fmt::format("{} {} {} {}", device.name, network, rules.programs ? "programs" : "",
                     fmt::join(rules.paths, " "));
}

bool IsCounted(PassphraseKind kind) {
  return kind == PassphraseKind::kTokenPin || kind == PassphraseKind::kContextPin;
}

}  // namespace

KeyProcesses::KeyProcesses(std::unique_ptr<Launcher> launcher, Manners manners)
    : launcher_(std::move(launcher)), manners_(std::move(manners)), hidden_(manners_.hidden) {
  Enter();
}

KeyProcesses::~KeyProcesses() {
  Leave();
  Close();
}

/// Ends all of them and waits a moment: a token's login should end before the next command begins.
/// A process that takes longer ends by itself.
void KeyProcesses::Close() noexcept {
  if (getpid() != owner_) return;  // this is a key process itself
  closed_ = true;
  std::map<std::string, Device> ending;
  devices_.Lock()->swap(ending);
  for (const auto& [name, device] : ending) {
    if (device.process) device.process->Leave();
  }
  const auto end = std::chrono::steady_clock::now() + kLongestFarewell;
  for (const auto& [name, device] : ending) {
    const auto left = std::chrono::ceil<milliseconds>(end - std::chrono::steady_clock::now());
    if (device.process) device.process->End(std::max(left, milliseconds(0)));
  }
}

Result<StoreContents> KeyProcesses::Open(const LibraryContext& context, const std::string& uri,
                                         const StoreOptions& options) {
  return Load(context, {Place::Form::kUri, uri, {}}, options);
}

Result<StoreContents> KeyProcesses::Read(const LibraryContext& context, const Secret& contents,
                                         const std::string& scheme, const StoreOptions& options) {
  return Load(context, {Place::Form::kContents, scheme, contents.Clone()}, options);
}

Result<StoreContents> KeyProcesses::ReadPkcs12(const LibraryContext& context,
                                               const Secret& contents,
                                               const StoreOptions& options) {
  return Load(context, {Place::Form::kPkcs12, "", contents.Clone()}, options);
}

Result<StoreContents> KeyProcesses::Load(const LibraryContext& context, const Place& place,
                                         const StoreOptions& given) {
  StoreOptions options = WithAbsolutePaths(given);
  StoreDevice& device = options.device;
  device.sandbox.hidden = *hidden_.Lock();
  device.sandbox.home = manners_.home;
  std::optional<std::pair<PassphraseRequest, Secret>> sent;
  if (given.passphrase) {
    options.passphrase = [&](const PassphraseRequest& request) -> Result<Secret> {
      auto secret = given.passphrase(request);
      if (!secret || secret->empty() || !IsCounted(request.kind)) return secret;
      if (auto checked = refused_.Check(device.name, request, *secret); !checked) {
        return Fail(std::move(checked));
      }
      sent.emplace(request, secret->Clone());
      return secret;
    };
  }
  auto process = Running(device);
  if (!process) return Fail(std::move(process));
  auto contents = (*process)->Load(context, place, options);
  NoteOutcome(ProcessName(device), *process,
              contents ? std::nullopt : std::optional(contents.error().code));
  if (sent && !contents && contents.error().code == ErrorCode::kPinIncorrect) {
    refused_.Add(device.name, sent->first, sent->second,
                 (*process)->IsRunning() ? RefusedSecrets::Outcome::kRefused
                                         : RefusedSecrets::Outcome::kUnknown);
  }
  return contents;
}

/// Some modules stay dead once their device was gone, until they are loaded again. So the next try
/// gets another process. This one goes on for the calls and keys that it still has.
void KeyProcesses::NoteOutcome(const std::string& name, const std::shared_ptr<KeyProcess>& process,
                               std::optional<ErrorCode> failure) {
  if (!manners_.replaces) return;
  const auto devices = devices_.Lock();
  Device& device = (*devices)[name];
  if (device.process != process) return;
  const bool is_missing = failure == ErrorCode::kKeyNotFound || failure == ErrorCode::kTokenAbsent;
  const bool is_broken = failure == ErrorCode::kDevice || failure == ErrorCode::kDeviceLost ||
                         failure == ErrorCode::kModule || failure == ErrorCode::kModuleFailed;
  device.misses = is_missing ? device.misses + 1 : 0;
  if (!process->IsRunning() || (!is_broken && device.misses < kMostMisses)) return;
  Replace(device);
}

void KeyProcesses::Replace(Device& device) {
  LogDebug("the next try gets another key process for " + device.shown);
  device.process = nullptr;
  device.misses = 0;
}

Result<void> KeyProcesses::Prepare(const LibraryContext& context, const StoreDevice& device) {
  StoreOptions options;
  options.device = device;
  auto prepared = Load(context, {Place::Form::kNothing, "", {}}, options);
  return prepared ? Result<void>() : Fail(std::move(prepared));
}

void KeyProcesses::ForgetInterrupted() {
  refused_.ForgetInterrupted();
  for (auto& [name, device] : *devices_.Lock()) device.figures->Lock()->interrupted = false;
}

/// The rules of a process that runs stay as they are, so others replace those that read more.
void KeyProcesses::SetHidden(std::vector<std::string> hidden) {
  const auto known = hidden_.Lock();
  if (*known == hidden) return;
  *known = std::move(hidden);
  for (auto& [name, device] : *devices_.Lock()) {
    if (device.process) Replace(device);
  }
}

/// The device's process. Starts one if there is none, after the pause that is due.
Result<std::shared_ptr<KeyProcess>> KeyProcesses::Running(const StoreDevice& wanted) {
  if (closed_) return Fail(ErrorCode::kDevice, "the program is ending");
  const auto devices = devices_.Lock();
  Device& device = (*devices)[ProcessName(wanted)];
  device.shown = wanted.shown;
  if (device.figures->Lock()->interrupted) return RefusedSecrets::Interrupted();
  if (manners_.replaces && device.process && device.process->FailedToSign()) Replace(device);
  if (device.process && device.process->IsRunning()) return device.process;
  const auto now = std::chrono::steady_clock::now();
  if (now < device.not_before) {
    Error error{ErrorCode::kDevice,
                wanted.shown + " has ended its process too often, and gets a new one in a moment",
                {}};
    error.retry_after = std::chrono::ceil<milliseconds>(device.not_before - now);
    return Fail(std::move(error));
  }
  if (device.process) {
    if (device.process->HasSigned()) device.pause = milliseconds(0);
    device.pause = std::clamp(2 * device.pause, kFirstPause, kLongestPause);
    device.not_before = now + device.pause;
    LogDebug("starting another key process for " + wanted.shown);
  }
  auto started = KeyProcess::Start(*launcher_, wanted.shown, manners_, device.figures);
  if (!started) return started;
  device.process = *started;
  return started;
}

std::vector<StoreFigures> KeyProcesses::Figures() {
  std::vector<StoreFigures> all;
  for (const auto& [name, device] : *devices_.Lock()) {
    const auto figures = device.figures->Lock();
    all.push_back({device.shown, device.process && device.process->IsRunning(), figures->ends,
                   figures->signing, figures->printed});
  }
  return all;
}

}  // namespace credmint::keyprocess
