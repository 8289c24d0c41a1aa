// SPDX-License-Identifier: Apache-2.0
#include "common/public_key.h"

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "common/params.h"
#include "ossl/curve_name.h"
#include "ossl/der_reader.h"
#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

constexpr std::size_t kEd25519PointSize = 32;

/// The field size in bits, from the size of an uncompressed point on one of the usual curves.
int FieldBits(const PublicKey& key) {
  const int bytes = static_cast<int>((key.point.size() - 1) / 2);
  return bytes == 66 ? 521 : bytes * 8;
}

int BitLength(const Bytes& number) {
  const BigNumPtr value(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
  return value ? BN_num_bits(value.get()) : 0;
}

Result<Bytes> IntegerParam(const OSSL_PARAM params[], const char* name) {
  const OSSL_PARAM* param = OSSL_PARAM_locate_const(params, name);
  BIGNUM* raw = nullptr;
  if (param == nullptr || OSSL_PARAM_get_BN(param, &raw) != 1) {
    return Fail(ErrorCode::kMalformed, std::string("the public key has no usable ") + name);
  }
  const BigNumPtr value(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), bytes.data());
  return bytes;
}

bool PushPoint(OSSL_PARAM_BLD* builder, const PublicKey& key) {
  const bool named = key.type == KeyType::kEd25519 ||
                     OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
                                                     key.group.c_str(), key.group.size()) == 1;
  return named && OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
                                                   key.point.data(), key.point.size()) == 1;
}

bool PushInteger(OSSL_PARAM_BLD* builder, const char* name, const BigNumPtr& value) {
  return value && OSSL_PARAM_BLD_push_BN(builder, name, value.get()) == 1;
}

Bytes CopyOctets(const OSSL_PARAM params[], const char* name) {
  const ByteView octets = OctetsParam(params, name).value_or(ByteView());
  return {octets.begin(), octets.end()};
}

/// Our name for one of OpenSSL's key types.
std::optional<KeyType> TypeOf(const EVP_PKEY* pkey) {
  for (const KeyType type : {KeyType::kRsa, KeyType::kEc, KeyType::kEd25519}) {
    if (EVP_PKEY_is_a(pkey, TypeName(type)) == 1) return type;
  }
  return std::nullopt;
}

// The contents of OIDs in DER: RFC 8017 appendix C, RFC 5480 section 2.1.1.
constexpr auto kRsaEncryption =
    std::to_array<std::uint8_t>({0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01});
constexpr auto kEcPublicKey =
    std::to_array<std::uint8_t>({0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01});

/// The bytes of a positive INTEGER without leading zero bytes; empty for any other.
Bytes Positive(const std::optional<ByteView>& integer) {
  if (!integer || integer->empty() || (integer->front() & 0x80) != 0) return {};
  const auto first = std::ranges::find_if(*integer, [](std::uint8_t byte) { return byte != 0; });
  return {first, integer->end()};
}

/// RSAPublicKey (RFC 8017 appendix A.1.1).
std::optional<PublicKey> ReadRsa(ByteView der) {
  DerReader whole(der);
  const auto sequence = whole.Next(V_ASN1_SEQUENCE);
  if (!sequence || !whole.AtEnd()) return std::nullopt;
  DerReader numbers(*sequence);
  PublicKey key;
  key.modulus = Positive(numbers.Next(V_ASN1_INTEGER));
  key.exponent = Positive(numbers.Next(V_ASN1_INTEGER));
  if (key.modulus.empty() || key.exponent.empty() || !numbers.AtEnd()) return std::nullopt;
  return key;
}

/// A key on a named curve, with an uncompressed point.
std::optional<PublicKey> ReadEc(ByteView curve, ByteView point) {
  const char* group = CurveName(curve);
  if (group == nullptr || point.size() < 3 || point.front() != 4) return std::nullopt;
  PublicKey key;
  key.type = KeyType::kEc;
  key.group = group;
  key.point.assign(point.begin(), point.end());
  return key;
}

/// The contents of a SubjectPublicKeyInfo in its usual forms. OpenSSL would ask all decoders of all
/// providers, in a library context that nothing else here needs.
std::optional<PublicKey> ReadUsual(ByteView info) {
  DerReader parts(info);
  const auto algorithm = parts.Next(V_ASN1_SEQUENCE);
  const auto bits = parts.Next(V_ASN1_BIT_STRING);
  const bool is_whole = algorithm && bits && parts.AtEnd() && !bits->empty() && bits->front() == 0;
  if (!is_whole) return std::nullopt;
  DerReader inside(*algorithm);
  const auto oid = inside.Next(V_ASN1_OBJECT);
  const auto parameters = inside.Next();
  if (!oid || !parameters || !inside.AtEnd()) return std::nullopt;
  const ByteView key = bits->subspan(1);
  if (std::ranges::equal(*oid, kEcPublicKey)) return ReadEc(parameters->whole, key);
  const bool is_rsa = std::ranges::equal(*oid, kRsaEncryption) &&
                      parameters->IsUniversal(V_ASN1_NULL) && parameters->contents.empty();
  return is_rsa ? ReadRsa(key) : std::nullopt;
}

/// Any SubjectPublicKeyInfo.
std::optional<PublicKey> ReadUnusual(ByteView der) {
  const unsigned char* cursor = der.data();
  const PkeyPtr pkey(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(der.size())));
  auto key = PublicKey::FromPkey(pkey.get());
  return key ? std::optional(*std::move(key)) : std::nullopt;
}

}  // namespace

const char* TypeName(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return "RSA";
    case KeyType::kEc:
      return "EC";
    case KeyType::kEd25519:
      return "ED25519";
  }
  return "";
}

int PublicKey::Bits() const {
  if (type == KeyType::kEd25519) return 256;
  return type == KeyType::kRsa ? BitLength(modulus) : FieldBits(*this);
}

int PublicKey::SecurityBits() const {
  const int bits = Bits();
  if (type != KeyType::kRsa) return std::min(bits / 2, 256);
  if (bits >= 15360) return 256;
  if (bits >= 7680) return 192;
  if (bits >= 3072) return 128;
  return bits >= 2048 ? 112 : 80;
}

int PublicKey::MaxSignatureSize() const {
  if (type != KeyType::kEc) return static_cast<int>(RawSignatureSize());
  const int integer = Bits() / 8 + 1;  // with a sign byte where the top bit can be set
  const int body = 2 * (integer + 2);
  return body + (body > 127 ? 3 : 2);
}

std::size_t PublicKey::RawSignatureSize() const {
  switch (type) {
    case KeyType::kRsa:
      return modulus.size();
    case KeyType::kEc:
      return point.size() - 1;
    case KeyType::kEd25519:
      return 2 * kEd25519PointSize;
  }
  return 0;
}

ParamsPtr PublicKey::ToParams() const {
  const ParamBldPtr builder(OSSL_PARAM_BLD_new());
  if (!builder) return nullptr;
  // The builder does not copy what is pushed.
  const BigNumPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const BigNumPtr e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  const bool pushed = type == KeyType::kRsa
                          ? PushInteger(builder.get(), OSSL_PKEY_PARAM_RSA_N, n) &&
                                PushInteger(builder.get(), OSSL_PKEY_PARAM_RSA_E, e)
                          : PushPoint(builder.get(), *this);
  return ParamsPtr(pushed ? OSSL_PARAM_BLD_to_param(builder.get()) : nullptr);
}

Result<PublicKey> PublicKey::FromParams(KeyType type, const OSSL_PARAM params[]) {
  PublicKey key;
  key.type = type;
  if (type == KeyType::kRsa) {
    auto n = IntegerParam(params, OSSL_PKEY_PARAM_RSA_N);
    if (!n) return Fail(std::move(n));
    auto e = IntegerParam(params, OSSL_PKEY_PARAM_RSA_E);
    if (!e) return Fail(std::move(e));
    key.modulus = *std::move(n);
    key.exponent = *std::move(e);
    return key;
  }
  key.point = CopyOctets(params, OSSL_PKEY_PARAM_PUB_KEY);
  if (type == KeyType::kEd25519) {
    if (key.point.size() == kEd25519PointSize) return key;
    return Fail(ErrorCode::kMalformed, "the Ed25519 public key is not 32 bytes long");
  }
  auto group = TextParam(params, OSSL_PKEY_PARAM_GROUP_NAME);
  if (!group || !HasParam(params, OSSL_PKEY_PARAM_PUB_KEY)) {
    return Fail(ErrorCode::kMalformed, "the public key has no named curve or no point");
  }
  if (key.point.size() < 3 || key.point[0] != 4) {
    return Fail(ErrorCode::kMalformed, "the public key's point is not uncompressed");
  }
  key.group = *std::move(group);
  return key;
}

Result<PublicKey> PublicKey::FromPkey(const EVP_PKEY* pkey) {
  const ErrorMark mark;
  const auto type = pkey != nullptr ? TypeOf(pkey) : std::nullopt;
  OSSL_PARAM* params = nullptr;
  if (!type || EVP_PKEY_todata(pkey, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
    return Fail(ErrorCode::kKeyUnusable, "the public key is neither RSA nor EC nor Ed25519");
  }
  const ParamsPtr owner(params);
  return FromParams(*type, params);
}

Result<PkeyPtr> PublicKey::ToPkey(OSSL_LIB_CTX* context) const {
  const PkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(context, TypeName(type), nullptr));
  const ParamsPtr params = ToParams();
  EVP_PKEY* pkey = nullptr;
  if (!maker || !params || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return Fail(TakeOpensslError(ErrorCode::kMalformed).In("using the device's public key"));
  }
  return PkeyPtr(pkey);
}

Bytes PublicKey::ToDer(OSSL_LIB_CTX* context) const {
  const auto pkey = ToPkey(context);
  unsigned char* data = nullptr;
  const int size = pkey ? i2d_PUBKEY(pkey->get(), &data) : 0;
  if (size <= 0) return {};
  Bytes der(data, data + size);
  OPENSSL_free(data);
  return der;
}

Result<Bytes> EncodeEcdsaSignature(ByteView r, ByteView s) {
  const EcdsaSigPtr signature(ECDSA_SIG_new());
  BigNumPtr r_number(BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr));
  BigNumPtr s_number(BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  if (!signature || !r_number || !s_number ||
      ECDSA_SIG_set0(signature.get(), r_number.get(), s_number.get()) != 1) {
    return Fail(ErrorCode::kInternal, "cannot encode the ECDSA signature");
  }
  static_cast<void>(r_number.release());
  static_cast<void>(s_number.release());
  // Long enough for any r and s, so one pass suffices.
  Bytes der(r.size() + s.size() + 16);
  std::uint8_t* cursor = der.data();
  const int length = i2d_ECDSA_SIG(signature.get(), &cursor);
  if (length <= 0) return Fail(ErrorCode::kInternal, "cannot encode the ECDSA signature");
  der.resize(static_cast<std::size_t>(length));
  return der;
}

std::vector<PublicKey> ReadPublicKeys(ByteView der) {
  std::vector<PublicKey> keys;
  const ErrorMark mark;
  DerReader infos(der);
  while (const auto info = infos.Next()) {
    auto key = info->IsUniversal(V_ASN1_SEQUENCE) ? ReadUsual(info->contents) : std::nullopt;
    if (!key) key = ReadUnusual(info->whole);
    if (key) keys.push_back(*std::move(key));
  }
  return keys;
}

}  // namespace credmint::provider
