// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/init.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/percent_encoding.h"
#include "base/whole_file.h"
#include "cli/options/first_key.h"
#include "cli/options/new_pins.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "enrolment/certificate_request.h"
#include "identity/secret_source.h"

namespace credmint::cli {
namespace {

using Home = KeyHome::Kind;

constexpr const char* kKeyFile = "key.pem";

/// A name for everything that is made: of letters that AWS, TOML and URIs take as they are.
std::string NameFrom(std::string_view common_name) {
  constexpr std::size_t kLongest = 64;  // of a role's name in IAM
  constexpr std::string_view kKept =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  std::string name;
  for (const char c : common_name.substr(0, kLongest)) {
    const bool kept = kKept.find(c) != std::string_view::npos;
    if (kept || !name.ends_with('-')) name += kept ? c : '-';
  }
  const std::size_t first = name.find_first_not_of('-');
  if (first == std::string::npos) return "credmint";
  return name.substr(first, name.find_last_not_of('-') + 1 - first);
}

std::string SubjectOfThisMachine() {
  std::array<char, 256> host{};
  const bool known = gethostname(host.data(), host.size() - 1) == 0;
  return fmt::format("/CN={}", known ? NameFrom(host.data()) : "web");
}

/// The trust policy names the certificate by its CN, so there must be exactly one.
Result<std::string> OnlyCommonName(const X509_NAME* subject) {
  std::vector<std::string> names = CommonNames(subject);
  if (names.size() == 1) return std::move(names.front());
  return Fail(ErrorCode::kUsage,
              fmt::format("--subject: it has {} CN", names.empty() ? "no" : "more than one"),
              "give one, by which AWS shall know this machine: /CN=web");
}

std::string AbsolutePath(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

/// A source that a configuration can name: not one that is read once, nor the secret itself.
std::string LastingSource(const std::string& source) {
  if (source.starts_with("env:") || source.starts_with("cred:")) return source;
  const auto parsed = SecretSource::Parse(source);
  if (!parsed || !parsed->file()) return {};
  return "file:" + AbsolutePath(*parsed->file());
}

std::string WithoutSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

InitCommand::InitCommand(CLI::App& app)
    : app_(app.add_subcommand("init", "Make key, request and configuration of a new machine")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = "without a terminal --yes, and where the key shall be",
                    .example = "credmint init --token prod --subject /CN=new --out new --yes \\\n"
                               "  --so-passin file:so-pin --passin file:pin\n"
                               "credmint init --tpm 0x81000005 --subject /CN=web --out web --yes"});
    AddKeyHomeFlags(*app_, home_);
    AddKeyTypeFlag(*app_, new_.type);
    app_->add_flag("--use-existing-key", use_existing_key_, "Use a key that is there already")
        ->group(kIdentityGroup);
    AddText(*app_, "--subject", subject_,
            "Name to certify, with one CN: /CN=web (default: the name of this machine)")
        ->option_text("NAME")
        ->group(kRequestGroup);
    AddPlace(*app_, "--out", out_,
             "New folder for the request, the configuration and the AWS CLI's commands (default: "
             "credmint, or the folder of the key file)",
             Place::kPath)
        ->option_text(kFolderValue)
        ->group(kRequestGroup);
    app_->add_flag("--yes", yes_, "Ask no questions, and take the defaults")->group(kRequestGroup);
    AddNewSoPinFlag(*app_, so_passin_);
    AddOwnerFlag(*app_, new_.owner_passin);
    AddTokenFlags(*app_, key_);
    AddProcessFlags(*app_, process_);
  });
}

Result<KeyHome> InitCommand::ChooseHome(KeyOpener& keys,
                                        const std::optional<KeyHome>& given) const {
  if (given) return *given;
  if (!yes_) return AskForHome(keys);
  return Fail(ErrorCode::kUsage, "the place of the key is missing",
              "say where it shall be: --token LABEL, --tpm 0x81000002, --tpm-file FOLDER or --file "
              "FOLDER");
}

Result<std::string> InitCommand::Answer(const std::string& flag, const char* question,
                                        const std::string& by_default) const {
  if (!flag.empty()) return flag;
  return yes_ ? Result<std::string>(by_default) : AskForText(question, by_default);
}

void InitCommand::AddOptions(FirstIdentity& identity, const KeyHome& home) const {
  if (home.kind == Home::kToken && !key_.pkcs11_lib.empty()) {
    identity.options.emplace_back("pkcs11-lib", AbsolutePath(key_.pkcs11_lib));
  }
  const bool is_tpm = home.kind == Home::kTpm || home.kind == Home::kTpmFile;
  if (is_tpm && !key_.tcti.empty()) identity.options.emplace_back("tcti", key_.tcti);
  const std::string source = LastingSource(key_.passin);
  if (!source.empty()) identity.options.emplace_back("passin", source);
  identity.forgets_pin = source.empty() && (home.kind == Home::kToken || !key_.passin.empty());
}

FirstIdentity InitCommand::Describe(const KeyHome& home, const std::string& common_name,
                                    const std::string& folder) const {
  FirstIdentity identity{.name = NameFrom(common_name),
                         .common_name = common_name,
                         .folder = WithoutSlashes(folder),
                         .private_key = fmt::format("./{}", kKeyFile),
                         .certificate = fmt::format("./{}", kCertificateFile)};
  identity.absolute_folder = AbsolutePath(identity.folder);
  if (home.kind == Home::kTpm) identity.private_key = home.name;
  if (home.kind == Home::kToken) {
    identity.private_key =
        fmt::format("pkcs11:token={};object={}", PercentEncode(home.name), identity.name);
    identity.certificate = identity.private_key;
  }
  AddOptions(identity, home);
  return identity;
}

Result<InitCommand::Plan> InitCommand::MakePlan(KeyOpener& keys,
                                                const std::optional<KeyHome>& given) const {
  auto home = ChooseHome(keys, given);
  if (!home) return Fail(std::move(home));
  if (auto fits = CheckFirstKey(*home, FlagsOf()); !fits) return Fail(std::move(fits));
  const auto typed = Answer(subject_, "Name to certify", SubjectOfThisMachine());
  if (!typed) return Fail(typed);
  auto subject = ParseSubject(*typed);
  if (!subject) return Fail(std::move(subject), "--subject");
  const auto common_name = OnlyCommonName(subject->get());
  if (!common_name) return Fail(common_name);
  const auto folder = Answer(home->folder.empty() ? out_ : home->folder,
                             "New folder for request and configuration", "credmint");
  if (!folder) return Fail(folder);
  FirstIdentity identity = Describe(*home, *common_name, *folder);
  return Plan{*std::move(home), *std::move(subject), std::move(identity)};
}

Result<void> InitCommand::MayUse(const std::string& place) const {
  if (use_existing_key_) return {};
  if (!yes_) {
    const auto confirmed =
        ConfirmAtTerminal(fmt::format("There is a key {} already. Use it?", place));
    if (!confirmed) return Fail(confirmed);
    if (*confirmed) return {};
  }
  return Fail(ErrorCode::kUsage, fmt::format("there is a key {} already", place),
              "give --use-existing-key, or another place or name for the new one");
}

Result<void> InitCommand::FillFolder(const NewFolder& folder, const LibraryContext& library,
                                     const SigningKey& key, const Plan& plan) {
  const auto request = MakeCertificateRequest(library, key, plan.subject.get(), {});
  if (!request) return Fail(request);
  const std::pair<const char*, std::string> files[] = {
      {kRequestFile, request->Pem()},
      {kConfigurationFile, FormatFirstConfiguration(plan.identity)},
      {kAwsScriptFile, FormatAwsScript(plan.identity)}};
  for (const auto& [name, contents] : files) {
    if (auto written = WriteNewFile(folder.PathOf(name), contents); !written) return written;
  }
  return {};
}

Result<void> InitCommand::CheckFlags(const std::optional<KeyHome>& home) const {
  if (home && !home->folder.empty() && !out_.empty()) {
    return Fail(ErrorCode::kUsage, "--out and the folder of a key file are given",
                "all files are in the folder of the key: omit --out");
  }
  if (!yes_ && !HasTerminal()) {
    return Fail(ErrorCode::kUsage, "--yes is missing, and there is no terminal to ask at",
                "say where the key shall be and give --yes: --token prod --yes");
  }
  return CheckTheyDiffer({so_passin_, key_.passin});
}

Result<StartedOpener> InitCommand::Start() const {
  auto flags = WithoutPlace(ParseIdentity(key_));
  if (!flags) return Fail(std::move(flags));
  ProcessOptions process = process_;
  process.secret_files = SecretFilesOf(new_);
  if (const auto source = SecretSource::Parse(so_passin_); source && source->file()) {
    process.secret_files.push_back(*source->file());
  }
  return StartOpener(*std::move(flags), std::move(process));
}

Result<void> InitCommand::Make(StartedOpener& started, const Plan& plan) const {
  const FirstIdentity& identity = plan.identity;
  if (auto is_new = NewFolder::Check(identity.folder); !is_new) return is_new;
  auto folder = NewFolder::Make(identity.folder);
  if (!folder) return Fail(std::move(folder));
  const bool in_folder = identity.private_key.starts_with("./");
  const auto key =
      MakeFirstKey(started, plan.home, in_folder ? folder->PathOf(kKeyFile) : identity.private_key,
                   FlagsOf(), [this](const std::string& place) { return MayUse(place); });
  if (!key) return Fail(key);
  if (auto filled = FillFolder(*folder, *started.library, **key, plan); !filled) return filled;
  return folder->MoveToPlace();
}

Result<void> InitCommand::Run() const {
  StartLog(process_);
  const auto home = HomeOf(home_);
  if (!home) return Fail(home);
  if (auto agree = CheckFlags(*home); !agree) return agree;
  auto started = Start();
  if (!started) return Fail(std::move(started));
  const auto plan = MakePlan(started->opener.keys(), *home);
  if (!plan) return Fail(Error(plan.error()));
  if (auto made = Make(*started, *plan); !made) return made;
  return WriteResult(FormatNextSteps(plan->identity));
}

}  // namespace credmint::cli
