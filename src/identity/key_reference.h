// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/scheme_table.h"
#include "ossl/handles.h"

namespace credmint {

/// The PIN of a KeyReference, or its place: RFC 7512's pin-value or pin-source.
struct ReferencedPin {
  Secret value;
  std::string file;  ///< used if not empty

  bool operator==(const ReferencedPin&) const = default;
};

/// The place of a private key or certificate, parsed once from what the user typed. It is one of:
///
/// * the path of a file, also as a `file:` URI
/// * "env:NAME" for the contents of an environment variable
/// * "fd:N" for a stream; "-" is "fd:0"
/// * a store URI of a back end: "pkcs11:token=prod;object=web", "handle:0x81000002"
/// * a store URI of any other OpenSSL provider
///
/// Holds no secret: a PIN in the URI is extracted and handed over once.
///
/// Fails with kMalformed on an empty reference, and on a `type` that contradicts the use. The same
/// goes for a URI that has both pin-value and pin-source, or one of them twice. Fails with kUsage
/// on text that is no place and that, because it may be a key, must not be shown.
class KeyReference {
 public:
  /// A public key stands for its private key, but not for one that is made or deleted.
  enum class Use { kPrivateKey, kPrivateKeyToChange, kCertificate, kAnything };

  static Result<KeyReference> Parse(const std::string& text, Use use);

  /// A copy with the same PIN.
  [[nodiscard]] KeyReference Clone() const;

  /// The same place and PIN, for a private key instead of a certificate (CONTRACT section 9.3).
  [[nodiscard]] KeyReference ForPrivateKey() const;

  /// The same place, for everything of its type, whatever its label and id.
  [[nodiscard]] KeyReference ForAll() const;

  /// The same place and PIN, for objects of any type.
  [[nodiscard]] KeyReference ForAnyType() const;

  /// Another place of the same back end with the same PIN, for a private key: a URI that the back
  /// end has shown. Fails as Parse().
  [[nodiscard]] Result<KeyReference> Beside(const std::string& uri) const;

  /// Whether it names one key by what no other key can have: an id, a handle or a file.
  [[nodiscard]] bool NamesOneKey() const;

  /// The URI with this id instead of its own, if it has ids (RFC 7512).
  static std::string WithId(const std::string& uri, ByteView id);

  /// Fails with kMalformed if no private key can be there. The hint says where keys are.
  [[nodiscard]] Result<void> CheckHasKeys() const;

  /// The back end's row; null for a file.
  [[nodiscard]] const Scheme* scheme() const { return scheme_; }
  /// Whether it names bytes to read and decode here: a file, a variable, or a stream.
  [[nodiscard]] bool is_file() const { return is_file_; }
  /// Whether it names a file by its path, so that it can be read again.
  [[nodiscard]] bool is_path() const { return is_file_ && !descriptor_ && variable_.empty(); }
  /// The environment variable; empty if it is none.
  [[nodiscard]] const std::string& variable() const { return variable_; }
  /// The stream's descriptor, if it is a stream.
  [[nodiscard]] std::optional<int> descriptor() const { return descriptor_; }
  /// The place to which a secret belongs: the file, or the token without the object on it.
  [[nodiscard]] std::string place() const;
  /// The path of the file, "standard input", or the URI without its PIN.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// The same for messages and logs (base/shown_value, identity/shown_reference).
  [[nodiscard]] std::string shown() const;

  [[nodiscard]] bool has_pin() const { return pin_.has_value(); }

  /// The PIN in the URI, at the first call.
  [[nodiscard]] std::optional<ReferencedPin> TakePin();

  /// Whether both are the same place with the same PIN.
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
