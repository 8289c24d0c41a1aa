// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/token.h"

#include <fmt/format.h>

#include <utility>

#include "cli/options/device_place.h"
#include "cli/options/option_groups.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "enrolment/new_token.h"
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

/// A descriptor can be read once, and both PINs would be its first line.
Result<void> CheckTheyDiffer(const std::string& so_passin, const std::string& passin) {
  const bool same = !so_passin.empty() && so_passin == passin && !so_passin.starts_with("pass:");
  if (!same) return {};
  return Fail(ErrorCode::kUsage, "--so-passin and --passin name the same source",
              "give the security officer a PIN of its own");
}

}  // namespace

TokenCommand::TokenCommand(CLI::App& app)
    : app_(app.add_subcommand("token", "Initialise a new token")) {
  app_->preparse_callback([this](std::size_t) {
    app_->require_subcommand(1);
    const char* const example =
        "credmint token init pkcs11:token=new --so-passin file:so-pin \\\n"
        "  --passin file:pin";
    SetHelp(*app_, {.example = example});
    CLI::App& init = *app_->add_subcommand("init", "Make a token of a free slot");
    SetHelp(init, {.needs = "the URI", .example = example});
    AddDevicePlace(init, uri_, "Label of the new token: pkcs11:token=LABEL");
    AddSecret(init, "--so-passin", so_passin_,
              "New PIN of the security officer; sources as for --passin")
        ->group(kIdentityGroup);
    AddTokenFlags(init, key_);
    AddProcessFlags(init, process_);
  });
}

Result<void> TokenCommand::Run() const {
  StartLog(process_);
  if (auto differ = CheckTheyDiffer(so_passin_, key_.passin); !differ) return differ;
  ProcessOptions process = process_;
  if (const auto source = SecretSource::Parse(so_passin_); source && source->file()) {
    process.secret_files.push_back(*source->file());
  }
  auto device = PrepareDevice(uri_, KeyReference::Use::kAnything, key_, process,
                              "name the token, as in pkcs11:token=new");
  if (!device) return Fail(std::move(device));
  auto so_pin = ReadNewPin({"--so-passin", so_passin_, "the security officer of the new token"});
  if (!so_pin) return Fail(std::move(so_pin));
  auto user_pin = ReadNewPin({"--passin", key_.passin, "the user of the new token"});
  if (!user_pin) return Fail(std::move(user_pin));
  const auto token = InitToken(device->started.opener.keys(), std::move(device->reference),
                               {*std::move(so_pin), *std::move(user_pin)});
  if (!token) return Fail(token);
  return WriteResult(token->uri + "\n");
}

}  // namespace credmint::cli
