// SPDX-License-Identifier: Apache-2.0
#include "enrolment/alternative_name.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/shown_value.h"
#include "ossl/der_element.h"
#include "ossl/encoding.h"

namespace credmint {
namespace {

using Kind = AlternativeName::Kind;

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kLetterOrDigit =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// Tags of GeneralName.
constexpr std::uint8_t kMailbox = 0x81;
constexpr std::uint8_t kHost = 0x82;
constexpr std::uint8_t kLocator = 0x86;
constexpr std::uint8_t kAddress = 0x87;

bool IsVisibleAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

/// RFC 1123 section 2.1, and "_", which names of services have.
bool IsLabel(std::string_view label) {
  constexpr std::size_t kLongest = 63;
  return !label.empty() && label.size() <= kLongest && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), [](char c) {
           return c == '-' || c == '_' || kLetterOrDigit.find(c) != std::string_view::npos;
         });
}

bool IsHostName(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  if (text.size() > kLongest) return false;
  if (text.starts_with("*.")) text.remove_prefix(2);
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsAbsoluteUri(std::string_view text) {
  const std::size_t colon = text.find(':');
  return IsVisibleAscii(text) && colon != std::string_view::npos && colon + 1 < text.size() &&
         colon > 0 && kLetters.find(text.front()) != std::string_view::npos &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
           return c == '+' || c == '-' || c == '.' ||
                  kLetterOrDigit.find(c) != std::string_view::npos;
         });
}

bool IsMailbox(std::string_view text) {
  const std::size_t at = text.rfind('@');
  return at != std::string_view::npos && at > 0 && IsVisibleAscii(text) &&
         IsHostName(text.substr(at + 1)) && text[at + 1] != '*';
}

std::optional<Bytes> ParseAddress(const std::string& text) {
  std::array<std::uint8_t, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, text.c_str(), address.data()) == 1) {
    return Bytes(address.begin(), address.begin() + sizeof(in_addr));
  }
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) {
    return Bytes(address.begin(), address.end());
  }
  return std::nullopt;
}

tl::unexpected<Error> IsNot(const char* what, const std::string& text, const char* hint = "") {
  return Fail(ErrorCode::kUsage, fmt::format("{} is not {}", Shown(text), what), hint);
}

AlternativeName Make(std::uint8_t tag, const char* kind, const std::string& text) {
  return {fmt::format("{}:{}", kind, text), DerElement(tag, {AsBytes(text)})};
}

using GeneralNamesPtr = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

std::string ShownName(GENERAL_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || GENERAL_NAME_print(bio.get(), name) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<AlternativeName> ParseAlternativeName(Kind kind, const std::string& text) {
  switch (kind) {
    case Kind::kDns:
      if (IsHostName(text)) return Make(kHost, "DNS", text);
      return IsNot("a host name", text, "write other letters than ASCII in Punycode: xn--…");
    case Kind::kUri:
      if (IsAbsoluteUri(text)) return Make(kLocator, "URI", text);
      return IsNot("a URI", text, "it begins with a scheme, as in spiffe://example.org/web");
    case Kind::kEmail:
      if (IsMailbox(text)) return Make(kMailbox, "email", text);
      return IsNot("an email address", text);
    case Kind::kIp:
      break;
  }
  const auto address = ParseAddress(text);
  if (!address) return IsNot("an IP address", text);
  return AlternativeName{"IP:" + text, DerElement(kAddress, {*address})};
}

std::vector<AlternativeName> AlternativeNamesIn(const Certificate& certificate) {
  const ErrorMark mark;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  std::vector<AlternativeName> found;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    unsigned char* der = nullptr;
    const int size = i2d_GENERAL_NAME(name, &der);
    if (size <= 0) continue;
    found.push_back({ShownName(name), Bytes(der, der + size)});
    OPENSSL_free(der);
  }
  return found;
}

}  // namespace credmint
