// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "common/public_key.h"
#include "ossl/handles.h"
#include "pkcs11/slot.h"

namespace credmint::pkcs11 {

/// Handles of all objects that match a template. The token does the search, in three calls however
/// many objects it holds.
///
/// If a module returns fewer handles than requested, they are taken to be the last. Asking until it
/// returns none would add a call to each search.
Result<std::vector<CK_OBJECT_HANDLE>> FindObjects(const Session& session,
                                                  std::vector<CK_ATTRIBUTE> search);

/// Handles of all objects of a class, or of those with a CKA_ID. An empty id matches none.
Result<std::vector<CK_OBJECT_HANDLE>> FindAll(const Session& session, CK_OBJECT_CLASS object_class);
Result<std::vector<CK_OBJECT_HANDLE>> FindById(const Session& session, CK_OBJECT_CLASS object_class,
                                               Bytes id);

/// Deletes an object, in a session that may write. One that is gone already counts as deleted.
/// Fails with kKeyUnusable if the token does not allow it.
Result<void> DestroyObject(const Session& session, CK_OBJECT_HANDLE object);

/// The attributes of a private key that are needed before its use. Read in one call.
struct PrivateKeyFacts {
  CK_KEY_TYPE type = 0;
  bool always_authenticate = false;
  Bytes id;
  Bytes label;
  Bytes modulus;          ///< RSA only, empty if the token does not tell
  Bytes public_exponent;  ///< RSA only

  bool operator==(const PrivateKeyFacts&) const = default;
};
Result<PrivateKeyFacts> ReadPrivateKeyFacts(const Session& session, CK_OBJECT_HANDLE object);

/// Whether keys of this type are RSA, EC or Edwards keys.
bool IsSigningType(CK_KEY_TYPE type);

/// The public half of a private key. It comes from the first of these that has it:
///
/// * the private key object (RSA)
/// * the public key object with the same CKA_ID
/// * a certificate with the same CKA_ID
/// * CKA_EC_POINT or CKA_PUBLIC_KEY_INFO of the private key, which some tokens show
///
/// If several objects have that CKA_ID, the CKA_LABEL decides. It also replaces a missing CKA_ID.
///
/// Fails with kKeyAmbiguous if the remaining objects differ. Fails with kKeyUnusable if the token
/// shows no public half, or if the key is neither RSA, nor EC on a named curve, nor Ed25519.
Result<provider::PublicKey> ReadPublicKey(const Session& session, CK_OBJECT_HANDLE private_key,
                                          const PrivateKeyFacts& facts);

/// OpenSSL's name of an EC key's curve; empty if the token does not show it.
std::string ReadCurve(const Session& session, CK_OBJECT_HANDLE object);

/// Reads a public key object.
Result<provider::PublicKey> ReadPublicKeyObject(const Session& session, CK_OBJECT_HANDLE object);

/// The public key of a certificate, given as DER.
Result<provider::PublicKey> ReadCertifiedKey(const Bytes& der);

/// The names of an object, empty where it has none. Read in one call.
struct ObjectNames {
  Bytes id;     ///< CKA_ID
  Bytes label;  ///< CKA_LABEL, UTF-8
};
ObjectNames ReadNames(const Session& session, CK_OBJECT_HANDLE object);

/// The boolean attributes of a private key that its owner cares about. False where the token does
/// not show them. Read in one call.
struct PrivateKeyFlags {
  bool sensitive = false;
  bool extractable = false;
  bool sign = false;
  bool always_authenticate = false;
};
PrivateKeyFlags ReadPrivateKeyFlags(const Session& session, CK_OBJECT_HANDLE object);

/// A boolean attribute; nothing if the token does not show it.
std::optional<bool> ReadFlag(const Session& session, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type);

/// An attribute that is a number; nothing if the token does not show it.
std::optional<CK_ULONG> ReadNumber(const Session& session, CK_OBJECT_HANDLE object,
                                   CK_ATTRIBUTE_TYPE type);

/// The DER of a certificate object (CKA_VALUE). Fails with kCertificate if it is unreadable or not
/// a certificate.
Result<Bytes> ReadCertificate(const Session& session, CK_OBJECT_HANDLE object);

}  // namespace credmint::pkcs11
