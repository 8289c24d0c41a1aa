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
  /// Fails with kUsage on an unknown or repeated key, a missing value or malformed JSON; with
  /// kLocalIo if a file cannot be read.
  static Result<CertificateSelector> Parse(const std::string& text);

  [[nodiscard]] bool Matches(const Certificate& certificate) const;

  /// The same as it is now: a file, which may have been replaced, is read again.
  [[nodiscard]] Result<CertificateSelector> ReadAgain() const { return Parse(text_); }

  /// What was parsed: of a file its contents.
  [[nodiscard]] const std::string& contents() const { return contents_; }

  /// The same text, or the same file whatever is in it.
  bool operator==(const CertificateSelector& other) const { return text_ == other.text_; }

 private:
  Result<void> Set(const std::string& key, const std::string& value);
  Result<void> ParseJson(std::string_view text);
  Result<void> ParsePairs(const std::string& text);

  std::string text_;
  std::string contents_;
  std::optional<std::string> subject_;
  std::optional<std::string> issuer_;
  std::optional<std::string> serial_;
};

}  // namespace credmint
