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
#include "base/secret.h"
#include "ossl/handles.h"
#include "pkcs11/p11_kit_library.h"

namespace credmint::pkcs11 {

/// A PKCS#11 URI (RFC 7512), parsed by p11-kit: which module, slots, tokens and objects it means.
///
/// Attributes that are absent match everything. Anything that is not understood (an unknown or
/// repeated attribute, a bad escape, a value too long for its field) is refused with kMalformed
/// rather than matching nothing later. Cheap to copy; safe to share between threads.
class Uri {
 public:
  static Result<Uri> Parse(const std::string& text);

  /// The names of the attributes that are understood: before the "?", and behind it.
  static std::span<const std::string_view> PathAttributes();
  static std::span<const std::string_view> QueryAttributes();

  [[nodiscard]] bool MatchesModule(const CK_INFO& info) const;
  [[nodiscard]] bool MatchesSlotId(CK_SLOT_ID slot) const;
  [[nodiscard]] bool MatchesSlot(const CK_SLOT_INFO& info) const;
  [[nodiscard]] bool MatchesToken(const CK_TOKEN_INFO& info) const;
  /// Whether MatchesSlot can be false at all, so that slots need not be asked when it cannot.
  [[nodiscard]] bool NamesSlot() const { return names_slot_; }
  /// Whether it says which token is meant, by label or serial number.
  [[nodiscard]] bool NamesToken() const { return names_token_; }
  /// Whether MatchesModule can be false at all.
  [[nodiscard]] bool NamesLibrary() const { return names_library_; }

  /// The `type` attribute as an object class.
  [[nodiscard]] std::optional<CK_OBJECT_CLASS> object_class() const;
  /// The `object` and `id` attributes as a search template; points into this object.
  [[nodiscard]] std::vector<CK_ATTRIBUTE> ObjectTemplate() const;

  /// `module-path`; else for `module-name` NAME the file NAME.so or libNAME.so of p11-kit's module
  /// folder, or libNAME.so wherever the dynamic linker finds it; else `fallback`.
  [[nodiscard]] std::string ModulePath(const std::string& fallback) const;

  /// `pin-value`, or what the file of `pin-source` holds; nothing if the URI has neither.
  [[nodiscard]] Result<std::optional<Secret>> Pin() const;

 private:
  explicit Uri(P11KitUri* uri) : uri_(uri, P11Kit().uri_free) {}

  std::shared_ptr<P11KitUri> uri_;  ///< never changed after parsing
  bool names_slot_ = false;
  bool names_token_ = false;
  bool names_library_ = false;
};

/// The text of a fixed-width, blank-padded field such as CK_TOKEN_INFO's label; a NUL in it is a
/// blank (padded_fields.h).
template <std::size_t N>
std::string PaddedText(const CK_UTF8CHAR (&field)[N]) {
  std::size_t size = N;
  while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0')) --size;
  std::string text(reinterpret_cast<const char*>(field), size);
  for (char& c : text) c = c == '\0' ? ' ' : c;
  return text;
}

}  // namespace credmint::pkcs11
