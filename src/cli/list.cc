// SPDX-License-Identifier: Apache-2.0
#include "cli/list.h"

#include <chrono>

#include "cli/inventory_text.h"
#include "cli/output.h"
#include "cli/text_option.h"
#include "identity/key_reference.h"

namespace credmint::cli {

ListCommand::ListCommand(CLI::App& app)
    : app_(app.add_subcommand("list", "Show tokens, keys and certificates, with URIs to paste")) {
  app_->preparse_callback([this](std::size_t) {
    CLI::Option* uri =
        app_->add_option("uri", uri_, "What to show: a URI, or a file (default: all tokens)")
            ->check(PlainText());
    app_->add_flag_callback(
            "--tpm", [this] { uri_ = "nv:"; }, "Show what is in the TPM")
        ->excludes(uri);
    app_->add_flag("--json", json_, "Print JSON");
    app_->add_flag("--login", login_,
                   "Log in, with the PIN of --passin or one typed at the terminal");
    AddTokenFlags(*app_, key_);
  });
}

Result<void> ListCommand::Run() const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto opener = MakeKeyOpener(*library, key_, Prompting::kAtTerminal);
  if (!opener) return Fail(std::move(opener));
  auto reference = KeyReference::Parse(uri_, KeyReference::Use::kAnything);
  if (!reference) return Fail(std::move(reference), "the URI");
  const bool log_in = login_ || !key_.passin.empty() || reference->has_pin();
  const auto inventory = opener->List(*std::move(reference), log_in);
  if (!inventory) return tl::unexpected(inventory.error());
  return WriteResult(json_ ? FormatInventoryJson(*inventory)
                           : FormatInventoryText(*inventory, std::chrono::system_clock::now()));
}

}  // namespace credmint::cli
