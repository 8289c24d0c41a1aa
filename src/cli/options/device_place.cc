// SPDX-License-Identifier: Apache-2.0
#include "cli/options/device_place.h"

#include <fmt/format.h>

#include <utility>

#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"

namespace credmint::cli {

namespace {

struct Accepted {
  KeyReference::Use use;
  bool files;
};

Result<OpenDevice> Prepare(const std::string& uri, Accepted accepted, const KeyOptions& key,
                           const ProcessOptions& process, const char* form) {
  auto identity = WithoutPlace(ParseIdentity(key));
  if (!identity) return Fail(std::move(identity));
  if (uri.empty()) return Fail(ErrorCode::kUsage, "the URI is missing", form);
  auto reference = KeyReference::Parse(uri, accepted.use);
  if (!reference) return Fail(std::move(reference), "the URI");
  const bool may_be_file = accepted.files && reference->is_file();
  if (reference->scheme() == nullptr && !may_be_file) {
    return Fail(ErrorCode::kUsage, fmt::format("{} is not in a device", reference->shown()), form);
  }
  auto started = StartOpener(*std::move(identity), process);
  if (!started) return Fail(std::move(started));
  return OpenDevice{*std::move(started), *std::move(reference)};
}

}  // namespace

void AddDevicePlace(CLI::App& command, std::string& uri, const char* description) {
  AddPlace(command, "uri", uri, description, Place::kPathOrUri);
}

Result<OpenDevice> PrepareDevice(const std::string& uri, KeyReference::Use use,
                                 const KeyOptions& key, const ProcessOptions& process,
                                 const char* form) {
  return Prepare(uri, {use, false}, key, process, form);
}

Result<OpenDevice> PrepareKey(const std::string& reference, const KeyOptions& key,
                              const ProcessOptions& process, const char* form) {
  return Prepare(reference, {KeyReference::Use::kPrivateKey, true}, key, process, form);
}

}  // namespace credmint::cli
