#pragma once

#include <p11-kit/pkcs11.h>

#include <optional>
#include <vector>

#include "base/error.h"
#include "common/public_key.h"
#include "ossl/handles.h"
#include "pkcs11/slot.h"

namespace credmint::pkcs11 {

/// Handles of all objects that match a template, found by the token itself: three calls, however
/// many objects it holds.
Result<std::vector<CK_OBJECT_HANDLE>> FindObjects(const Slot& slot, const Session& session,
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
Result<PrivateKeyFacts> ReadPrivateKeyFacts(const Slot& slot, const Session& session,
                                            CK_OBJECT_HANDLE object);

/// The public half of a private key: from the private key object (RSA), else from the public key
/// object with the same CKA_ID, else from a certificate with the same CKA_ID.
/// Fails with kKeyUnusable if the token holds none of them or the key is neither RSA nor EC on a
/// named curve.
Result<provider::PublicKey> ReadPublicKey(const Slot& slot, const Session& session,
                                          const PrivateKeyFacts& facts);

/// A public key object as a public key.
Result<provider::PublicKey> ReadPublicKeyObject(const Slot& slot, const Session& session,
                                                CK_OBJECT_HANDLE object);

/// CKA_ID of an object; empty if it has none.
Bytes ReadId(const Slot& slot, const Session& session, CK_OBJECT_HANDLE object);

/// The DER of a certificate object (CKA_VALUE); kDevice if it cannot be read.
Result<Bytes> ReadCertificate(const Slot& slot, const Session& session, CK_OBJECT_HANDLE object);

}  // namespace credmint::pkcs11
