// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/handles.h"
#include "ossl/passphrase.h"
#include "ossl/read_store.h"

namespace credmint::keyprocess {

/// The messages between the main process and a key process (docs/design/key-process.md). Each
/// Encode() makes the body of one kind of message. Each Decode() fails with kDevice for a body that
/// is not exactly that.

/// The first byte of each kLoad. Changes with every change of a message. Both ends are the same
/// program, so nothing is negotiated.
inline constexpr std::uint8_t kProtocolVersion = 2;

enum class Kind : std::uint8_t {
  // from the main process
  kLoad = 1,      ///< opens a store; answered by any number of objects and one kDone or kError
  kSign = 2,      ///< answered by kSignature or kError
  kRelease = 3,   ///< a key is no longer used; no answer
  kSecret = 4,    ///< answers kAskSecret; so does kError
  kAskCalls = 5,  ///< asks what does not return; answered by kCalls
  // from the key process
  kReady = 16,         ///< the first message: the version
  kKey = 17,           ///< an object of a load
  kCertificate = 18,   ///< an object of a load
  kName = 19,          ///< an object of a load
  kDone = 20,          ///< ends a load
  kAskSecret = 21,     ///< asks for a secret while a call runs
  kAskSignature = 22,  ///< asks for a signature by the key that a policy requires
  kLog = 23,           ///< a line for --debug or a warning; belongs to no call
  kLogin = 24,         ///< how far a login is: kLoginBegins or kLoginIsAccepted
  kCalls = 25,         ///< answers kAskCalls: the names of the foreign calls that run
  // from both
  kSignature = 32,
  kError = 33,
};

inline constexpr std::uint32_t kLoginBegins = 1;
inline constexpr std::uint32_t kLoginIsAccepted = 2;

/// One message. `call` says which call it belongs to; 0 if it belongs to none.
struct Message {
  std::uint32_t call = 0;
  Kind kind = Kind::kError;
  Secret body;
};

/// The place of the store.
struct Place {
  enum class Form : std::uint8_t { kUri = 0, kContents = 1, kPkcs12 = 2, kNothing = 3 };

  Form form = Form::kUri;
  std::string name;  ///< the URI, or the scheme whose loader gets the contents
  Secret contents;   ///< of a file
};

/// A public key, as OpenSSL's key parameters have it. Not encoded as DER: its decoders would cost
/// milliseconds.
struct PublicParameters {
  std::string type;   ///< "RSA", "EC" or "ED25519"
  std::string group;  ///< EC: "prime256v1"
  Bytes point;        ///< EC: uncompressed; Ed25519: 32 bytes
  Bytes modulus;      ///< RSA, big-endian
  Bytes exponent;     ///< RSA, big-endian

  bool operator==(const PublicParameters&) const = default;

  /// Fails with kKeyUnusable for a key of another type.
  static Result<PublicParameters> From(const EVP_PKEY* key);
};

/// The store to open, and how. A key among the options stays where it is: the key process gets its
/// public half, and asks for signatures.
struct LoadMessage {
  Place place;
  StoreOptions options;          ///< without functions and without a key
  std::string signer_parameter;  ///< the name of the key among the options; empty if there is none
  PublicParameters signer;       ///< its public half
};

/// All that a signature needs, in OpenSSL's names.
struct SignMessage {
  enum class Scheme : std::uint8_t { kRsaPkcs1 = 0, kRsaPss = 1, kEcdsa = 2, kEd25519 = 3 };

  std::uint32_t key = 0;
  Scheme scheme = Scheme::kRsaPkcs1;
  std::string digest;             ///< "SHA256"; empty for Ed25519
  Bytes digest_value;             ///< of the message
  std::string mgf1_digest;        ///< kRsaPss only
  std::uint32_t salt_length = 0;  ///< kRsaPss only, in bytes
  std::optional<Bytes> message;   ///< if it is at hand
};

struct KeyMessage {
  std::uint32_t key = 0;
  PublicParameters public_key;
};

struct LogMessage {
  bool warning = false;
  std::string text;
};

/// `signer` is the public half of `options.key`, if there is one.
Secret EncodeLoad(const Place& place, const StoreOptions& options, const PublicParameters& signer);
Secret Encode(const SignMessage& message);
Secret Encode(const KeyMessage& message);
Secret Encode(const StoreName& name);
Secret Encode(const PassphraseRequest& request);
Secret Encode(const LogMessage& message);
Secret Encode(const Error& error);
Secret EncodeSecret(const Secret& secret);
Secret EncodeText(std::string_view text);
Secret EncodeBytes(ByteView bytes);
Secret EncodeNumber(std::uint32_t number);

Result<LoadMessage> DecodeLoad(const Secret& body);
Result<SignMessage> DecodeSign(const Secret& body);
Result<KeyMessage> DecodeKey(const Secret& body);
Result<StoreName> DecodeName(const Secret& body);
Result<PassphraseRequest> DecodeAskSecret(const Secret& body);
Result<LogMessage> DecodeLog(const Secret& body);
/// The error that the other process reports, or else that it cannot be understood.
Error DecodeError(const Secret& body);
Result<Secret> DecodeSecret(const Secret& body);
Result<std::string> DecodeText(const Secret& body);
Result<Bytes> DecodeBytes(const Secret& body);
Result<std::uint32_t> DecodeNumber(const Secret& body);

}  // namespace credmint::keyprocess
