// SPDX-License-Identifier: Apache-2.0
#include "identity/referenced_file.h"

#include <fmt/format.h>
#include <stdlib.h>

#include "base/stream_once.h"
#include "identity/scheme_table.h"

namespace credmint {
namespace {

Result<Secret> ReadVariable(const std::string& name) {
  const char* value = getenv(name.c_str());
  const std::string_view text = value != nullptr ? value : "";
  if (!text.empty() && text.size() <= kMaxFileSize) return Secret(text);
  if (!text.empty()) {
    return Fail(ErrorCode::kLocalIo,
                fmt::format("the variable {} is longer than {} bytes", name, kMaxFileSize));
  }
  return Fail(ErrorCode::kLocalIo,
              fmt::format("the variable {} is {}", name, value == nullptr ? "not set" : "empty"));
}

}  // namespace

Result<Secret> ReadReferenced(const KeyReference& reference, FileAccess access) {
  if (reference.descriptor()) return ReadStreamOnce(*reference.descriptor(), reference.text());
  if (!reference.variable().empty()) return ReadVariable(reference.variable());
  auto contents = ReadFile(reference.text(), kMaxFileSize, access);
  if (contents || contents.error().HasHint()) return contents;
  // A number that is not a file is a name without its scheme.
  if (const Scheme* scheme = FindSchemeOfBareName(reference.text())) {
    contents.error().SetHint(
        fmt::format("if that is no file, write {}:{}", scheme->name, reference.text()));
  }
  return contents;
}

}  // namespace credmint
