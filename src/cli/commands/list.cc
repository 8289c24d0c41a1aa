// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/list.h"

#include <chrono>

#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"
#include "cli/output/help_text.h"
#include "cli/output/inventory_text.h"
#include "cli/output/output.h"
#include "identity/identity_opener.h"
#include "identity/key_reference.h"

namespace credmint::cli {

ListCommand::ListCommand(CLI::App& app)
    : app_(app.add_subcommand("list", "List tokens, keys and certificates, with URIs to paste")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.example = "credmint list --passin file:pin 'pkcs11:token=prod'"});
    CLI::Option* uri = app_->add_option("uri", uri_, "URI or file to list (default: all tokens)")
                           ->check(PlainText())
                           ->option_text(kReferenceValue);
    app_->add_flag_callback(
            "--tpm", [this] { uri_ = "nv:"; }, "List what is in the TPM, instead of a URI or file")
        ->excludes(uri);
    app_->add_flag("--json", json_, "Print JSON");
    app_->add_flag("--login", login_,
                   "Log in to the token, with the PIN of --passin or one typed at the terminal");
    AddTokenFlags(*app_, key_);
    AddProcessFlags(*app_, process_);
  });
}

Result<void> ListCommand::Run() const {
  StartLog(process_);
  auto identity = WithoutPlace(ParseIdentity(key_));
  if (!identity) return Fail(std::move(identity));
  auto started = StartOpener(*std::move(identity), process_);
  if (!started) return Fail(std::move(started));
  auto reference = KeyReference::Parse(uri_, KeyReference::Use::kAnything);
  if (!reference) return Fail(std::move(reference), "the URI");
  const bool log_in = login_ || !key_.passin.empty() || reference->has_pin();
  const auto inventory = started->opener.keys().List(*std::move(reference), log_in);
  if (!inventory) return Fail(inventory);
  return WriteResult(
      json_ ? FormatInventoryJson(*inventory)
            : FormatInventoryText(*inventory, {std::chrono::system_clock::now(), log_in}));
}

}  // namespace credmint::cli
