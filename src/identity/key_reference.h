// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/scheme_table.h"

namespace credmint {

/// What a KeyReference says where its PIN is: RFC 7512's pin-value or pin-source.
struct ReferencedPin {
  Secret value;
  std::string file;  ///< used when not empty

  bool operator==(const ReferencedPin&) const = default;
};

/// Where a private key or certificate is, parsed once from what the user typed: the path of a file
/// (also as a `file:` URI), "env:NAME" and "fd:N" (also "-", which is "fd:0") for one's bytes in an
/// environment variable or a stream, or a store URI of a back end ("pkcs11:token=prod;object=web",
/// "handle:0x81000001") or of any other OpenSSL provider. Holds no secret: a PIN in the URI is
/// taken out and handed over once.
///
/// Fails with kMalformed, one sentence each, on an empty reference, a URI with both pin-value and
/// pin-source or either of them twice, and on a `type` that contradicts the use. Fails with kUsage
/// on what is no place but, as a key, must not be shown.
class KeyReference {
 public:
  enum class Use { kPrivateKey, kCertificate, kAnything };

  static Result<KeyReference> Parse(const std::string& text, Use use);

  /// A second one, with the same PIN.
  [[nodiscard]] KeyReference Clone() const;

  /// The same place, searched for a private key instead of a certificate (CONTRACT section 9.3);
  /// with the same PIN.
  [[nodiscard]] KeyReference ForPrivateKey() const;

  /// The same place, searched for everything of its type there, whatever its label and id.
  [[nodiscard]] KeyReference ForAll() const;

  /// Fails with kMalformed, and a hint where keys are, if there can be no private key.
  [[nodiscard]] Result<void> CheckHasKeys() const;

  /// The back end's row, or null for a file.
  [[nodiscard]] const Scheme* scheme() const { return scheme_; }
  /// Whether it names bytes to read and decode here: a file, a variable, a stream.
  [[nodiscard]] bool is_file() const { return is_file_; }
  /// Whether it names a file by its path, which can be read again.
  [[nodiscard]] bool is_path() const { return is_file_ && !descriptor_ && variable_.empty(); }
  /// The environment variable; empty if it is none.
  [[nodiscard]] const std::string& variable() const { return variable_; }
  /// The stream, if it is one.
  [[nodiscard]] std::optional<int> descriptor() const { return descriptor_; }
  /// Where secrets for it are good: the file, or the token without the object on it.
  [[nodiscard]] std::string place() const;
  /// Path of the file, "standard input", or the URI without its PIN.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The same for messages and logs (base/shown_value, identity/shown_reference).
  [[nodiscard]] std::string shown() const;

  [[nodiscard]] bool has_pin() const { return pin_.has_value(); }

  /// The PIN that stood in the URI, the first time it is asked for.
  [[nodiscard]] std::optional<ReferencedPin> TakePin();

  /// The same place, with the same PIN.
  bool operator==(const KeyReference&) const = default;

 private:
  static Result<KeyReference> ParseWithoutFile(const std::string& text);

  const Scheme* scheme_ = nullptr;
  bool is_file_ = true;
  std::string text_;
  std::string variable_;
  std::optional<int> descriptor_;
  std::optional<ReferencedPin> pin_;
};

}  // namespace credmint
