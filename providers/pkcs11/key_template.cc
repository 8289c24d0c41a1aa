// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/key_template.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <utility>

#include "base/shown_value.h"
#include "ossl/der_element.h"

namespace credmint::pkcs11 {
namespace {

using namespace std::string_view_literals;
using provider::KeyType;
using provider::PublicKey;

constexpr auto kP256 = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;  // 1.2.840.10045.3.1.7
constexpr auto kP384 = "\x06\x05\x2b\x81\x04\x00\x22"sv;              // 1.3.132.0.34
constexpr auto kP521 = "\x06\x05\x2b\x81\x04\x00\x23"sv;              // 1.3.132.0.35
constexpr auto kEd25519 = "\x06\x03\x2b\x65\x70"sv;                   // 1.3.101.112
constexpr auto kEd25519Name =
    "\x13\x0c"
    "edwards25519"sv;  // PKCS#11 v3.0 section 2.3.10

constexpr NewKeyType Ec(std::string_view name, CK_ULONG bits, std::string_view group,
                        std::string_view parameters) {
  return {name, CKK_EC, CKM_EC_KEY_PAIR_GEN, bits, group, parameters, {}};
}

constexpr NewKeyType Rsa(std::string_view name, CK_ULONG bits) {
  return {name, CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN, bits, {}, {}, {}};
}

constexpr std::array kTypes = {
    Ec("ec-p256", 256, "prime256v1", kP256),
    Ec("ec-p384", 384, "secp384r1", kP384),
    Ec("ec-p521", 521, "secp521r1", kP521),
    Rsa("rsa-2048", 2048),
    Rsa("rsa-3072", 3072),
    Rsa("rsa-4096", 4096),
    NewKeyType{
        "ed25519", CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, 255, {}, kEd25519, kEd25519Name},
};

Bytes Integer(const Bytes& magnitude) {
  static constexpr std::array<std::uint8_t, 1> kPositive = {0};
  const bool looks_negative = !magnitude.empty() && (magnitude.front() & 0x80) != 0;
  return DerElement(kDerInteger, {looks_negative ? ByteView(kPositive) : ByteView(), magnitude});
}

}  // namespace

bool NewKeyType::Describes(const PublicKey& key) const {
  if (type == CKK_RSA) return key.type == KeyType::kRsa && key.Bits() == static_cast<int>(bits);
  if (type == CKK_EC) return key.type == KeyType::kEc && key.group == group;
  return key.type == KeyType::kEd25519;
}

Result<NewKeyType> FindNewKeyType(std::string_view name) {
  for (const NewKeyType& type : kTypes) {
    if (type.name == name) return type;
  }
  return Fail(ErrorCode::kUsage, fmt::format("no key of type {} can be made", Shown(name)));
}

std::vector<NewKeyType> NewKeyTypes() { return {kTypes.begin(), kTypes.end()}; }

KeyTemplate::KeyTemplate(const NewKeyType& type, std::string label, Bytes id,
                         std::string_view parameters)
    : bits_(type.bits),
      label_(std::move(label)),
      id_(std::move(id)),
      parameters_(parameters.begin(), parameters.end()) {
  const auto text = [](CK_ATTRIBUTE_TYPE which, auto& value) {
    return CK_ATTRIBUTE{which, value.data(), static_cast<CK_ULONG>(value.size())};
  };
  const auto flag = [](CK_ATTRIBUTE_TYPE which, CK_BBOOL& value) {
    return CK_ATTRIBUTE{which, &value, sizeof value};
  };
  public_key_ = {flag(CKA_TOKEN, yes_),  flag(CKA_PRIVATE, no_), flag(CKA_VERIFY, yes_),
                 flag(CKA_ENCRYPT, no_), flag(CKA_WRAP, no_),    text(CKA_LABEL, label_),
                 text(CKA_ID, id_)};
  if (type.type == CKK_RSA) {
    public_key_.push_back({CKA_MODULUS_BITS, &bits_, sizeof bits_});
    public_key_.push_back(text(CKA_PUBLIC_EXPONENT, exponent_));
  } else {
    public_key_.push_back(text(CKA_EC_PARAMS, parameters_));
  }
  private_key_ = {flag(CKA_TOKEN, yes_),      flag(CKA_PRIVATE, yes_), flag(CKA_SENSITIVE, yes_),
                  flag(CKA_EXTRACTABLE, no_), flag(CKA_SIGN, yes_),    flag(CKA_SIGN_RECOVER, no_),
                  flag(CKA_DECRYPT, no_),     flag(CKA_UNWRAP, no_),   flag(CKA_DERIVE, no_),
                  text(CKA_LABEL, label_),    text(CKA_ID, id_)};
}

Bytes KeyIdentifier(const PublicKey& key) {
  const Bytes bits = key.type == KeyType::kRsa
                         ? DerElement(kDerSequence, {Integer(key.modulus), Integer(key.exponent)})
                         : key.point;
  Bytes digest(SHA_DIGEST_LENGTH);
  SHA1(bits.data(), bits.size(), digest.data());
  return digest;
}

}  // namespace credmint::pkcs11
