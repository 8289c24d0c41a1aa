// SPDX-License-Identifier: Apache-2.0
#include "ossl/helper_name.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "ossl/encoding.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

struct Kind {
  int nid;
  const char* name;
  bool single;  ///< only the last one is printed
};

/// In the order of printing.
constexpr std::array kKinds = {
    Kind{NID_serialNumber, "SERIALNUMBER", true},
    Kind{NID_commonName, "CN", true},
    Kind{NID_postalCode, "POSTALCODE", false},
    Kind{NID_streetAddress, "STREET", false},
    Kind{NID_stateOrProvinceName, "ST", false},
    Kind{NID_localityName, "L", false},
    Kind{NID_organizationalUnitName, "OU", false},
    Kind{NID_organizationName, "O", false},
    Kind{NID_countryName, "C", false},
};

const Kind* FindKind(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  for (const Kind& kind : kKinds) {
    if (kind.nid == nid) return &kind;
  }
  return nullptr;
}

std::string Text(const ASN1_STRING* value) {
  const ErrorMark mark;
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  std::string text(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return text;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool at_an_end = i == 0 || i + 1 == text.size();
    const bool special = std::string_view(",+\"\\<>;").find(c) != std::string_view::npos ||
                         (c == ' ' && at_an_end) || (c == '#' && i == 0);
    if (special) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

bool IsPrintableString(std::string_view text) {
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?") ==
         std::string_view::npos;
}

std::string HexDer(const std::string& text) {
  const Handle<ASN1_STRING, ASN1_STRING_free> string(
      ASN1_STRING_type_new(IsPrintableString(text) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING));
  unsigned char* der = nullptr;
  if (!string || ASN1_STRING_set(string.get(), text.data(), static_cast<int>(text.size())) != 1) {
    return {};
  }
  const int size = i2d_ASN1_PRINTABLE(string.get(), &der);
  if (size <= 0) return {};
  std::string hex = Hex(std::span(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  return hex;
}

std::string Dotted(const ASN1_OBJECT* object) {
  std::array<char, 80> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return text.data();
}

/// Returns the attributes of one kind: "OU=A+OU=B"; empty if there are none.
std::string OfKind(const X509_NAME* name, const Kind& kind) {
  std::vector<std::string> parts;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    if (FindKind(X509_NAME_ENTRY_get_object(entry)) != &kind) continue;
    const std::string text = Text(X509_NAME_ENTRY_get_data(entry));
    if (kind.single) parts.clear();
    if (!kind.single || !text.empty()) {
      parts.push_back(fmt::format("{}={}", kind.name, Escaped(text)));
    }
  }
  return fmt::format("{}", fmt::join(parts, "+"));
}

}  // namespace

std::string HelperName(const X509_NAME* name) {
  std::vector<std::string> parts;
  for (const Kind& kind : kKinds) {
    std::string part = OfKind(name, kind);
    if (!part.empty()) parts.push_back(std::move(part));
  }
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* object = X509_NAME_ENTRY_get_object(entry);
    if (FindKind(object) != nullptr) continue;
    parts.push_back(
        fmt::format("{}=#{}", Dotted(object), HexDer(Text(X509_NAME_ENTRY_get_data(entry)))));
  }
  return fmt::format("{}", fmt::join(parts, ","));
}

}  // namespace credmint
