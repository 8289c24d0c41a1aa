// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/object.h"

#include <fmt/format.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <optional>

#include "ossl/error_queue.h"

namespace credmint::pkcs11 {
namespace {

using provider::KeyType;
using provider::PublicKey;

/// More than any token holds. A module that never stops returning handles must not exhaust our
/// memory.
constexpr std::size_t kMostObjects = 100'000;

constexpr CK_OBJECT_CLASS kPublicKeyClass = CKO_PUBLIC_KEY;
constexpr CK_OBJECT_CLASS kCertificateClass = CKO_CERTIFICATE;

CK_ATTRIBUTE Buffer(CK_ATTRIBUTE_TYPE type, void* data, std::size_t size) {
  return {type, data, static_cast<CK_ULONG>(size)};
}

bool Present(const CK_ATTRIBUTE& attribute) {
  return attribute.ulValueLen != static_cast<CK_ULONG>(-1);
}

Bytes Value(const CK_ATTRIBUTE& attribute) {
  if (!Present(attribute)) return {};
  const auto* data = static_cast<const std::uint8_t*>(attribute.pValue);
  return {data, data + attribute.ulValueLen};
}

/// A big-endian integer without the leading zero bytes that some tokens add.
Bytes Integer(const CK_ATTRIBUTE& attribute) {
  Bytes value = Value(attribute);
  const auto first = std::find_if(value.begin(), value.end(), [](auto byte) { return byte != 0; });
  value.erase(value.begin(), first);
  return value;
}

/// Reads attributes into buffers that are large enough for any sane token, in one call.
///
/// An attribute comes back as not present if the object lacks it, hides it, or claims that it is
/// longer than its buffer.
CK_RV ReadAttributes(const Session& session, CK_OBJECT_HANDLE object,
                     std::span<CK_ATTRIBUTE> attributes) {
  std::vector<CK_ULONG> capacities;
  for (const CK_ATTRIBUTE& attribute : attributes) capacities.push_back(attribute.ulValueLen);
  const CK_RV got = session.Call(&CK_FUNCTION_LIST::C_GetAttributeValue, object, attributes.data(),
                                 static_cast<CK_ULONG>(attributes.size()));
  for (std::size_t i = 0; i < capacities.size(); ++i) {
    if (attributes[i].ulValueLen > capacities[i]) {
      attributes[i].ulValueLen = static_cast<CK_ULONG>(-1);
    }
  }
  const bool partial = got == CKR_ATTRIBUTE_SENSITIVE || got == CKR_ATTRIBUTE_TYPE_INVALID ||
                       got == CKR_BUFFER_TOO_SMALL;
  return partial ? CKR_OK : got;
}

/// OpenSSL's name of the curve in CKA_EC_PARAMS, a DER OBJECT IDENTIFIER (X9.62 namedCurve).
Result<std::string> CurveName(const Bytes& parameters) {
  const std::uint8_t* cursor = parameters.data();
  const Handle<ASN1_OBJECT, ASN1_OBJECT_free> oid(
      d2i_ASN1_OBJECT(nullptr, &cursor, static_cast<long>(parameters.size())));
  const int nid = oid ? OBJ_obj2nid(oid.get()) : NID_undef;
  if (nid == NID_undef) {
    return Fail(ErrorCode::kKeyUnusable, "OpenSSL has no name for the key's curve");
  }
  return std::string(OBJ_nid2sn(nid));
}

/// Unwraps CKA_EC_POINT, a DER OCTET STRING around the point. Some tokens return the bare point.
Bytes BarePoint(const Bytes& value) {
  const std::uint8_t* cursor = value.data();
  const Handle<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> wrapped(
      d2i_ASN1_OCTET_STRING(nullptr, &cursor, static_cast<long>(value.size())));
  if (!wrapped || cursor != value.data() + value.size()) return value;
  const std::uint8_t* data = ASN1_STRING_get0_data(wrapped.get());
  return {data, data + ASN1_STRING_length(wrapped.get())};
}

/// One attribute; empty if the object does not show it.
Bytes ReadAttribute(const Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  Bytes buffer(4096);
  std::array<CK_ATTRIBUTE, 1> attributes = {Buffer(type, buffer.data(), buffer.size())};
  if (ReadAttributes(session, object, attributes) != CKR_OK) return {};
  return Value(attributes[0]);
}

Result<PublicKey> RsaKey(Bytes modulus, Bytes exponent) {
  if (modulus.empty() || exponent.empty()) {
    return Fail(ErrorCode::kKeyUnusable, "the token does not show the RSA key's public half");
  }
  PublicKey key;
  key.type = KeyType::kRsa;
  key.modulus = std::move(modulus);
  key.exponent = std::move(exponent);
  return key;
}

Result<PublicKey> EcKey(const Bytes& parameters, const Bytes& point) {
  auto group = CurveName(parameters);
  if (!group) return Fail(std::move(group));
  PublicKey key;
  key.type = KeyType::kEc;
  key.group = *std::move(group);
  key.point = BarePoint(point);
  if (key.point.size() < 3 || key.point[0] != 4) {
    return Fail(ErrorCode::kKeyUnusable, "the token gives the EC key's point in an unknown form");
  }
  return key;
}

/// Whether CKA_EC_PARAMS means Ed25519. Accepts the curve's name or OID of PKCS#11 v3.0 section
/// 2.3.10, and the OID that OpenPGP cards use.
bool IsEdwards25519(const Bytes& parameters) {
  static const std::array<Bytes, 3> kParameters = {{
      {0x13, 0x0c, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', '9'},
      {0x06, 0x03, 0x2b, 0x65, 0x70},                                      // 1.3.101.112
      {0x06, 0x09, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01},  // 1.3.6.1.4.1.11591.15.1
  }};
  return std::find(kParameters.begin(), kParameters.end(), parameters) != kParameters.end();
}

/// `point` is 32 bytes, bare or wrapped in a DER OCTET STRING or BIT STRING.
Result<PublicKey> Ed25519Key(const Bytes& parameters, const Bytes& point) {
  constexpr std::size_t kSize = 32;
  static const std::array<Bytes, 3> kWrappings = {{{}, {0x04, kSize}, {0x03, kSize + 1, 0x00}}};
  if (!IsEdwards25519(parameters)) {
    return Fail(ErrorCode::kKeyUnusable, "the key is on an Edwards curve other than edwards25519");
  }
  for (const Bytes& wrapping : kWrappings) {
    if (point.size() != wrapping.size() + kSize ||
        !std::equal(wrapping.begin(), wrapping.end(), point.begin())) {
      continue;
    }
    PublicKey key;
    key.type = KeyType::kEd25519;
    key.point.assign(point.end() - kSize, point.end());
    return key;
  }
  return Fail(ErrorCode::kKeyUnusable,
              "the token gives the Ed25519 key's point in an unknown form");
}

/// The public half that the private key object itself shows: CKA_EC_POINT or CKA_PUBLIC_KEY_INFO.
/// PKCS#11 defines the former for public keys only; the latter may be empty (PKCS#11 v3.0 section
/// 4.9.1).
std::optional<PublicKey> ReadOwnPublicKey(const Session& session, CK_OBJECT_HANDLE object) {
  if (auto key = ReadPublicKeyObject(session, object)) return *std::move(key);
  auto keys = provider::ReadPublicKeys(ReadAttribute(session, object, CKA_PUBLIC_KEY_INFO));
  if (keys.empty()) return std::nullopt;
  return std::move(keys.front());
}

/// The objects of a class with a private key's CKA_ID. CKA_LABEL decides between several, and
/// replaces a missing CKA_ID.
Result<std::vector<CK_OBJECT_HANDLE>> FindCompanions(const Session& session,
                                                     CK_OBJECT_CLASS object_class,
                                                     const PrivateKeyFacts& facts) {
  Bytes id = facts.id;
  Bytes label = facts.label;
  const CK_ATTRIBUTE by_class = Buffer(CKA_CLASS, &object_class, sizeof object_class);
  const CK_ATTRIBUTE by_label = Buffer(CKA_LABEL, label.data(), label.size());
  if (id.empty() && label.empty()) return std::vector<CK_OBJECT_HANDLE>();
  if (id.empty()) return FindObjects(session, {by_class, by_label});
  const CK_ATTRIBUTE by_id = Buffer(CKA_ID, id.data(), id.size());
  auto objects = FindById(session, object_class, id);
  if (!objects || objects->size() < 2) return objects;
  auto labelled = FindObjects(session, {by_class, by_id, by_label});
  return labelled && !labelled->empty() ? labelled : objects;
}

/// The public key that all companions of this class share. Fails with kKeyAmbiguous if they differ,
/// because a choice would be a guess.
template <typename Read>
Result<PublicKey> FromCompanions(const Session& session, CK_OBJECT_CLASS object_class,
                                 const PrivateKeyFacts& facts, Read read) {
  const auto objects = FindCompanions(session, object_class, facts);
  if (!objects) return Fail(objects);
  std::optional<PublicKey> found;
  for (const CK_OBJECT_HANDLE object : *objects) {
    const Result<PublicKey> key = read(object);
    if (key && found && *found != *key) {
      return Fail(ErrorCode::kKeyAmbiguous,
                  "several public keys have the private key's id and label",
                  "give each key pair an id of its own");
    }
    if (key) found = *key;
  }
  if (found) return *std::move(found);
  return Fail(ErrorCode::kKeyNotFound, "no public half");
}

}  // namespace

bool IsSigningType(CK_KEY_TYPE type) {
  return type == CKK_RSA || type == CKK_EC || type == CKK_EC_EDWARDS;
}

Result<PublicKey> ReadCertifiedKey(const Bytes& der) {
  const std::uint8_t* cursor = der.data();
  const ErrorMark mark;
  const X509Ptr x509(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
  return PublicKey::FromPkey(x509 ? X509_get0_pubkey(x509.get()) : nullptr);
}

Result<std::vector<CK_OBJECT_HANDLE>> FindAll(const Session& session,
                                              CK_OBJECT_CLASS object_class) {
  return FindObjects(session, {Buffer(CKA_CLASS, &object_class, sizeof object_class)});
}

Result<std::vector<CK_OBJECT_HANDLE>> FindById(const Session& session, CK_OBJECT_CLASS object_class,
                                               Bytes id) {
  if (id.empty()) return std::vector<CK_OBJECT_HANDLE>();
  return FindObjects(session, {Buffer(CKA_CLASS, &object_class, sizeof object_class),
                               Buffer(CKA_ID, id.data(), id.size())});
}

Result<void> DestroyObject(const Session& session, CK_OBJECT_HANDLE object) {
  const CK_RV destroyed = session.Call(&CK_FUNCTION_LIST::C_DestroyObject, object);
  if (destroyed == CKR_OK || destroyed == CKR_OBJECT_HANDLE_INVALID) return {};
  if (destroyed == CKR_ACTION_PROHIBITED) {
    return Fail(ErrorCode::kKeyUnusable,
                "the token does not let it be deleted (CKR_ACTION_PROHIBITED)");
  }
  return Fail(CkError("DestroyObject", destroyed));
}

Result<std::vector<CK_OBJECT_HANDLE>> FindObjects(const Session& session,
                                                  std::vector<CK_ATTRIBUTE> search) {
  CK_RV result = session.Call(&CK_FUNCTION_LIST::C_FindObjectsInit, search.data(),
                              static_cast<CK_ULONG>(search.size()));
  if (result != CKR_OK) return Fail(CkError("FindObjectsInit", result));
  std::vector<CK_OBJECT_HANDLE> objects;
  std::array<CK_OBJECT_HANDLE, 256> chunk{};
  CK_ULONG count = chunk.size();
  while (result == CKR_OK && count == chunk.size() && objects.size() < kMostObjects) {
    result = session.Call(&CK_FUNCTION_LIST::C_FindObjects, chunk.data(),
                          static_cast<CK_ULONG>(chunk.size()), &count);
    count = std::min<CK_ULONG>(count, chunk.size());
    if (result == CKR_OK) objects.insert(objects.end(), chunk.begin(), chunk.begin() + count);
  }
  if (session.Call(&CK_FUNCTION_LIST::C_FindObjectsFinal) != CKR_OK) session.Discard();
  if (result != CKR_OK) return Fail(CkError("FindObjects", result));
  return objects;
}

Result<PrivateKeyFacts> ReadPrivateKeyFacts(const Session& session, CK_OBJECT_HANDLE object) {
  PrivateKeyFacts facts;
  CK_BBOOL always = CK_FALSE;
  std::array<std::uint8_t, 256> id{};
  std::array<std::uint8_t, 256> label{};
  std::array<std::uint8_t, 2048> modulus{};
  std::array<std::uint8_t, 64> exponent{};
  std::array<CK_ATTRIBUTE, 6> attributes = {
      Buffer(CKA_KEY_TYPE, &facts.type, sizeof facts.type),
      Buffer(CKA_ALWAYS_AUTHENTICATE, &always, sizeof always),
      Buffer(CKA_ID, id.data(), id.size()),
      Buffer(CKA_LABEL, label.data(), label.size()),
      Buffer(CKA_MODULUS, modulus.data(), modulus.size()),
      Buffer(CKA_PUBLIC_EXPONENT, exponent.data(), exponent.size())};
  const CK_RV read = ReadAttributes(session, object, attributes);
  if (read != CKR_OK) return Fail(CkError("GetAttributeValue", read));
  facts.always_authenticate = Present(attributes[1]) && always == CK_TRUE;
  facts.id = Value(attributes[2]);
  facts.label = Value(attributes[3]);
  facts.modulus = Integer(attributes[4]);
  facts.public_exponent = Integer(attributes[5]);
  return facts;
}

Result<PublicKey> ReadPublicKeyObject(const Session& session, CK_OBJECT_HANDLE object) {
  CK_KEY_TYPE type = 0;
  std::array<std::uint8_t, 2048> modulus{};
  std::array<std::uint8_t, 64> exponent{};
  std::array<std::uint8_t, 512> parameters{};
  std::array<std::uint8_t, 512> point{};
  std::array<CK_ATTRIBUTE, 5> attributes = {
      Buffer(CKA_KEY_TYPE, &type, sizeof type), Buffer(CKA_MODULUS, modulus.data(), modulus.size()),
      Buffer(CKA_PUBLIC_EXPONENT, exponent.data(), exponent.size()),
      Buffer(CKA_EC_PARAMS, parameters.data(), parameters.size()),
      Buffer(CKA_EC_POINT, point.data(), point.size())};
  const CK_RV read = ReadAttributes(session, object, attributes);
  if (read != CKR_OK) return Fail(CkError("GetAttributeValue", read));
  if (type == CKK_RSA) return RsaKey(Integer(attributes[1]), Integer(attributes[2]));
  if (type == CKK_EC) return EcKey(Value(attributes[3]), Value(attributes[4]));
  if (type == CKK_EC_EDWARDS) return Ed25519Key(Value(attributes[3]), Value(attributes[4]));
  return Fail(ErrorCode::kKeyUnusable, "the key is neither RSA nor EC nor Ed25519");
}

Result<PublicKey> ReadPublicKey(const Session& session, CK_OBJECT_HANDLE private_key,
                                const PrivateKeyFacts& facts) {
  if (!IsSigningType(facts.type)) {
    return Fail(ErrorCode::kKeyUnusable, "the key is neither RSA nor EC nor Ed25519",
                "create an RSA key of 2048 bits or more, or an EC key on P-256 or P-384");
  }
  if (facts.type == CKK_RSA && !facts.modulus.empty() && !facts.public_exponent.empty()) {
    return RsaKey(facts.modulus, facts.public_exponent);
  }
  auto key = FromCompanions(session, kPublicKeyClass, facts, [&](CK_OBJECT_HANDLE object) {
    return ReadPublicKeyObject(session, object);
  });
  if (key || key.error().code != ErrorCode::kKeyNotFound) return key;
  key = FromCompanions(session, kCertificateClass, facts,
                       [&](CK_OBJECT_HANDLE object) -> Result<PublicKey> {
                         const auto der = ReadCertificate(session, object);
                         if (!der) return Fail(der);
                         return ReadCertifiedKey(*der);
                       });
  if (key || key.error().code != ErrorCode::kKeyNotFound) return key;
  if (auto own = ReadOwnPublicKey(session, private_key)) return *std::move(own);
  return Fail(ErrorCode::kKeyUnusable,
              "the token holds neither a public key nor a certificate with the private key's id",
              Remedy::kGiveCertificate);
}

std::string ReadCurve(const Session& session, CK_OBJECT_HANDLE object) {
  const ErrorMark mark;
  return CurveName(ReadAttribute(session, object, CKA_EC_PARAMS)).value_or("");
}

std::optional<bool> ReadFlag(const Session& session, CK_OBJECT_HANDLE object,
                             CK_ATTRIBUTE_TYPE type) {
  const Bytes value = ReadAttribute(session, object, type);
  if (value.size() != sizeof(CK_BBOOL)) return std::nullopt;
  return value.front() == CK_TRUE;
}

std::optional<CK_ULONG> ReadNumber(const Session& session, CK_OBJECT_HANDLE object,
                                   CK_ATTRIBUTE_TYPE type) {
  const Bytes value = ReadAttribute(session, object, type);
  CK_ULONG number = 0;
  if (value.size() != sizeof number) return std::nullopt;
  memcpy(&number, value.data(), sizeof number);
  return number;
}

ObjectNames ReadNames(const Session& session, CK_OBJECT_HANDLE object) {
  std::array<std::uint8_t, 256> id{};
  std::array<std::uint8_t, 256> label{};
  std::array<CK_ATTRIBUTE, 2> attributes = {Buffer(CKA_ID, id.data(), id.size()),
                                            Buffer(CKA_LABEL, label.data(), label.size())};
  if (ReadAttributes(session, object, attributes) != CKR_OK) return {};
  return {Value(attributes[0]), Value(attributes[1])};
}

PrivateKeyFlags ReadPrivateKeyFlags(const Session& session, CK_OBJECT_HANDLE object) {
  std::array<CK_BBOOL, 4> values{};
  std::array<CK_ATTRIBUTE, 4> attributes = {
      Buffer(CKA_SENSITIVE, values.data(), 1), Buffer(CKA_EXTRACTABLE, &values[1], 1),
      Buffer(CKA_SIGN, &values[2], 1), Buffer(CKA_ALWAYS_AUTHENTICATE, &values[3], 1)};
  if (ReadAttributes(session, object, attributes) != CKR_OK) return {};
  const auto is_set = [&](std::size_t i) { return Present(attributes[i]) && values[i] == CK_TRUE; };
  return {is_set(0), is_set(1), is_set(2), is_set(3)};
}

Result<Bytes> ReadCertificate(const Session& session, CK_OBJECT_HANDLE object) {
  Bytes der(16384);
  std::array<CK_ATTRIBUTE, 1> attributes = {Buffer(CKA_VALUE, der.data(), der.size())};
  const CK_RV read = ReadAttributes(session, object, attributes);
  if (read != CKR_OK) return Fail(CkError("GetAttributeValue", read));
  if (!Present(attributes[0])) {
    return Fail(ErrorCode::kCertificate, "it cannot be read");
  }
  der.resize(attributes[0].ulValueLen);
  const std::uint8_t* cursor = der.data();
  const ErrorMark mark;
  const X509Ptr parsed(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
  if (!parsed) return Fail(ErrorCode::kCertificate, "it is not an X.509 certificate");
  return der;
}

}  // namespace credmint::pkcs11
