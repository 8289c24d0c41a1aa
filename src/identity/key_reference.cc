// SPDX-License-Identifier: Apache-2.0
#include "identity/key_reference.h"

#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "base/shown_value.h"
#include "identity/shown_reference.h"

namespace credmint {
namespace {

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Percent-decoding (RFC 3986 section 2.1). The buffer has its final size from the start, so that
/// no copy of a PIN is left behind.
Result<Secret> PercentDecode(std::string_view text) {
  std::vector<char> decoded(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return Fail(ErrorCode::kMalformed, "a '%' in its PIN is not followed by two digits");
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    decoded[size++] = c;
  }
  Secret secret = Secret::Take(decoded);
  secret.Truncate(size);
  return secret;
}

struct Query {
  std::string rest;  ///< without the PIN attributes
  std::optional<ReferencedPin> pin;
};

Result<Query> TakePinOut(std::string_view query) {
  Query result;
  for (const std::string_view attribute : Split(query, '&')) {
    const std::string_view name = attribute.substr(0, attribute.find('='));
    if (name.size() == attribute.size() && !name.empty()) {
      return Fail(ErrorCode::kMalformed, "an attribute behind its '?' has no value");
    }
    if (name != "pin-value" && name != "pin-source") {
      const bool known = name == "module-name" || name == "module-path" || name.starts_with("x-");
      if (!known && !attribute.empty()) {
        // Its value is not shown: it may be a PIN under a mistyped name.
        return Fail(ErrorCode::kMalformed, fmt::format("the attribute {} is unknown", Shown(name)));
      }
      result.rest += (result.rest.empty() ? "" : "&") + std::string(attribute);
      continue;
    }
    if (result.pin) {
      return Fail(ErrorCode::kMalformed, "it names its PIN twice (pin-value, pin-source)");
    }
    auto value = PercentDecode(attribute.substr(std::min(name.size() + 1, attribute.size())));
    if (!value) return Fail(std::move(value));
    ReferencedPin pin;
    if (name == "pin-source") {
      if (value->empty()) return Fail(ErrorCode::kMalformed, "its pin-source is empty");
      pin.file = value->Reveal();
    } else {
      pin.value = *std::move(value);
    }
    result.pin = std::move(pin);
  }
  return result;
}

/// The URI without the path attributes that start with one of `prefixes`.
std::string WithoutAttributes(std::string_view uri,
                              std::initializer_list<std::string_view> prefixes) {
  const std::string_view query =
      uri.find('?') == std::string_view::npos ? std::string_view() : uri.substr(uri.find('?'));
  std::string_view rest = uri.substr(0, uri.size() - query.size());
  const std::string_view scheme = rest.substr(0, rest.find(':') + 1);
  rest.remove_prefix(scheme.size());
  std::string path;
  for (const std::string_view attribute : Split(rest, ';')) {
    const bool drop = std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view prefix) {
      return attribute.starts_with(prefix);
    });
    if (!drop) path += (path.empty() ? "" : ";") + std::string(attribute);
  }
  return fmt::format("{}{}{}", scheme, path, query);
}

/// The URI with its `type` attribute replaced.
std::string WithType(std::string_view uri, std::string_view type) {
  std::string result = WithoutAttributes(uri, {"type=", "object-type="});
  const std::size_t path_end = std::min(result.find('?'), result.size());
  const bool empty_path = path_end == result.find(':') + 1;
  result.insert(path_end, fmt::format("{}type={}", empty_path ? "" : ";", type));
  return result;
}

/// The types that a URI may name for a use.
struct UsefulTypes {
  std::string_view wanted;
  std::string_view stand_in;  ///< a public key stands for its pair, if that is only used
};

UsefulTypes TypesFor(KeyReference::Use use) {
  using Use = KeyReference::Use;
  if (use == Use::kCertificate) return {"cert", "cert"};
  return {"private", use == Use::kPrivateKey ? "public" : "private"};
}

/// The first `type` in the URI that is of no use; empty if there is none.
std::string_view OtherType(std::string_view uri, const UsefulTypes& useful) {
  const std::string_view path = uri.substr(uri.find(':') + 1, uri.find('?') - uri.find(':') - 1);
  for (const std::string_view attribute : Split(path, ';')) {
    for (const std::string_view name : {"type=", "object-type="}) {
      if (!attribute.starts_with(name)) continue;
      const std::string_view type = attribute.substr(name.size());
      if (type != useful.wanted && type != useful.stand_in) return type;
    }
  }
  return {};
}

bool Exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

/// Whether it begins with a URI scheme (RFC 3986) and is not an existing file. OpenSSL's store
/// opens it.
bool LooksLikeUri(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon < 2 || Exists(text)) return false;
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") == colon;
}

std::string FilePath(std::string_view text) {
  if (!text.starts_with("file:")) return std::string(text);
  text.remove_prefix(5);
  if (text.starts_with("//")) text.remove_prefix(2);
  return std::string(text);
}

constexpr std::string_view kVariable = "env:";
constexpr std::string_view kStream = "fd:";

/// Whether it is the name of a variable, rather than the contents of one, which must not be shown.
bool IsVariableName(std::string_view name) {
  constexpr std::size_t kLongest = 128;
  return !name.empty() && name.size() <= kLongest && (name[0] < '0' || name[0] > '9') &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::optional<int> ParseDescriptor(std::string_view number) {
  int value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  const bool is_whole = error == std::errc() && end == number.data() + number.size();
  return is_whole && value >= 0 ? std::optional(value) : std::nullopt;
}

Error HasNoKeys(const Scheme& scheme) {
  const Scheme* sister = FindSisterScheme(scheme);
  return MakeError(ErrorCode::kMalformed,
                   fmt::format("{}: names certificates, not keys", scheme.name),
                   Remedy::kNamePrivateKey,
                   sister == nullptr ? "" : fmt::format("{}:…, or a file", sister->name));
}

/// Fails if the back end of a scheme cannot have what is wanted, or is not in this build.
Result<void> CheckUse(const Scheme& scheme, KeyReference::Use use) {
  if (scheme.init == nullptr) {
    return Fail(ErrorCode::kUsage,
                fmt::format("this build cannot use {}: references", scheme.name));
  }
  const bool is_key =
      use == KeyReference::Use::kPrivateKey || use == KeyReference::Use::kPrivateKeyToChange;
  if (is_key && !scheme.has_keys) {
    return Fail(HasNoKeys(scheme));
  }
  if (use != KeyReference::Use::kCertificate || scheme.has_certificates) return {};
  const Scheme* sister = FindSisterScheme(scheme);
  return Fail(ErrorCode::kCertificate,
              fmt::format("a {}: reference names a key, not a certificate", scheme.name),
              sister == nullptr ? "give the certificate's file"
                                : fmt::format("give the certificate's file, or {}:… if it is there",
                                              sister->name));
}

/// Extracts the PIN from a URI, and leaves the rest of the query.
Result<std::optional<ReferencedPin>> TakeQueryOut(std::string& uri) {
  const std::size_t mark = uri.find('?');
  if (mark == std::string::npos) return std::nullopt;
  auto query = TakePinOut(std::string_view(uri).substr(mark + 1));
  if (!query) return Fail(std::move(query));
  uri.resize(mark);
  if (!query->rest.empty()) uri += "?" + query->rest;
  return std::move(query->pin);
}

Result<void> CheckAttributes(std::string_view uri) {
  const std::string_view path = uri.substr(0, uri.find('?'));
  const bool empty_part = path.find(";;") != std::string_view::npos || path.ends_with(';') ||
                          path.substr(path.find(':') + 1).starts_with(';');
  if (empty_part) return Fail(ErrorCode::kMalformed, "it has an empty attribute");
  // Not repeated in the message: the text may be the PIN.
  const bool has_pin = uri.find("pin-value") != std::string_view::npos ||
                       uri.find("pin-source") != std::string_view::npos;
  if (!has_pin) return {};
  return Fail(ErrorCode::kMalformed, "its PIN attribute is in the wrong place",
              "pin-source and pin-value follow a '?', further attributes a '&'");
}

/// Checks that a text may be shown. A URI may be long. A text that is neither URI nor file may be
/// anything.
Result<void> CheckMayBeShown(const std::string& text) {
  constexpr std::string_view kExpected = "a path or a URI";
  if (text.starts_with("file:")) return CheckPath(FilePath(text), kExpected);
  const bool is_uri = FindScheme(text) != nullptr || LooksLikeUri(text);
  if (!is_uri || !DescribeUnshown(text, text.size()).empty()) return CheckPath(text, kExpected);
  return {};
}

}  // namespace

Result<void> KeyReference::CheckHasKeys() const {
  if (scheme_ == nullptr || scheme_->has_keys) return {};
  return Fail(HasNoKeys(*scheme_));
}

Result<KeyReference> KeyReference::Parse(const std::string& text, Use use) {
  if (text.empty()) return Fail(ErrorCode::kMalformed, "the reference is empty");
  if (text == "-" || text.starts_with(kVariable) || text.starts_with(kStream)) {
    return ParseWithoutFile(text);
  }
  if (auto checked = CheckMayBeShown(text); !checked) return Fail(std::move(checked));
  KeyReference reference;
  reference.scheme_ = FindScheme(text);
  if (reference.scheme_ == nullptr) {
    reference.is_file_ = text.starts_with("file:") || !LooksLikeUri(text);
    reference.text_ = reference.is_file_ ? FilePath(text) : text;
    if (reference.text_.empty()) return Fail(ErrorCode::kMalformed, "the reference is empty");
    return reference;
  }
  const Scheme& scheme = *reference.scheme_;
  if (auto useful = CheckUse(scheme, use); !useful) return Fail(std::move(useful));
  reference.is_file_ = false;
  reference.text_ = fmt::format("{}{}", scheme.name, text.substr(text.find(':')));
  if (!scheme.rfc7512) return reference;
  auto query = TakeQueryOut(reference.text_);
  if (!query) return Fail(std::move(query));
  reference.pin_ = *std::move(query);
  if (auto sound = CheckAttributes(reference.text_); !sound) return Fail(std::move(sound));
  if (use == Use::kAnything) return reference;
  const UsefulTypes types = TypesFor(use);
  const std::string_view type = OtherType(reference.text_, types);
  if (!type.empty()) {
    return Fail(
        ErrorCode::kMalformed,
        fmt::format("it says type={} where type={} is needed", Printable(type, 32), types.wanted),
        "leave the type out");
  }
  reference.text_ = WithType(reference.text_, types.wanted);
  return reference;
}

/// Ignores existing files of that name, as the schemes of back ends do.
Result<KeyReference> KeyReference::ParseWithoutFile(const std::string& text) {
  KeyReference reference;
  reference.text_ = text;
  if (text.starts_with(kVariable)) {
    reference.variable_ = text.substr(kVariable.size());
    if (IsVariableName(reference.variable_)) return reference;
    return Fail(ErrorCode::kMalformed, "env: is not followed by the name of a variable",
                "write env:NAME without a $; a file of such a name is ./env:…");
  }
  reference.descriptor_ = text == "-" ? 0 : ParseDescriptor(text.substr(kStream.size()));
  if (!reference.descriptor_) {
    return Fail(ErrorCode::kMalformed, "fd: is not followed by the number of a descriptor",
                "write fd:3 and 3<FILE; a file of such a name is ./fd:…");
  }
  if (reference.descriptor_ == 0) reference.text_ = "standard input";
  return reference;
}

KeyReference KeyReference::Clone() const {
  KeyReference reference;
  reference.scheme_ = scheme_;
  reference.is_file_ = is_file_;
  reference.text_ = text_;
  reference.variable_ = variable_;
  reference.descriptor_ = descriptor_;
  if (pin_) reference.pin_ = ReferencedPin{pin_->value.Clone(), pin_->file};
  return reference;
}

KeyReference KeyReference::ForPrivateKey() const {
  KeyReference reference = Clone();
  if (scheme_ != nullptr && scheme_->rfc7512) reference.text_ = WithType(text_, "private");
  return reference;
}

KeyReference KeyReference::ForAll() const {
  KeyReference reference = Clone();
  if (scheme_ != nullptr && scheme_->rfc7512) {
    reference.text_ = WithoutAttributes(text_, {"object=", "id="});
  }
  return reference;
}

KeyReference KeyReference::ForAnyType() const {
  KeyReference reference = Clone();
  if (scheme_ != nullptr && scheme_->rfc7512) {
    reference.text_ = WithoutAttributes(text_, {"type=", "object-type="});
  }
  return reference;
}

Result<KeyReference> KeyReference::Beside(const std::string& uri) const {
  auto other = Parse(uri, Use::kPrivateKey);
  if (other) other->pin_ = Clone().pin_;
  return other;
}

bool KeyReference::NamesOneKey() const {
  if (scheme_ == nullptr) return true;
  if (scheme_->rfc7512) return WithoutAttributes(text_, {"id="}) != text_;
  return !std::string_view(text_).substr(0, text_.find('?')).ends_with(':');
}

std::string KeyReference::WithId(const std::string& uri, ByteView id) {
  std::string text = WithoutAttributes(uri, {"id="});
  std::string attribute = ";id=";
  for (const std::uint8_t byte : id) attribute += fmt::format("%{:02X}", byte);
  text.insert(std::min(text.find('?'), text.size()), attribute);
  return text;
}

std::string KeyReference::shown() const {
  return is_file_ ? ShownPath(text_) : ShownUri(text_, scheme_ != nullptr && scheme_->rfc7512);
}

std::string KeyReference::place() const {
  if (scheme_ == nullptr || !scheme_->rfc7512) return text_;
  return WithoutAttributes(text_, {"object=", "id=", "type=", "object-type="});
}

std::optional<ReferencedPin> KeyReference::TakePin() { return std::exchange(pin_, std::nullopt); }

}  // namespace credmint
