// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/uri.h"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string_view>

#include "base/pin_file.h"
#include "base/shown_value.h"
#include "pkcs11/padded_fields.h"
#include "pkcs11_config.h"

namespace credmint::pkcs11 {
namespace {

constexpr std::string_view kPathAttributes[] = {"token",
                                                "manufacturer",
                                                "serial",
                                                "model",
                                                "object",
                                                "id",
                                                "type",
                                                "object-type",
                                                "slot-id",
                                                "slot-manufacturer",
                                                "slot-description",
                                                "library-manufacturer",
                                                "library-description",
                                                "library-version"};
constexpr std::string_view kQueryAttributes[] = {"pin-source", "pin-value", "module-name",
                                                 "module-path"};

template <std::size_t N>
bool Contains(const std::string_view (&names)[N], std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

tl::unexpected<Error> Malformed(std::string message) {
  return Fail(
      ErrorCode::kMalformed, std::move(message),
      "the syntax is 'pkcs11:token=LABEL;object=LABEL;id=%01' (RFC 7512); quote it in a shell");
}

using Attributes = std::map<std::string_view, std::string_view>;

/// Splits one part of the URI into attributes. p11-kit says only that something was not recognised;
/// people need to know what.
template <std::size_t N>
Result<Attributes> SplitPart(std::string_view part, char separator,
                             const std::string_view (&known)[N]) {
  Attributes attributes;
  while (!part.empty()) {
    const std::size_t end = std::min(part.find(separator), part.size());
    const std::string_view attribute = part.substr(0, end);
    std::string_view name = attribute.substr(0, attribute.find('='));
    if (name.size() == attribute.size()) {
      const bool is_name = name.empty() || Contains(known, name);  // something else may be a PIN
      return Malformed(is_name ? fmt::format("the attribute '{}' has no value", name)
                               : "one of its attributes has no value");
    }
    if (!Contains(known, name) && !name.starts_with("x-")) {
      return Malformed(fmt::format("the attribute {} is unknown", Shown(name)));
    }
    const std::string_view value = attribute.substr(name.size() + 1);
    if (name == "object-type") name = "type";
    if (!attributes.emplace(name, value).second && !name.starts_with("x-")) {
      return Malformed(fmt::format("the attribute '{}' is given twice", name));
    }
    if (end == part.size()) break;
    part.remove_prefix(end + 1);
    if (part.empty()) return Malformed("it ends with an empty attribute");
  }
  return attributes;
}

bool IsNumber(std::string_view text, unsigned long largest) {
  unsigned long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= largest;
}

/// Checks values that p11-kit would misread: it wraps numbers around.
Result<void> CheckValues(const Attributes& path) {
  const auto value = [](const Attributes& attributes, std::string_view name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::optional<std::string_view>() : found->second;
  };
  constexpr auto kNoSlot = static_cast<CK_SLOT_ID>(-1);
  if (const auto slot = value(path, "slot-id"); slot && !IsNumber(*slot, kNoSlot - 1)) {
    return Malformed(fmt::format("its slot-id {} is not a slot's number", Shown(*slot)));
  }
  if (const auto version = value(path, "library-version")) {
    const std::size_t dot = std::min(version->find('.'), version->size());
    const bool minor_good = dot == version->size() || IsNumber(version->substr(dot + 1), 255);
    if (!IsNumber(version->substr(0, dot), 255) || !minor_good) {
      return Malformed(fmt::format("its library-version {} is not MAJOR.MINOR", Shown(*version)));
    }
  }
  return {};
}

/// Checks decoded values, because p11-kit itself writes the slashes of a path as %2F.
Result<void> CheckModule(P11KitUri* uri) {
  const char* path = P11Kit().uri_get_module_path(uri);
  const char* name = P11Kit().uri_get_module_name(uri);
  if (path != nullptr && name != nullptr) {
    return Malformed("it has both module-path and module-name");
  }
  if (path != nullptr && path[0] != '/') return Malformed("its module-path is not absolute");
  if (name != nullptr && (name[0] == '\0' || strchr(name, '/') != nullptr)) {
    return Malformed("its module-name is not a bare name");
  }
  return {};
}

const CK_ATTRIBUTE* Attribute(P11KitUri* uri, CK_ATTRIBUTE_TYPE type) {
  return P11Kit().uri_get_attribute(uri, type);
}

}  // namespace

std::span<const std::string_view> Uri::PathAttributes() { return kPathAttributes; }
std::span<const std::string_view> Uri::QueryAttributes() { return kQueryAttributes; }

Result<Uri> Uri::Parse(const std::string& text) {
  constexpr std::string_view kScheme = "pkcs11:";
  if (!std::string_view(text).starts_with(kScheme)) {
    return Malformed("it does not start with 'pkcs11:'");
  }
  const std::string_view rest = std::string_view(text).substr(kScheme.size());
  const std::string_view path = rest.substr(0, rest.find('?'));
  const std::string_view query =
      path.size() == rest.size() ? std::string_view() : rest.substr(path.size() + 1);
  if (rest.find_first_of(" \t\r\n") != std::string_view::npos) {
    return Malformed("it contains a blank, which is written %20");
  }
  auto path_attributes = SplitPart(path, ';', kPathAttributes);
  if (!path_attributes) return Fail(std::move(path_attributes));
  auto query_attributes = SplitPart(query, '&', kQueryAttributes);
  if (!query_attributes) return Fail(std::move(query_attributes));
  if (auto checked = CheckValues(*path_attributes); !checked) {
    return Fail(std::move(checked));
  }

  if (auto loaded = LoadP11Kit(); !loaded) return Fail(std::move(loaded));
  Uri uri(P11Kit().uri_new());
  uri.path_ = path;
  if (const auto source = query_attributes->find("pin-source"); source != query_attributes->end()) {
    uri.pin_source_ = fmt::format("?pin-source={}", source->second);
  }
  if (!uri.uri_) return Fail(ErrorCode::kInternal, "out of memory");
  const int parsed = P11Kit().uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.uri_.get());
  if (parsed != P11_KIT_URI_OK) return Malformed(P11Kit().uri_message(parsed));
  if (P11Kit().uri_any_unrecognized(uri.uri_.get()) != 0) {
    return Malformed("one of its values is too long or not understood");
  }
  if (auto checked = CheckModule(uri.uri_.get()); !checked) return Fail(std::move(checked));
  BlankNuls(*P11Kit().uri_get_module_info(uri.uri_.get()));
  BlankNuls(*P11Kit().uri_get_slot_info(uri.uri_.get()));
  BlankNuls(*P11Kit().uri_get_token_info(uri.uri_.get()));
  uri.names_slot_ = path_attributes->contains("slot-manufacturer") ||
                    path_attributes->contains("slot-description");
  uri.names_token_ = path_attributes->contains("token") || path_attributes->contains("serial");
  uri.names_library_ = path_attributes->contains("library-manufacturer") ||
                       path_attributes->contains("library-description") ||
                       path_attributes->contains("library-version");
  return uri;
}

bool Uri::MatchesModule(const CK_INFO& info) const {
  CK_INFO blanked = info;
  BlankNuls(blanked);
  return P11Kit().uri_match_module_info(uri_.get(), &blanked) != 0;
}

bool Uri::MatchesSlotId(CK_SLOT_ID slot) const {
  const CK_SLOT_ID wanted = P11Kit().uri_get_slot_id(uri_.get());
  return wanted == static_cast<CK_SLOT_ID>(-1) || wanted == slot;
}

bool Uri::MatchesSlot(const CK_SLOT_INFO& info) const {
  CK_SLOT_INFO blanked = info;
  BlankNuls(blanked);
  return P11Kit().uri_match_slot_info(uri_.get(), &blanked) != 0;
}

bool Uri::MatchesToken(const CK_TOKEN_INFO& info) const {
  CK_TOKEN_INFO blanked = info;
  BlankNuls(blanked);
  return P11Kit().uri_match_token_info(uri_.get(), &blanked) != 0;
}

std::optional<CK_OBJECT_CLASS> Uri::object_class() const {
  const CK_ATTRIBUTE* attribute = Attribute(uri_.get(), CKA_CLASS);
  if (attribute == nullptr || attribute->ulValueLen != sizeof(CK_OBJECT_CLASS)) return std::nullopt;
  return *static_cast<const CK_OBJECT_CLASS*>(attribute->pValue);
}

std::vector<CK_ATTRIBUTE> Uri::ObjectTemplate() const {
  std::vector<CK_ATTRIBUTE> result;
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID}) {
    const CK_ATTRIBUTE* attribute = Attribute(uri_.get(), type);
    if (attribute != nullptr) result.push_back(*attribute);
  }
  return result;
}

std::string Uri::Label() const {
  const CK_ATTRIBUTE* attribute = Attribute(uri_.get(), CKA_LABEL);
  if (attribute == nullptr) return {};
  return {static_cast<const char*>(attribute->pValue), attribute->ulValueLen};
}

Bytes Uri::Id() const {
  const CK_ATTRIBUTE* attribute = Attribute(uri_.get(), CKA_ID);
  if (attribute == nullptr) return {};
  const auto* bytes = static_cast<const std::uint8_t*>(attribute->pValue);
  return {bytes, bytes + attribute->ulValueLen};
}

std::string Uri::TokenLabel() const {
  return PaddedText(P11Kit().uri_get_token_info(uri_.get())->label);
}

std::string Uri::ModulePath(const std::string& fallback) const {
  if (const char* path = P11Kit().uri_get_module_path(uri_.get()); path != nullptr) return path;
  const char* name = P11Kit().uri_get_module_name(uri_.get());
  if (name == nullptr) return fallback;
  for (const char* prefix : {"", "lib"}) {
    std::string path = fmt::format("{}/{}{}.so", CREDMINT_P11_MODULE_FOLDER, prefix, name);
    if (access(path.c_str(), F_OK) == 0) return path;
  }
  return fmt::format("lib{}.so", name);
}

Result<std::optional<Secret>> Uri::Pin() const {
  const char* value = P11Kit().uri_get_pin_value(uri_.get());
  const char* source = P11Kit().uri_get_pin_source(uri_.get());
  if (value != nullptr && source != nullptr) {
    return Malformed("it has both pin-value and pin-source");
  }
  if (value != nullptr) return std::optional<Secret>(Secret(value));
  if (source == nullptr) return std::optional<Secret>();
  auto pin = ReadPinFile(source);
  if (!pin) return Fail(std::move(pin), "pin-source");
  return std::optional<Secret>(*std::move(pin));
}

}  // namespace credmint::pkcs11
