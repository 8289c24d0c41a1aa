// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/shown_value.h"
#include "cli/options/configuration_check.h"
#include "cli/options/role_options.h"
#include "cli/options/role_settings.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/remedy_text.h"
#include "config/configuration_file.h"
#include "credmint_version.h"

namespace credmint::cli {
namespace {

using Json = nlohmann::ordered_json;

/// A file that was checked.
struct CheckedFile {
  std::string path;
  Configuration contents;
  Mistakes mistakes;
};

CheckedFile CheckFile(const std::string& path) {
  CheckedFile file{.path = ShownPath(path)};
  auto read = ReadConfigurationFile(path, file.mistakes);
  if (!read) {
    file.mistakes.push_back({0, std::move(read).error()});
    return file;
  }
  file.contents = *std::move(read);
  CheckConfiguration(file.contents, file.mistakes);
  return file;
}

std::string HintOf(const Mistake& mistake) {
  const std::string hint = HintText(mistake.what);
  return hint.empty() ? "the settings are in credmint-config(5)" : hint;
}

std::string TextOf(const CheckedFile& file) {
  std::string text;
  for (const Mistake& mistake : file.mistakes) {
    text += fmt::format("{}\nhint: {}\n", PrintableUtf8(PlacedIn(file.path, mistake).message),
                        PrintableUtf8(HintOf(mistake)));
  }
  if (!text.empty()) return text;
  return fmt::format("{}: no mistakes; roles: {}\n", file.path,
                     fmt::join(NamesOf(file.contents.roles), ", "));
}

/// Says which of several files counts, if the user has not named one.
std::string FormatText(const std::vector<CheckedFile>& files) {
  std::string text;
  for (const CheckedFile& file : files) {
    if (files.size() > 1) {
      const CheckedFile& first = files.front();
      text += &file == &first ? fmt::format("{}: this file is read\n", file.path)
                              : fmt::format("{}: this file is not read, because {} is there\n",
                                            file.path, first.path);
    }
    text += TextOf(file);
  }
  return text;
}

std::string FormatJson(const std::vector<CheckedFile>& files, ExitStatus status) {
  Json all = {{"version", CREDMINT_VERSION},
              {"status", static_cast<int>(status)},
              {"files", Json::array()}};
  for (const CheckedFile& file : files) {
    Json mistakes = Json::array();
    for (const Mistake& mistake : file.mistakes) {
      Json one = Json::object();
      if (mistake.line > 0) one["line"] = mistake.line;
      one["text"] = PrintableUtf8(mistake.what.message);
      one["hint"] = PrintableUtf8(HintOf(mistake));
      mistakes.push_back(std::move(one));
    }
    Json roles = Json::array();
    for (const Section& role : file.contents.roles) roles.push_back(role.name);
    all["files"].push_back({{"path", PrintableUtf8(file.path)},
                            {"read", &file == &files.front()},
                            {"roles", std::move(roles)},
                            {"mistakes", std::move(mistakes)}});
  }
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

ExitStatus StatusOf(const std::vector<CheckedFile>& files) {
  for (const CheckedFile& file : files) {
    if (!file.mistakes.empty()) return ExitStatusOf(file.mistakes.front().what.code);
  }
  return ExitStatus::kSuccess;
}

}  // namespace

ConfigCommand::ConfigCommand(CLI::App& app)
    : app_(app.add_subcommand("config", "Check the configuration file")) {
  app_->preparse_callback([this](std::size_t) {
    app_->require_subcommand(1);
    SetHelp(*app_, {.usage = "check", .needs = {}, .example = "credmint config check"});
    CLI::App* check = app_->add_subcommand("check", "Report all mistakes, with file and line");
    SetHelp(*check, {.usage = {}, .needs = {}, .example = "credmint config check"});
    CLI::Option* file =
        AddPlace(*check, "file", file_, "File to check (default: the user's file and the system's)",
                 Place::kPath);
    AddPlace(*check, "--config", file_, "The same, as other commands take it", Place::kPath)
        ->excludes(file);
    check->add_flag("--json", json_, "Print JSON");
  });
}

Result<ExitStatus> ConfigCommand::Run() const {
  const auto paths = file_.empty() ? FindConfigurationFiles() : std::vector{file_};
  if (paths.empty()) {
    return Fail(ErrorCode::kUsage, "there is no configuration file", kConfigurationPlaces);
  }
  std::vector<CheckedFile> files;
  files.reserve(paths.size());
  for (const std::string& path : paths) files.push_back(CheckFile(path));
  const ExitStatus status = StatusOf(files);
  auto written = WriteResult(json_ ? FormatJson(files, status) : FormatText(files));
  if (!written) return Fail(std::move(written));
  return status;
}

}  // namespace credmint::cli
