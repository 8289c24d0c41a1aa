// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "ossl/certificate.h"

namespace credmint {

/// Selects one of several certificates: the `--cert-selector` of AWS's tool. Absent parts match
/// everything. The syntax is one of:
///
/// * `Key=x509Subject,Value=CN=Subject Key=x509Issuer,Value=CN=Issuer Key=x509Serial,Value=HEX`
/// * JSON: `[{"Key": "x509Subject", "Value": "CN=Subject"}, ...]`
/// * `file://PATH` of such JSON
///
/// Names have any of the forms of IsTextOfName(). Serials are hexadecimal and compared as numbers.
class CertificateSelector {
 public:
  /// Fails with kUsage on an unknown or repeated key, a missing value, or malformed JSON. Fails
  /// with kLocalIo if a file cannot be read.
  static Result<CertificateSelector> Parse(const std::string& text);

  [[nodiscard]] bool Matches(const Certificate& certificate) const;

  /// Parses the same text again. A file, which may have been replaced, is read again.
  [[nodiscard]] Result<CertificateSelector> ReadAgain() const { return Parse(text_); }

  /// The parsed text; for a file, its contents.
  [[nodiscard]] const std::string& contents() const { return contents_; }

  /// Whether both have the same text, or name the same file regardless of its contents.
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
