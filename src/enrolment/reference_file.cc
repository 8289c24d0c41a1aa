// SPDX-License-Identifier: Apache-2.0
#include "enrolment/reference_file.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "base/percent_encoding.h"
#include "base/whole_file.h"
#include "ossl/uri_file.h"

namespace credmint {
namespace {

/// The query that names the PIN's file; empty if the reference has none. The programs that
/// open the file run in other folders.
Result<std::string> PinSourceOf(KeyReference reference) {
  const auto pin = reference.TakePin();
  if (!pin || pin->file.empty()) return std::string();
  constexpr std::string_view kFileScheme = "file:";
  std::string_view place = pin->file;
  if (place.starts_with(kFileScheme)) place.remove_prefix(kFileScheme.size());
  if (place.starts_with('/')) return "?pin-source=" + PercentEncode(pin->file, ":/");
  return Fail(
      ErrorCode::kUsage, "the pin-source is not an absolute path",
      "give the whole path, as in pin-source=file:/etc/web/pin: other programs run in other "
      "folders");
}

}  // namespace

Result<void> WriteReferenceFile(KeyOpener& keys, KeyReference reference, const std::string& path) {
  if (reference.scheme() == nullptr || !reference.scheme()->rfc7512) {
    return Fail(
        ErrorCode::kUsage, fmt::format("{} is not on a token", reference.shown()),
        "such a file can name only a key on a token; a TPM key has a file of its own, or its "
        "handle");
  }
  const auto pin_source = PinSourceOf(reference.Clone());
  if (!pin_source) return Fail(pin_source);
  const std::string uri = reference.text().substr(0, reference.text().find('?')) + *pin_source;
  if (auto is_new = CheckIsNewFile(path); !is_new) return is_new;
  if (auto key = keys.OpenKey(std::move(reference)); !key) return Fail(std::move(key));
  const auto contents = WriteUriFile(uri);
  if (!contents) return Fail(contents);
  return WriteNewFile(path, *contents);
}

}  // namespace credmint
