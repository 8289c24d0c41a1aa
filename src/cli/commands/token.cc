// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/token.h"

#include <utility>

#include "cli/options/device_place.h"
#include "cli/options/new_pins.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "enrolment/new_token.h"
#include "identity/secret_source.h"

namespace credmint::cli {

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
    AddNewSoPinFlag(init, so_passin_);
    AddTokenFlags(init, key_);
    AddProcessFlags(init, process_);
  });
}

Result<void> TokenCommand::Run() const {
  StartLog(process_);
  const NewPinSources sources{so_passin_, key_.passin};
  if (auto differ = CheckTheyDiffer(sources); !differ) return differ;
  ProcessOptions process = process_;
  if (const auto source = SecretSource::Parse(so_passin_); source && source->file()) {
    process.secret_files.push_back(*source->file());
  }
  auto device = PrepareDevice(uri_, KeyReference::Use::kAnything, key_, process,
                              "name the token, as in pkcs11:token=new");
  if (!device) return Fail(std::move(device));
  auto pins = ReadNewPins(sources);
  if (!pins) return Fail(std::move(pins));
  const auto token =
      InitToken(device->started.opener.keys(), std::move(device->reference), *std::move(pins));
  if (!token) return Fail(token);
  return WriteResult(token->uri + "\n");
}

}  // namespace credmint::cli
