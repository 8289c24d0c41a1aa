// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "ossl/library_context.h"

namespace credmint {

/// How keys of one hardware back end are reached. Adding a back end means one provider folder and
/// rows here; nothing else above OpenSSL's API names a kind of hardware.
struct Scheme {
  std::string_view name;      ///< scheme of the store URI, as the user types it
  std::string_view provider;  ///< the provider that must serve it, nobody else
  /// PEM label of key files that go to this scheme's loader by their content; empty if none.
  std::string_view pem_label;
  /// The same for DER: with what the OBJECT IDENTIFIER begins that is the first element of the
  /// file.
  std::string_view der_type;
  /// What to append to the URI when the user gave a secret for the key, where the device cannot
  /// say by itself that it wants one; empty if it can.
  std::string_view secret_suffix;
  /// Whether the URI has the attributes of RFC 7512 (type, pin-value, pin-source).
  bool rfc7512 = false;
  /// What can be there: private keys, certificates, or both.
  bool has_keys = true;
  bool has_certificates = false;
  /// How the eight hexadecimal digits of a name begin that people type without the scheme; empty if
  /// there are no such names.
  std::string_view bare_digits;
  /// Loader parameter, set to "1" when the user gave a secret for the key: then it is asked for
  /// even where the key file claims that there is none.
  std::string_view has_auth_parameter;
  /// Loader parameter, set to "1" when the user gave none: then a secret that the key may have is
  /// asked for, where trying without it would be counted as a wrong one.
  std::string_view ask_auth_parameter;
  /// Loader parameters for secrets that OpenSSL's passphrase callback cannot carry, because OpenSSL
  /// answers a second question during one load with the first answer; empty if there is none.
  std::string_view context_pin_parameter;
  std::string_view parent_auth_parameter;
  std::string_view policy_auth_parameter;
  /// Loader parameter for the address of an EVP_PKEY that signs what a key's policy wants signed;
  /// empty if there is none.
  std::string_view policy_signer_parameter;
  /// Loader parameters: public keys (DER SubjectPublicKeyInfo, one after the other) that tell
  /// several private keys apart, and "public" or "all" to list what is there; empty if there is
  /// none.
  std::string_view public_key_parameter;
  std::string_view inventory_parameter;
  /// Null if this build leaves the back end out.
  OSSL_provider_init_fn* init = nullptr;
};

std::span<const Scheme> Schemes();

/// The row whose scheme `reference` starts with ("pkcs11:...", in letters of either case, RFC 3986
/// section 3.1), or null.
const Scheme* FindScheme(std::string_view reference);

/// The row that somebody may mean who typed "0x81000001" or "81000001" without a scheme, or null.
const Scheme* FindSchemeOfBareName(std::string_view text);

/// The row of the same back end for what `scheme` cannot have, keys or certificates; null if it can
/// have both or there is none.
const Scheme* FindSisterScheme(const Scheme& scheme);

/// The row for a key file with these contents, by its PEM label or DER type, or null.
const Scheme* FindSchemeOfFile(std::string_view contents);

/// The providers that are built in, for LibraryContext.
std::vector<BuiltinProvider> BuiltinProviders();

}  // namespace credmint
