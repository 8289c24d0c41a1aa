// SPDX-License-Identifier: Apache-2.0
#include "cli/options/device_place.h"

#include <fmt/format.h>

#include <utility>

#include "cli/options/hidden_places.h"
#include "cli/options/start_library.h"
#include "cli/options/text_option.h"
#include "cli/output/terminal_prompt.h"

namespace credmint::cli {

void AddDevicePlace(CLI::App& command, std::string& uri, const char* description) {
  AddPlace(command, "uri", uri, description, Place::kPathOrUri);
}

Result<OpenDevice> PrepareDevice(const std::string& uri, KeyReference::Use use,
                                 const KeyOptions& key, const ProcessOptions& process,
                                 const char* form) {
  auto identity = WithoutPlace(ParseIdentity(key));
  if (!identity) return Fail(std::move(identity));
  if (uri.empty()) return Fail(ErrorCode::kUsage, "the URI is missing", form);
  auto reference = KeyReference::Parse(uri, use);
  if (!reference) return Fail(std::move(reference), "the URI");
  if (reference->scheme() == nullptr) {
    return Fail(ErrorCode::kUsage, fmt::format("{} is not in a device", reference->shown()), form);
  }
  ProcessOptions started = process;
  for (std::string& file : SecretFilesOf(**identity)) {
    started.secret_files.push_back(std::move(file));
  }
  auto context = StartLibrary(started);
  if (!context) return Fail(std::move(context));
  auto library = std::make_unique<LibraryContext>(*std::move(context));
  auto opener = IdentityOpener::Create(*library, *std::move(identity), AskAtTerminal);
  if (!opener) return Fail(std::move(opener));
  return OpenDevice{std::move(library), *std::move(opener), *std::move(reference)};
}

}  // namespace credmint::cli
