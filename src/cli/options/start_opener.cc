// SPDX-License-Identifier: Apache-2.0
#include "cli/options/start_opener.h"

#include <utility>

#include "cli/options/hidden_places.h"
#include "cli/options/start_library.h"
#include "cli/output/terminal_prompt.h"

namespace credmint::cli {

Result<StartedOpener> StartOpener(std::shared_ptr<const IdentitySpec> identity,
                                  ProcessOptions process) {
  for (std::string& file : SecretFilesOf(*identity)) {
    process.secret_files.push_back(std::move(file));
  }
  auto context = StartLibrary(process);
  if (!context) return Fail(std::move(context));
  auto library = std::make_unique<LibraryContext>(*std::move(context));
  auto opener = IdentityOpener::Create(*library, std::move(identity), AskAtTerminal);
  if (!opener) return Fail(std::move(opener));
  return StartedOpener{std::move(library), *std::move(opener)};
}

}  // namespace credmint::cli
