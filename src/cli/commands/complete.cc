// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/complete.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/descriptor.h"
#include "base/printable.h"
#include "cli/options/at_cursor.h"
#include "cli/options/option_groups.h"
#include "cli/options/role_options.h"
#include "cli/options/start_library.h"
#include "cli/options/text_option.h"
#include "cli/output/output.h"
#include "identity/identity_opener.h"
#include "identity/scheme_table.h"

namespace credmint::cli {
namespace {

using Kind = InventoryEntry::Kind;

constexpr unsigned kMostSeconds = 5;
constexpr double kDeviceSeconds = 3;
constexpr std::size_t kMostCandidates = 1000;

/// A person at a prompt waits for this process: it must neither print, nor read, nor hang.
void BeQuietAndShort() {
  const Descriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) _exit(0);
  dup2(null.get(), STDIN_FILENO);
  dup2(null.get(), STDERR_FILENO);
  signal(SIGALRM, [](int) { _exit(0); });
  alarm(kMostSeconds);
}

/// The lines to print.
class Answer {
 public:
  explicit Answer(const AtCursor& at) : at_(at) {}

  /// Whether it begins with what is typed.
  [[nodiscard]] bool MayAdd(std::string_view candidate) const {
    return candidate.starts_with(at_.typed);
  }

  /// Adds a candidate if it begins with what is typed and is new.
  void Add(std::string_view candidate, std::string_view description = {}) {
    if (!MayAdd(candidate) || count_ == kMostCandidates) return;
    if (PrintableUtf8(candidate) != candidate) return;
    if (!seen_.emplace(candidate).second) return;
    ++count_;
    text_ += fmt::format("{}{}\t{}\n", at_.before, candidate, Brief(description));
  }

  /// Asks for files, after `prefix` of what is typed.
  void AddFiles(std::string_view prefix = {}) {
    text_ += fmt::format(":files\t{}{}\n", at_.before, prefix);
  }

  void AddPrograms() { text_ += ":commands\n"; }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  /// A description without its details.
  static std::string_view Brief(std::string_view text) {
    return text.substr(0, std::min({text.find(" ("), text.find("; "), text.find(": ")}));
  }

  const AtCursor& at_;
  std::string text_;
  std::set<std::string, std::less<>> seen_;
  std::size_t count_ = 0;
};

/// The value of an option that precedes the cursor; the last one counts.
std::string ValueOf(const std::vector<std::string>& words, const std::string& option) {
  std::string value;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i].starts_with(option + "=")) value = words[i].substr(option.size() + 1);
    if (words[i] == option && i + 2 < words.size()) value = words[i + 1];
  }
  return value;
}

void AddRoles(const std::vector<std::string>& words, Answer& answer) {
  RoleFlags flags;
  flags.config = ValueOf(words, "--config");
  const auto file = ReadConfiguration(flags);
  if (!file || !*file) return;
  for (const Section& role : (*file)->roles) answer.Add(role.name, "Role");
}

/// Lists all tokens, or the TPM, as far as anyone may see them.
Result<Inventory> ListDevices(const Scheme& scheme, const std::vector<std::string>& words) {
  KeyOptions options;
  options.pkcs11_lib = ValueOf(words, "--pkcs11-lib");
  options.tcti = ValueOf(words, "--tcti");
  auto identity = WithoutPlace(ParseIdentity(options));
  if (!identity) return Fail(std::move(identity));
  auto reference =
      KeyReference::Parse(fmt::format("{}:", scheme.name), KeyReference::Use::kAnything);
  if (!reference) return Fail(std::move(reference));
  ProcessOptions process;
  process.key_timeout = kDeviceSeconds;
  auto library = StartLibrary(process);
  if (!library) return Fail(std::move(library));
  auto opener = IdentityOpener::Create(*library, *std::move(identity));
  if (!opener) return Fail(std::move(opener));
  return opener->keys().List(*std::move(reference), false);
}

std::string_view Describe(Kind kind) {
  switch (kind) {
    case Kind::kToken:
      return "Token";
    case Kind::kPrivateKey:
    case Kind::kPublicKey:
      return "Key";
    case Kind::kCertificate:
      return "Certificate";
    default:
      return "Other";
  }
}

void AddUris(const Scheme& scheme, const std::vector<std::string>& words, Answer& answer) {
  const auto inventory = ListDevices(scheme, words);
  if (!inventory) return;
  for (const InventoryEntry& entry : *inventory) {
    if (entry.kind == Kind::kModule || entry.kind == Kind::kSlot) continue;
    const bool is_short = !entry.short_uri.empty() && answer.MayAdd(entry.short_uri);
    answer.Add(is_short ? entry.short_uri : entry.uri, Describe(entry.kind));
  }
}

/// Whether people type this scheme there: one of key files is for files alone.
bool MayBeIn(const CLI::Option& option, const Scheme& scheme) {
  if (!scheme.pem_label.empty()) return false;
  if (option.get_positional()) return true;
  return option.get_lnames().front().ends_with("key") ? scheme.has_keys : scheme.has_certificates;
}

void AddReferences(const AtCursor& at, const CLI::Option& option,
                   const std::vector<std::string>& words, Answer& answer) {
  if (const Scheme* scheme = FindScheme(at.typed)) return AddUris(*scheme, words, answer);
  for (const Scheme& scheme : Schemes()) {
    if (!MayBeIn(option, scheme)) continue;
    answer.Add(fmt::format("{}:", scheme.name), fmt::format("In {}", scheme.device));
  }
  answer.AddFiles();
}

void AddSources(const AtCursor& at, Answer& answer) {
  constexpr std::string_view kFile = "file:";
  if (at.typed.starts_with(kFile)) return answer.AddFiles(kFile);
  answer.Add(kFile, "First line of a file");
  answer.Add("env:", "Environment variable");
  answer.Add("cred:", "systemd credential");
  answer.Add("fd:", "Open descriptor");
  answer.Add("stdin", "Standard input");
}

void AddValues(const AtCursor& at, const CLI::Option& option, const std::vector<std::string>& words,
               Answer& answer) {
  const std::string name = ValueName(option);
  for (const std::string& word : Words(option)) answer.Add(word);
  if (name == kFileValue || name == kFolderValue) answer.AddFiles();
  if (name == kReferenceValue) AddReferences(at, option, words, answer);
  if (name == kSourceValue) AddSources(at, answer);
  if (name == kRoleValue) AddRoles(words, answer);
}

void AddCommands(const AtCursor& at, Answer& answer) {
  for (const CLI::App* command : at.command->get_subcommands({})) {
    answer.Add(command->get_name(), command->get_description());
  }
  if (at.command->get_parent() == nullptr && !at.asks_help) {
    answer.Add("help", "Print the options of a command");
  }
}

/// Rare options are offered to those who have begun to type one.
void AddOptions(const AtCursor& at, Answer& answer) {
  const bool rare_too = at.typed.size() > 2;
  for (const CLI::Option* option : at.command->get_options()) {
    if (option->get_lnames().empty() || (option->get_group() == kAdvancedGroup && !rare_too)) {
      continue;
    }
    answer.Add("--" + option->get_lnames().front(), option->get_description());
  }
}

const CLI::Option* FirstPositional(const CLI::App& command) {
  const auto found =
      command.get_options([](const CLI::Option* it) { return it->get_positional(); });
  return found.empty() ? nullptr : found.front();
}

void AddAll(const AtCursor& at, const std::vector<std::string>& words, Answer& answer) {
  if (at.is_other_command) {
    return at.begins_other_command ? answer.AddPrograms() : answer.AddFiles();
  }
  if (at.option != nullptr) return AddValues(at, *at.option, words, answer);
  if (!at.before.empty()) return;  // of an unknown option
  const bool is_option = at.typed.starts_with('-');
  if (at.asks_help || !is_option) AddCommands(at, answer);
  if (at.asks_help) return;
  const CLI::Option* const positional = FirstPositional(*at.command);
  if (positional != nullptr && !is_option) return AddValues(at, *positional, words, answer);
  if (is_option || at.command->get_subcommands({}).empty()) AddOptions(at, answer);
}

}  // namespace

void PrintCompletions(CLI::App& program, std::vector<std::string> words) {
  BeQuietAndShort();
  if (words.empty()) words.emplace_back();
  const AtCursor at = FindAtCursor(program, words);
  Answer answer(at);
  AddAll(at, words, answer);
  static_cast<void>(WriteResult(answer.text()));
}

}  // namespace credmint::cli
