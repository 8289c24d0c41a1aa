// SPDX-License-Identifier: Apache-2.0
#include "identity/certificate_selector.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/read_file.h"
#include "base/shown_value.h"
#include "identity/name_text.h"

namespace credmint {
namespace {

/// The digits in upper case, without leading zeros, so that serials compare as numbers.
std::string NormalSerial(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ':' && c != ' ')
      digits += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  if (digits.starts_with("0X")) digits.erase(0, 2);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

bool IsSerial(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  return text.find_first_of("0123456789abcdefABCDEF") != std::string_view::npos &&
         text.find_first_not_of("0123456789abcdefABCDEF: ") == std::string_view::npos;
}

tl::unexpected<Error> Malformed(std::string message) {
  return Fail(ErrorCode::kUsage, std::move(message),
              "the form is 'Key=x509Subject,Value=CN=Example Key=x509Serial,Value=0A1B'");
}

}  // namespace

Result<CertificateSelector> CertificateSelector::Parse(const std::string& text) {
  constexpr std::string_view kFile = "file://";
  CertificateSelector selector;
  Result<void> parsed;
  if (text.starts_with(kFile)) {
    const auto contents = ReadFile(text.substr(kFile.size()));
    if (!contents) return Fail(contents);
    selector.contents_ = contents->Reveal();
    parsed = selector.ParseJson(selector.contents_);
  } else if (text.find_first_not_of(' ') != std::string::npos &&
             text[text.find_first_not_of(' ')] == '[') {
    parsed = selector.ParseJson(text);
  } else {
    parsed = selector.ParsePairs(text);
  }
  if (!parsed) return Fail(std::move(parsed));
  selector.text_ = text;
  if (selector.contents_.empty()) selector.contents_ = text;
  return selector;
}

bool CertificateSelector::Matches(const Certificate& certificate) const {
  return (!subject_ || IsTextOfName(*subject_, X509_get_subject_name(certificate.get()))) &&
         (!issuer_ || IsTextOfName(*issuer_, X509_get_issuer_name(certificate.get()))) &&
         (!serial_ || *serial_ == NormalSerial(certificate.SerialHex()));
}

Result<void> CertificateSelector::Set(const std::string& key, const std::string& value) {
  std::optional<std::string>* part = nullptr;
  if (key == "x509Subject") part = &subject_;
  if (key == "x509Issuer") part = &issuer_;
  if (key == "x509Serial") part = &serial_;
  if (part == nullptr) return Malformed(fmt::format("the key {} is unknown", Shown(key)));
  if (*part) return Malformed(fmt::format("the key '{}' is given twice", key));
  if (part == &serial_ && !IsSerial(value)) {
    return Malformed("the x509Serial is not a hexadecimal number");
  }
  *part = part == &serial_ ? NormalSerial(value) : value;
  return {};
}

Result<void> CertificateSelector::ParseJson(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return Malformed("it is not a JSON array");
  for (const auto& entry : json) {
    if (!entry.is_object() || !entry.contains("Key") || !entry["Key"].is_string() ||
        !entry.contains("Value") || !entry["Value"].is_string()) {
      return Malformed(R"(an entry of the JSON array is not {"Key": ..., "Value": ...})");
    }
    auto set = Set(entry["Key"].get<std::string>(), entry["Value"].get<std::string>());
    if (!set) return set;
  }
  return {};
}

Result<void> CertificateSelector::ParsePairs(const std::string& text) {
  constexpr std::string_view kKey = "Key=";
  constexpr std::string_view kValue = ",Value=";
  std::size_t start = text.find(kKey);
  if (start == std::string::npos || text.find_first_not_of(' ') != start) {
    return Malformed("it does not start with 'Key='");
  }
  while (start != std::string::npos) {
    // Values may contain blanks: a pair ends where the next one starts.
    const std::size_t next = text.find(" Key=", start);
    const std::string pair = text.substr(start, next == std::string::npos ? next : next - start);
    const std::size_t value = pair.find(kValue);
    if (value == std::string::npos) return Malformed("a 'Key=' has no ',Value='");
    auto set =
        Set(pair.substr(kKey.size(), value - kKey.size()), pair.substr(value + kValue.size()));
    if (!set) return set;
    start = next == std::string::npos ? next : next + 1;
  }
  return {};
}

}  // namespace credmint
