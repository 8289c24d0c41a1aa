// SPDX-License-Identifier: Apache-2.0
#include "identity/name_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ossl/handles.h"

namespace credmint {
namespace {

constexpr std::size_t kMostSteps = 200'000;
/// More than any real name has. The work grows with its square.
constexpr int kMostAttributes = 200;

using Position = std::size_t;
using Positions = std::vector<Position>;  // sorted, without duplicates

struct Alias {
  std::string_view oid;
  std::string_view name;
};

/// Names of types that OpenSSL does not know, in lower case.
constexpr std::array kAliases = {
    Alias{"1.2.840.113549.1.9.1", "e"},
    Alias{"1.2.840.113549.1.9.1", "email"},
    Alias{"2.5.4.8", "s"},
    Alias{"2.5.4.9", "street"},
    Alias{"2.5.4.12", "t"},
    Alias{"2.5.4.20", "phone"},
    Alias{"2.5.4.42", "g"},
    Alias{"2.5.4.43", "i"},
};

/// The types with a field in Go's pkix.Name, in the order in which Go writes them.
constexpr std::array<std::string_view, 9> kGoTypes = {"2.5.4.6",  "2.5.4.10", "2.5.4.11",
                                                      "2.5.4.7",  "2.5.4.8",  "2.5.4.9",
                                                      "2.5.4.17", "2.5.4.3",  "2.5.4.5"};
/// The types of which Go keeps only the last value.
constexpr std::array<std::string_view, 2> kGoSingleTypes = {"2.5.4.3", "2.5.4.5"};

std::string Lower(std::string_view text) {
  std::string lower;
  for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

void AddOnce(Positions& positions, Position position) {
  const auto place = std::lower_bound(positions.begin(), positions.end(), position);
  if (place == positions.end() || *place != position) positions.insert(place, position);
}

std::string ToUtf8(char32_t point) {
  std::array<unsigned char, 6> bytes{};
  const int size = UTF8_putc(bytes.data(), static_cast<int>(bytes.size()), point);
  return {bytes.begin(), bytes.begin() + std::max(size, 0)};
}

std::optional<std::string> ToUtf8(const ASN1_STRING* value) {
  const ErrorMark mark;
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return std::nullopt;
  std::string result(text, text + size);
  OPENSSL_free(text);
  return result;
}

/// The text of a DER string; nullopt if it is not a string, or if more follows.
std::optional<std::string> ToUtf8(ByteView der) {
  const ErrorMark mark;
  const std::uint8_t* cursor = der.data();
  const Handle<ASN1_TYPE, ASN1_TYPE_free> any(
      d2i_ASN1_TYPE(nullptr, &cursor, static_cast<long>(der.size())));
  if (!any || cursor != der.data() + der.size()) return std::nullopt;
  switch (ASN1_TYPE_get(any.get())) {
    case V_ASN1_UTF8STRING:
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UNIVERSALSTRING:
    case V_ASN1_NUMERICSTRING:
    case V_ASN1_VISIBLESTRING:
      return ToUtf8(any->value.asn1_string);
    default:
      return std::nullopt;
  }
}

std::vector<char32_t> CodePoints(const std::string& utf8) {
  std::vector<char32_t> points;
  const auto* cursor = reinterpret_cast<const unsigned char*>(utf8.data());
  auto left = static_cast<int>(utf8.size());
  while (left > 0) {
    unsigned long point = 0;
    const int size = UTF8_getc(cursor, left, &point);
    if (size <= 0) return {};
    points.push_back(static_cast<char32_t>(point));
    cursor += size;
    left -= size;
  }
  return points;
}

/// A type and a value, with their possible spellings.
struct Attribute {
  std::string oid;
  std::vector<std::string> names;  ///< in lower case
  std::optional<std::string> text;
  std::vector<char32_t> points;  ///< of `text`
  std::vector<char32_t> bytes;   ///< the bytes of the value's contents
  Bytes contents;
  Bytes der;
  std::string string_type;  ///< "UTF8STRING:"

  [[nodiscard]] bool operator==(const Attribute& other) const {
    return oid == other.oid && der == other.der;
  }
};

using Rdn = std::vector<const Attribute*>;
using Name = std::vector<Rdn>;

Attribute ToAttribute(const X509_NAME_ENTRY* entry) {
  Attribute attribute;
  const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
  std::array<char, 128> oid{};
  OBJ_obj2txt(oid.data(), static_cast<int>(oid.size()), object, 1);
  attribute.oid = oid.data();
  attribute.names = {attribute.oid, "oid." + attribute.oid};
  if (const int nid = OBJ_obj2nid(object); nid != NID_undef) {
    attribute.names.push_back(Lower(OBJ_nid2sn(nid)));
    attribute.names.push_back(Lower(OBJ_nid2ln(nid)));
  }
  for (const Alias& alias : kAliases) {
    if (alias.oid == attribute.oid) attribute.names.emplace_back(alias.name);
  }
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
  attribute.string_type = std::string(ASN1_tag2str(ASN1_STRING_type(value))) + ":";
  const unsigned char* data = ASN1_STRING_get0_data(value);
  attribute.contents.assign(data, data + ASN1_STRING_length(value));
  attribute.bytes.assign(attribute.contents.begin(), attribute.contents.end());
  Handle<ASN1_TYPE, ASN1_TYPE_free> any(ASN1_TYPE_new());
  if (any && ASN1_TYPE_set1(any.get(), ASN1_STRING_type(value), value) == 1) {
    const int size = i2d_ASN1_TYPE(any.get(), nullptr);
    attribute.der.resize(static_cast<std::size_t>(std::max(size, 0)));
    std::uint8_t* cursor = attribute.der.data();
    if (size > 0) i2d_ASN1_TYPE(any.get(), &cursor);
  }
  attribute.text = ToUtf8(value);
  if (attribute.text) attribute.points = CodePoints(*attribute.text);
  return attribute;
}

/// The parts in the order of Go's pkix.Name.String().
Name GoName(const std::vector<Attribute>& attributes) {
  Name name;
  for (const Attribute& attribute : attributes) {
    if (std::find(kGoTypes.begin(), kGoTypes.end(), attribute.oid) == kGoTypes.end()) {
      name.push_back({&attribute});
    }
  }
  for (const std::string_view type : kGoTypes) {
    Rdn rdn;
    for (const Attribute& attribute : attributes) {
      if (attribute.oid == type) rdn.push_back(&attribute);
    }
    if (rdn.empty()) continue;
    const bool single =
        std::find(kGoSingleTypes.begin(), kGoSingleTypes.end(), type) != kGoSingleTypes.end();
    if (single) rdn = {rdn.back()};
    name.push_back(rdn);
  }
  std::reverse(name.begin(), name.end());
  return name;
}

/// Follows a name through a text.
class Follower {
 public:
  explicit Follower(std::string_view text) : text_(text) {
    is_slashed_ = text_.starts_with('/');
    if (is_slashed_) text_.remove_prefix(1);
  }

  bool Follow(const Name& name) {
    if (name.empty()) return SkipBlanks(0) == text_.size();
    return FollowRdn(name, 0, std::vector<bool>(name.front().size()), 0);
  }

  /// Follows all values as one set, with any separators.
  bool FollowInAnyOrder(const std::vector<Attribute>& attributes) {
    any_separator_ = true;
    Rdn all;
    for (const Attribute& attribute : attributes) all.push_back(&attribute);
    return Follow({all});
  }

 private:
  [[nodiscard]] char At(Position at) const { return at < text_.size() ? text_[at] : '\0'; }
  [[nodiscard]] static bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

  [[nodiscard]] Position SkipBlanks(Position at) const {
    while (IsBlank(At(at)) || At(at) == '\n') ++at;
    return at;
  }

  bool FollowRdn(const Name& name, std::size_t index, const std::vector<bool>& used, Position at) {
    const Rdn& rdn = name[index];
    if (++steps_ > kMostSteps) return false;
    for (std::size_t i = 0; i < rdn.size(); ++i) {
      const bool repeats = std::any_of(rdn.begin(), rdn.begin() + static_cast<std::ptrdiff_t>(i),
                                       [&](const Attribute* one) { return *one == *rdn[i]; });
      if (used[i] || (repeats && !UsedBefore(rdn, used, i))) continue;
      std::vector<bool> now_used = used;
      now_used[i] = true;
      for (const Position end : FollowAttribute(*rdn[i], at)) {
        if (FollowRest(name, index, now_used, end)) return true;
      }
    }
    return false;
  }

  /// Whether all values equal to the one at `index` and before it are used.
  static bool UsedBefore(const Rdn& rdn, const std::vector<bool>& used, std::size_t index) {
    for (std::size_t i = 0; i < index; ++i) {
      if (*rdn[i] == *rdn[index] && !used[i]) return false;
    }
    return true;
  }

  bool FollowRest(const Name& name, std::size_t index, const std::vector<bool>& used,
                  Position end) {
    const bool rdn_ends = std::find(used.begin(), used.end(), false) == used.end();
    const bool is_last = index + 1 == name.size();
    if (rdn_ends && is_last) return SkipBlanks(end) == text_.size();
    Position at = end;
    while (IsBlank(At(at))) ++at;
    const char c = At(at);
    const bool ends_rdn = is_slashed_ ? c == '/' : c == ',' || c == ';' || c == '\n';
    const bool joins = c == '+' || (is_slashed_ && c == '/') || (any_separator_ && ends_rdn);
    if (!rdn_ends) return joins && FollowRdn(name, index, used, at + 1);
    return ends_rdn &&
           FollowRdn(name, index + 1, std::vector<bool>(name[index + 1].size()), at + 1);
  }

  /// The positions in the text after a type and its value.
  Positions FollowAttribute(const Attribute& attribute, Position at) {
    Positions ends;
    at = SkipBlanks(at);
    Position end = at;
    while (std::isalnum(static_cast<unsigned char>(At(end))) != 0 || At(end) == '.' ||
           At(end) == '-' || At(end) == '_') {
      ++end;
    }
    const std::string type = Lower(text_.substr(at, end - at));
    if (std::find(attribute.names.begin(), attribute.names.end(), type) == attribute.names.end()) {
      return ends;
    }
    while (IsBlank(At(end))) ++end;
    if (At(end) != '=') return ends;
    // A value may itself begin with blanks.
    for (Position start = end + 1;; ++start) {
      FollowValue(attribute, start, ends);
      if (!IsBlank(At(start))) return ends;
    }
  }

  void FollowValue(const Attribute& attribute, Position at, Positions& ends) {
    FollowPlainValue(attribute, at, ends);
    if (text_.substr(at).starts_with(attribute.string_type)) {
      FollowPlainValue(attribute, at + attribute.string_type.size(), ends);
    }
  }

  void FollowPlainValue(const Attribute& attribute, Position at, Positions& ends) {
    if (At(at) == '#') FollowHex(attribute, at + 1, ends);
    if (attribute.text) FollowUnits(attribute.points, true, at, ends);
    FollowUnits(attribute.bytes, false, at, ends);
  }

  void FollowHex(const Attribute& attribute, Position at, Positions& ends) {
    Position end = at;
    while (std::isxdigit(static_cast<unsigned char>(At(end))) != 0) ++end;
    Bytes bytes;
    for (Position i = at; i + 1 < end; i += 2) {
      bytes.push_back(static_cast<std::uint8_t>(OPENSSL_hexchar2int(At(i)) * 16 +
                                                OPENSSL_hexchar2int(At(i + 1))));
    }
    if ((end - at) % 2 != 0) return;
    const bool denotes = bytes == attribute.der || bytes == attribute.contents ||
                         (attribute.text && ToUtf8(ByteView(bytes)) == attribute.text);
    if (denotes) AddOnce(ends, end);
  }

  /// `units` are code points or bytes.
  void FollowUnits(const std::vector<char32_t>& units, bool are_points, Position at,
                   Positions& ends) {
    for (const Position end : AfterUnits(units, are_points, at)) AddOnce(ends, end);
    if (At(at) != '"') return;
    for (const Position end : AfterUnits(units, are_points, at + 1)) {
      if (At(end) == '"') AddOnce(ends, end + 1);
    }
  }

  Positions AfterUnits(const std::vector<char32_t>& units, bool are_points, Position at) {
    Positions positions = {at};
    for (const char32_t unit : units) {
      Positions next;
      for (const Position position : positions) {
        if (++steps_ > kMostSteps) return {};
        FollowUnit(unit, are_points, position, next);
      }
      positions = std::move(next);
    }
    return positions;
  }

  void FollowUnit(char32_t unit, bool is_point, Position at, Positions& next) const {
    const std::string utf8 = is_point ? ToUtf8(unit) : std::string();
    const std::string byte = unit <= 0xff ? std::string(1, static_cast<char>(unit)) : std::string();
    for (const std::string& literal : {utf8, byte}) {
      if (literal.empty()) continue;
      const std::string_view rest = text_.substr(std::min(at, text_.size()));
      if (rest.starts_with(literal)) AddOnce(next, at + literal.size());
      if (rest.starts_with('\\') && rest.substr(1).starts_with(literal)) {
        AddOnce(next, at + 1 + literal.size());
      }
      if (literal == "\"" && rest.starts_with("\"\"")) AddOnce(next, at + 2);
      if (const auto end = AfterEscapes(literal, at)) AddOnce(next, *end);
    }
    if (const auto end = AfterNumber('U', 4, unit, at)) AddOnce(next, *end);
    if (const auto end = AfterNumber('W', 8, unit, at)) AddOnce(next, *end);
  }

  /// "\C3\BC", or "\xC3\xBC" in the old form.
  [[nodiscard]] std::optional<Position> AfterEscapes(std::string_view bytes, Position at) const {
    for (const char c : bytes) {
      if (At(at) != '\\') return std::nullopt;
      ++at;
      if (At(at) == 'x') ++at;
      if (HexAt(at, 2) != static_cast<unsigned char>(c)) return std::nullopt;
      at += 2;
    }
    return at;
  }

  [[nodiscard]] std::optional<Position> AfterNumber(char letter, int digits, char32_t unit,
                                                    Position at) const {
    if (At(at) != '\\' || At(at + 1) != letter || HexAt(at + 2, digits) != unit) {
      return std::nullopt;
    }
    return at + 2 + static_cast<std::size_t>(digits);
  }

  /// Nullopt if there are too few digits.
  [[nodiscard]] std::optional<char32_t> HexAt(Position at, int digits) const {
    char32_t number = 0;
    for (int i = 0; i < digits; ++i, ++at) {
      if (std::isxdigit(static_cast<unsigned char>(At(at))) == 0) return std::nullopt;
      number = number * 16 + static_cast<char32_t>(OPENSSL_hexchar2int(At(at)));
    }
    return number;
  }

  std::string_view text_;
  bool is_slashed_ = false;
  bool any_separator_ = false;
  std::size_t steps_ = 0;
};

/// Whether the text merges values that are apart in the name.
bool MergesValues(std::string_view text, const std::vector<Attribute>& attributes) {
  if (text.find('+') == std::string_view::npos) return false;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (attributes[i].oid == attributes[j].oid) return true;
    }
  }
  return false;
}

/// Removes "subject=" and "issuer=", which the openssl command prints in front of a name.
std::string_view WithoutTitle(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  for (const std::string_view title : {"subject=", "issuer="}) {
    if (!text.starts_with(title)) continue;
    text.remove_prefix(title.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  }
  return text;
}

}  // namespace

bool IsTextOfName(std::string_view text, const X509_NAME* name) {
  if (X509_NAME_entry_count(name) > kMostAttributes) return false;
  std::vector<Attribute> attributes;
  std::vector<int> rdns;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    attributes.push_back(ToAttribute(entry));
    rdns.push_back(X509_NAME_ENTRY_set(entry));
  }
  Name forward;
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (i == 0 || rdns[i] != rdns[i - 1]) forward.emplace_back();
    forward.back().push_back(&attributes[i]);
  }
  Name backward(forward.rbegin(), forward.rend());
  text = WithoutTitle(text);
  for (const Name& order : {backward, forward, GoName(attributes)}) {
    if (Follower(text).Follow(order)) return true;
  }
  return MergesValues(text, attributes) && Follower(text).FollowInAnyOrder(attributes);
}

}  // namespace credmint
