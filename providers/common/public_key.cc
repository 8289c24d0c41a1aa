#include "common/public_key.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "ossl/error_queue.h"

namespace credmint::provider {
namespace {

/// Bits of the largest field element of an uncompressed point, from the curve's usual names.
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

bool PushInteger(OSSL_PARAM_BLD* builder, const char* name, const BigNumPtr& value) {
  return value && OSSL_PARAM_BLD_push_BN(builder, name, value.get()) == 1;
}

}  // namespace

int PublicKey::Bits() const {
  return type == KeyType::kRsa ? BitLength(modulus) : FieldBits(*this);
}

int PublicKey::SecurityBits() const {
  const int bits = Bits();
  if (type == KeyType::kEc) return std::min(bits / 2, 256);
  if (bits >= 15360) return 256;
  if (bits >= 7680) return 192;
  if (bits >= 3072) return 128;
  return bits >= 2048 ? 112 : 80;
}

int PublicKey::MaxSignatureSize() const {
  if (type == KeyType::kRsa) return static_cast<int>(modulus.size());
  const int integer = Bits() / 8 + 1;  // with a sign byte where the top bit can be set
  const int body = 2 * (integer + 2);
  return body + (body > 127 ? 3 : 2);
}

ParamsPtr PublicKey::ToParams() const {
  const ParamBldPtr builder(OSSL_PARAM_BLD_new());
  if (!builder) return nullptr;
  const BigNumPtr n(BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr));
  const BigNumPtr e(BN_bin2bn(exponent.data(), static_cast<int>(exponent.size()), nullptr));
  const bool pushed =
      type == KeyType::kRsa
          ? PushInteger(builder.get(), OSSL_PKEY_PARAM_RSA_N, n) &&
                PushInteger(builder.get(), OSSL_PKEY_PARAM_RSA_E, e)
          : OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                            group.c_str(), group.size()) == 1 &&
                OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                                 point.data(), point.size()) == 1;
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
  const OSSL_PARAM* group = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_GROUP_NAME);
  const OSSL_PARAM* point = OSSL_PARAM_locate_const(params, OSSL_PKEY_PARAM_PUB_KEY);
  const char* group_name = nullptr;
  const void* point_data = nullptr;
  std::size_t point_size = 0;
  if (group == nullptr || point == nullptr ||
      OSSL_PARAM_get_utf8_string_ptr(group, &group_name) != 1 ||
      OSSL_PARAM_get_octet_string_ptr(point, &point_data, &point_size) != 1) {
    return Fail(ErrorCode::kMalformed, "the public key has no named curve or no point");
  }
  const auto* bytes = static_cast<const std::uint8_t*>(point_data);
  if (point_size < 3 || bytes[0] != 4) {
    return Fail(ErrorCode::kMalformed, "the public key's point is not uncompressed");
  }
  key.group = group_name;
  key.point.assign(bytes, bytes + point_size);
  return key;
}

Result<PublicKey> PublicKey::FromPkey(const EVP_PKEY* pkey) {
  const ErrorMark mark;
  const bool rsa = pkey != nullptr && EVP_PKEY_is_a(pkey, "RSA") == 1;
  const bool ec = pkey != nullptr && EVP_PKEY_is_a(pkey, "EC") == 1;
  OSSL_PARAM* params = nullptr;
  if ((!rsa && !ec) || EVP_PKEY_todata(pkey, EVP_PKEY_PUBLIC_KEY, &params) != 1) {
    return Fail(ErrorCode::kKeyUnusable, "the public key is neither RSA nor EC");
  }
  const ParamsPtr owner(params);
  return FromParams(rsa ? KeyType::kRsa : KeyType::kEc, params);
}

Result<PkeyPtr> PublicKey::ToPkey(OSSL_LIB_CTX* context) const {
  const PkeyCtxPtr maker(
      EVP_PKEY_CTX_new_from_name(context, type == KeyType::kRsa ? "RSA" : "EC", nullptr));
  const ParamsPtr params = ToParams();
  EVP_PKEY* pkey = nullptr;
  if (!maker || !params || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &pkey, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return tl::unexpected(
        TakeOpensslError(ErrorCode::kMalformed).In("using the device's public key"));
  }
  return PkeyPtr(pkey);
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
  // Long enough for r and s of any size given, so that one pass does.
  Bytes der(r.size() + s.size() + 16);
  std::uint8_t* cursor = der.data();
  const int length = i2d_ECDSA_SIG(signature.get(), &cursor);
  if (length <= 0) return Fail(ErrorCode::kInternal, "cannot encode the ECDSA signature");
  der.resize(static_cast<std::size_t>(length));
  return der;
}

}  // namespace credmint::provider
