// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/cache.h"

#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/log.h"
#include "base/printable.h"
#include "base/timestamp.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "credentials/cache/disk_cache.h"

namespace credmint::cli {
namespace {

long long SecondsLeft(const CacheEntry& entry, TimePoint now) {
  return std::chrono::floor<std::chrono::seconds>(entry.credentials.expiration - now).count();
}

std::string Left(long long seconds) {
  if (seconds <= 0) return "expired";
  if (seconds < 60) return fmt::format("{} s left", seconds);
  return fmt::format("{} min left", seconds / 60);
}

std::string FormatText(const std::vector<CacheEntry>& entries, TimePoint now) {
  std::string text;
  for (const CacheEntry& entry : entries) {
    text +=
        fmt::format("{}  {}  {}  {}\n", PrintableUtf8(entry.role_arn),
                    entry.role_session_name.empty() ? "-" : PrintableUtf8(entry.role_session_name),
                    FormatTimestamp(entry.credentials.expiration), Left(SecondsLeft(entry, now)));
  }
  return text;
}

std::string FormatJson(const std::vector<CacheEntry>& entries, TimePoint now) {
  auto array = nlohmann::ordered_json::array();
  for (const CacheEntry& entry : entries) {
    array.push_back({{"roleArn", entry.role_arn},
                     {"roleSessionName", entry.role_session_name},
                     {"accessKeyId", entry.credentials.access_key_id},
                     {"expiration", FormatTimestamp(entry.credentials.expiration)},
                     {"secondsLeft", SecondsLeft(entry, now)},
                     {"fresh", entry.IsFresh(now)}});
  }
  return array.dump(2) + "\n";
}

}  // namespace

CacheCommand::CacheCommand(CLI::App& app)
    : app_(app.add_subcommand("cache", "List or clear the credentials stored by --cache")) {
  app_->preparse_callback([this](std::size_t) {
    app_->require_subcommand(1);
    SetHelp(*app_, {.example = "credmint cache list"});
    list_ = app_->add_subcommand("list", "List the stored credentials and when they expire");
    list_->add_flag("--json", json_, "Print JSON");
    SetHelp(*list_, {.example = "credmint cache list --json"});
    CLI::App& clear = *app_->add_subcommand("clear", "Remove the stored credentials");
    SetHelp(clear, {.example = "credmint cache clear"});
  });
}

Result<void> CacheCommand::Run() const {
  ConfigureLog({});
  const auto folder = CacheFolder::Open();
  if (!folder) return Fail(folder);
  if (!list_->parsed()) return ClearCache(*folder);
  const auto entries = ListCache(*folder);
  if (!entries) return Fail(entries);
  const TimePoint now = std::chrono::system_clock::now();
  return WriteResult(json_ ? FormatJson(*entries, now) : FormatText(*entries, now));
}

}  // namespace credmint::cli
