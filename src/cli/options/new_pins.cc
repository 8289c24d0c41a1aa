// SPDX-License-Identifier: Apache-2.0
#include "cli/options/new_pins.h"

#include <fmt/format.h>

#include <utility>

#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "cli/output/terminal_prompt.h"
#include "identity/secret_source.h"

namespace credmint::cli {
namespace {

/// The source of one PIN of a new token.
struct NewPin {
  const char* option;
  const std::string& source;
  const char* subject;
};

Result<Secret> AskForNewPin(const NewPin& pin) {
  const auto ask = [&](const char* again) {
    return AskAtTerminal({PassphraseKind::kTokenPin, fmt::format("{}{}", pin.subject, again)},
                         PromptReason::kNeeded);
  };
  auto first = ask("");
  if (!first) return Fail(std::move(first));
  if (!*first) {
    return Fail(ErrorCode::kPinRequired, fmt::format("{} is missing", pin.option),
                "give the new PIN: file:PATH, env:NAME, fd:N, stdin, cred:NAME or pass:TEXT");
  }
  auto second = ask(", again");
  if (!second) return Fail(std::move(second));
  if (*second && **second == **first) return **std::move(first);
  return Fail(ErrorCode::kUsage, "the two PINs that were typed differ");
}

Result<Secret> ReadNewPin(const NewPin& pin) {
  if (pin.source.empty()) return AskForNewPin(pin);
  const auto source = SecretSource::Parse(pin.source);
  if (!source) return Fail(Error(source.error()).In(pin.option));
  auto secret = source->Read();
  if (!secret) return Fail(std::move(secret), pin.option);
  if (secret->empty()) {
    return Fail(ErrorCode::kUsage, fmt::format("{}: the PIN is empty", pin.option));
  }
  return secret;
}

}  // namespace

void AddNewSoPinFlag(CLI::App& command, std::string& so_passin) {
  AddSecret(command, "--so-passin", so_passin,
            "New PIN of the security officer; sources as for --passin")
      ->group(kIdentityGroup);
}

/// A descriptor can be read once, and both PINs would be its first line.
Result<void> CheckTheyDiffer(const NewPinSources& sources) {
  const bool same = !sources.so_passin.empty() && sources.so_passin == sources.passin &&
                    !sources.so_passin.starts_with("pass:");
  if (!same) return {};
  return Fail(ErrorCode::kUsage, "--so-passin and --passin name the same source",
              "give the security officer a PIN of its own");
}

Result<TokenPins> ReadNewPins(const NewPinSources& sources) {
  auto so_pin =
      ReadNewPin({"--so-passin", sources.so_passin, "the security officer of the new token"});
  if (!so_pin) return Fail(std::move(so_pin));
  auto user_pin = ReadNewPin({"--passin", sources.passin, "the user of the new token"});
  if (!user_pin) return Fail(std::move(user_pin));
  return TokenPins{*std::move(so_pin), *std::move(user_pin)};
}

}  // namespace credmint::cli
