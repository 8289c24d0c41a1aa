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

/// Handles of all objects that match a template, found by the token itself: three calls, however
/// many objects it holds. A module that hands out fewer than it is asked for is taken to have no
/// more; asking until it says so would cost a call for each search.
Result<std::vector<CK_OBJECT_HANDLE>> FindObjects(const Session& session,
                                                  std::vector<CK_ATTRIBUTE> search);

/// What is read of a private key before it is used; one call.
struct PrivateKeyFacts {
  CK_KEY_TYPE type = 0;
  bool always_authenticate = false;
  Bytes id;
  Bytes label;
  Bytes modulus;          ///< RSA only, empty if the token does not tell
  Bytes public_exponent;  ///< RSA only
};
Result<PrivateKeyFacts> ReadPrivateKeyFacts(const Session& session, CK_OBJECT_HANDLE object);

/// Whether keys of the type are RSA, EC or Edwards keys.
bool IsSigningType(CK_KEY_TYPE type);

/// The public half of a private key: from the private key object (RSA), else from the public key
/// object with the same CKA_ID, else from a certificate with the same CKA_ID. Several with that
/// CKA_ID are told apart by CKA_LABEL, which also stands in where there is no CKA_ID. Where there
/// is none, some tokens show CKA_EC_POINT or CKA_PUBLIC_KEY_INFO of the private key all the same.
/// Fails with kKeyAmbiguous if they still differ, with kKeyUnusable if the token holds none of them
/// or the key is neither RSA, nor EC on a named curve, nor Ed25519.
Result<provider::PublicKey> ReadPublicKey(const Session& session, CK_OBJECT_HANDLE private_key,
                                          const PrivateKeyFacts& facts);

/// OpenSSL's name of the curve of an EC key object; empty if the token does not tell.
std::string ReadCurve(const Session& session, CK_OBJECT_HANDLE object);

/// A public key object as a public key.
Result<provider::PublicKey> ReadPublicKeyObject(const Session& session, CK_OBJECT_HANDLE object);

/// The public key of a certificate, given as DER.
Result<provider::PublicKey> ReadCertifiedKey(const Bytes& der);

/// The names of an object, each empty if it has none; one call.
struct ObjectNames {
  Bytes id;     ///< CKA_ID
  Bytes label;  ///< CKA_LABEL, UTF-8
};
ObjectNames ReadNames(const Session& session, CK_OBJECT_HANDLE object);

/// The boolean attributes of a private key that matter to its owner; false where the token does not
/// tell. One call.
struct PrivateKeyFlags {
  bool sensitive = false;
  bool extractable = false;
  bool sign = false;
  bool always_authenticate = false;
};
PrivateKeyFlags ReadPrivateKeyFlags(const Session& session, CK_OBJECT_HANDLE object);

/// The DER of a certificate object (CKA_VALUE); kCertificate if it cannot be read or is none.
Result<Bytes> ReadCertificate(const Session& session, CK_OBJECT_HANDLE object);

}  // namespace credmint::pkcs11
