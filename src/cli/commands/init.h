// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/new_folder.h"
#include "cli/options/first_key.h"
#include "cli/options/key_home.h"
#include "cli/options/key_options.h"
#include "cli/options/new_key_options.h"
#include "cli/options/process_options.h"
#include "cli/options/start_opener.h"
#include "cli/output/first_files.h"
#include "enrolment/subject_name.h"

namespace credmint::cli {

/// `credmint init`: all that a new machine needs before its first mint, but the certificate and the
/// objects in AWS. Makes a token if there is none of this label, a key and its certificate request,
/// a configuration, and a script for the AWS CLI. Prints what to do next.
///
/// Asks at the terminal for what no flag says, unless it has --yes. Fails with kUsage without a
/// terminal and --yes, and before it makes anything if the folder is not empty. A key that is there
/// is used only if the user says so. So a run that was killed can be repeated.
class InitCommand {
 public:
  explicit InitCommand(CLI::App& app);
  [[nodiscard]] const CLI::App& app() const { return *app_; }
  [[nodiscard]] Result<void> Run() const;

 private:
  /// The answers to all questions.
  struct Plan {
    KeyHome home;
    X509NamePtr subject;
    FirstIdentity identity;
  };

  [[nodiscard]] Result<void> CheckFlags(const std::optional<KeyHome>& home) const;
  [[nodiscard]] Result<StartedOpener> Start() const;
  [[nodiscard]] FirstKeyFlags FlagsOf() const { return {new_, key_, so_passin_}; }
  [[nodiscard]] Result<Plan> MakePlan(KeyOpener& keys, const std::optional<KeyHome>& given) const;
  [[nodiscard]] Result<KeyHome> ChooseHome(KeyOpener& keys,
                                           const std::optional<KeyHome>& given) const;
  /// The flag's value, or a person's answer, or with --yes the default.
  [[nodiscard]] Result<std::string> Answer(const std::string& flag, const char* question,
                                           const std::string& by_default) const;
  [[nodiscard]] FirstIdentity Describe(const KeyHome& home, const std::string& common_name,
                                       const std::string& folder) const;
  void AddOptions(FirstIdentity& identity, const KeyHome& home) const;
  [[nodiscard]] Result<void> Make(StartedOpener& started, const Plan& plan) const;
  [[nodiscard]] Result<void> MayUse(const std::string& place) const;
  static Result<void> FillFolder(const NewFolder& folder, const LibraryContext& library,
                                 const SigningKey& key, const Plan& plan);

  CLI::App* app_;
  KeyOptions key_;
  /// A token takes its time to make a key of RSA.
  ProcessOptions process_ = {.key_timeout = 300};
  NewKeyOptions new_ = {.type = "ec-p256"};
  KeyHomeFlags home_;
  std::string subject_;
  std::string out_;
  std::string so_passin_;
  bool use_existing_key_ = false;
  bool yes_ = false;
};

}  // namespace credmint::cli
