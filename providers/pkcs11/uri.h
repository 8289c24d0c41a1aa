// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/printable.h"
#include "base/secret.h"
#include "ossl/handles.h"
#include "pkcs11/p11_kit_library.h"

namespace credmint::pkcs11 {

/// A PKCS#11 URI (RFC 7512), parsed by p11-kit: the modules, slots, tokens and objects it means.
/// Cheap to copy; safe to share between threads.
///
/// Absent attributes match everything. An unknown or repeated attribute, a bad escape, or a value
/// too long for its field is refused with kMalformed. Otherwise it would silently match nothing.
class Uri {
 public:
  static Result<Uri> Parse(const std::string& text);

  /// The names of the known attributes: those before the "?", and those after it.
  static std::span<const std::string_view> PathAttributes();
  static std::span<const std::string_view> QueryAttributes();

  [[nodiscard]] bool MatchesModule(const CK_INFO& info) const;
  [[nodiscard]] bool MatchesSlotId(CK_SLOT_ID slot) const;
  [[nodiscard]] bool MatchesSlot(const CK_SLOT_INFO& info) const;
  [[nodiscard]] bool MatchesToken(const CK_TOKEN_INFO& info) const;
  /// Whether MatchesSlot() can be false at all. If not, slots need not be asked.
  [[nodiscard]] bool NamesSlot() const { return names_slot_; }
  /// Whether it names a token, by label or serial number.
  [[nodiscard]] bool NamesToken() const { return names_token_; }
  /// Whether MatchesModule() can be false at all.
  [[nodiscard]] bool NamesLibrary() const { return names_library_; }

  /// The `type` attribute as an object class.
  [[nodiscard]] std::optional<CK_OBJECT_CLASS> object_class() const;
  /// The `object` and `id` attributes as a search template, which points into this object.
  [[nodiscard]] std::vector<CK_ATTRIBUTE> ObjectTemplate() const;

  /// The `object` and `id` attributes alone; empty if the URI does not have them.
  [[nodiscard]] std::string Label() const;
  [[nodiscard]] Bytes Id() const;
  /// The `token` attribute; empty if the URI does not have it.
  [[nodiscard]] std::string TokenLabel() const;

  /// The path of the module. It is the first of these:
  ///
  /// * `module-path`
  /// * for `module-name` NAME: NAME.so or libNAME.so in p11-kit's module folder, else libNAME.so
  ///   wherever the dynamic linker finds it
  /// * `fallback`
  [[nodiscard]] std::string ModulePath(const std::string& fallback) const;

  /// The URI as written, without its query. It holds no PIN.
  [[nodiscard]] const std::string& path() const { return path_; }

  /// `pin-source` as written, behind the "?" of a query; empty if the URI does not have it.
  [[nodiscard]] const std::string& pin_source() const { return pin_source_; }

  /// `pin-value`, or the PIN in the file of `pin-source`; nullopt if the URI has neither.
  [[nodiscard]] Result<std::optional<Secret>> Pin() const;

 private:
  explicit Uri(P11KitUri* uri) : uri_(uri, P11Kit().uri_free) {}

  std::shared_ptr<P11KitUri> uri_;  ///< never modified after parsing
  std::string path_;
  std::string pin_source_;
  bool names_slot_ = false;
  bool names_token_ = false;
  bool names_library_ = false;
};

/// The text of a fixed-width, blank-padded field such as the label in CK_TOKEN_INFO. A NUL in it
/// counts as a blank (padded_fields.h).
template <std::size_t N>
std::string PaddedText(const CK_UTF8CHAR (&field)[N]) {
  std::size_t size = N;
  while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0')) --size;
  std::string text(reinterpret_cast<const char*>(field), size);
  for (char& c : text) c = c == '\0' ? ' ' : c;
  return text;
}

/// A token's label for messages and prompts. Other programs show them as they are.
inline std::string ShownLabel(const CK_TOKEN_INFO& token) {
  return PrintableUtf8(PaddedText(token.label));
}

}  // namespace credmint::pkcs11
