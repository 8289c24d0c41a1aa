// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "ossl/certificate.h"

namespace credmint {

/// Which of several certificates is meant: the `--cert-selector` of AWS's tool. Parts that are not
/// given match everything.
///
/// Syntax: `Key=x509Subject,Value=CN=Subject Key=x509Issuer,Value=CN=Issuer
/// Key=x509Serial,Value=HEX`, or JSON `[{"Key": "x509Subject", "Value": "CN=Subject"}, ...]`, or
/// `file://PATH` of such JSON. Names are in any of the forms of IsTextOfName(); serials are
/// hexadecimal, compared as numbers.
class CertificateSelector {
 public:
  /// Fails with kUsage on an unknown or repeated key, a missing value or malformed JSON.
  static Result<CertificateSelector> Parse(const std::string& text);

  [[nodiscard]] bool Matches(const Certificate& certificate) const;

  /// What was parsed: of a file its contents.
  [[nodiscard]] const std::string& text() const { return text_; }

  bool operator==(const CertificateSelector&) const = default;

 private:
  Result<void> Set(const std::string& key, const std::string& value);
  Result<void> ParseJson(std::string_view text);
  Result<void> ParsePairs(const std::string& text);

  std::string text_;
  std::optional<std::string> subject_;
  std::optional<std::string> issuer_;
  std::optional<std::string> serial_;
};

}  // namespace credmint
