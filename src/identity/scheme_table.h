// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "ossl/library_context.h"

namespace credmint {

/// How to reach keys of one hardware back end. A new back end needs one provider folder and rows
/// here. Nothing else above OpenSSL's API names a kind of hardware.
struct Scheme {
  std::string_view name;      ///< scheme of the store URI, as typed
  std::string_view provider;  ///< its only provider
  /// PEM label of key files for this scheme's loader; empty if there are none.
  std::string_view pem_label;
  /// The same for DER: how the OBJECT IDENTIFIER begins that is the first element of the file.
  std::string_view der_type;
  /// Appended to the URI if the user gave a secret for the key. Empty if the device itself can say
  /// that it needs one.
  std::string_view secret_suffix;
  /// Whether the URI has the attributes of RFC 7512 (type, pin-value, pin-source).
  bool rfc7512 = false;
  /// Whether private keys, certificates, or both can be there.
  bool has_keys = true;
  bool has_certificates = false;
  /// The leading digits of eight-digit hexadecimal names that people type without the scheme; empty
  /// if there are no such names.
  std::string_view bare_digits;
  /// Loader parameter, "1" if the user gave a secret for the key. The loader then asks for it even
  /// if the key file claims that there is none.
  std::string_view has_auth_parameter;
  /// Loader parameter, "1" if the user gave no secret. The loader then asks for one that the key
  /// may have, if trying without it would count as a wrong try.
  std::string_view ask_auth_parameter;
  /// Loader parameters for secrets; empty if there is none. OpenSSL's passphrase callback cannot
  /// carry them, because OpenSSL answers a second question of one load with the first answer.
  std::string_view context_pin_parameter;
  std::string_view parent_auth_parameter;
  std::string_view policy_auth_parameter;
  /// Loader parameter for the address of an EVP_PKEY that signs what a key's policy requires; empty
  /// if there is none.
  std::string_view policy_signer_parameter;
  /// Loader parameters; empty if there is none. The first has public keys (DER
  /// SubjectPublicKeyInfo, one after the other) that tell several private keys apart. The second is
  /// "public" or "all", to list what is there.
  std::string_view public_key_parameter;
  std::string_view inventory_parameter;
  /// Loader parameter; empty if there is none. It has the time when the opening of a key and its
  /// certificates began, in nanoseconds of the steady clock. A device that was looked at since need
  /// not be looked at again.
  std::string_view opening_parameter;
  /// Loader parameters for changes in the device (device_change.h); empty if it cannot make them.
  /// The store then answers with names. Their values are the type of the new key, its id (octets),
  /// "look" or "1", and two PINs (octets).
  std::string_view create_key_parameter;
  std::string_view key_id_parameter;
  std::string_view delete_key_parameter;
  /// The same, "1" for a new key that may share its label with another one.
  std::string_view key_beside_parameter;
  /// The same for more wishes about a new key: its parent, and the state of the machine to bind it
  /// to. Further conditions for its use are octets. Then come its own secret (octets), and "1" if
  /// wrong tries of that are not counted.
  std::string_view key_parent_parameter;
  std::string_view key_state_parameter;
  std::string_view key_policy_parameter;
  std::string_view key_auth_parameter;
  /// The same, "1" for a key that can be used only under conditions that the policy's signer signs.
  /// The second one has some signed for the key in a file: "1", or "keep" if earlier ones stay.
  std::string_view key_authority_parameter;
  std::string_view sign_policy_parameter;
  std::string_view tries_uncounted_parameter;
  /// The same for certificates to store (octets, DER, one after the other). Two are "1" for a wish:
  /// those that are there stay, or one of another key may be replaced. The last is the secret of
  /// the device's owner (octets), for keys, too.
  std::string_view store_certificate_parameter;
  std::string_view keep_certificates_parameter;
  std::string_view overwrite_parameter;
  /// The same for a certificate (octets, DER) of another key that may be replaced, and no other.
  std::string_view replaced_certificate_parameter;
  std::string_view owner_auth_parameter;
  std::string_view so_pin_parameter;
  std::string_view user_pin_parameter;
  /// The same for evidence of where a key is (octets, a nonce), and for the answer to a challenge
  /// (octets). The last is the secret that the device's identity is used with.
  std::string_view attest_parameter;
  std::string_view challenge_parameter;
  std::string_view endorsement_auth_parameter;
  /// In the words of messages, what such keys need. The parameter, and attributes of the URI's
  /// query, say which one.
  std::string_view device;
  std::string_view device_parameter;
  std::array<std::string_view, 2> device_attributes = {};
  /// Null if this build does not have the back end.
  OSSL_provider_init_fn* init = nullptr;
};

std::span<const Scheme> Schemes();

/// The row of the scheme that `reference` starts with ("pkcs11:...", in upper or lower case, RFC
/// 3986 section 3.1), or null.
const Scheme* FindScheme(std::string_view reference);

/// The row that is probably meant by "0x81000002" or "81000002" without a scheme, or null.
const Scheme* FindSchemeOfBareName(std::string_view text);

/// The row of the same back end for the objects that `scheme` cannot have, keys or certificates.
/// Null if it can have both, or if there is no such row.
const Scheme* FindSisterScheme(const Scheme& scheme);

/// The row for a key file with these contents, by its PEM label or DER type, or null.
const Scheme* FindSchemeOfFile(std::string_view contents);

/// The built-in providers, for LibraryContext.
std::vector<BuiltinProvider> BuiltinProviders();

}  // namespace credmint
