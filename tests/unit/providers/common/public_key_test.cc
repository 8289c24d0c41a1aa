// SPDX-License-Identifier: Apache-2.0
#include "common/public_key.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>

#include <array>
#include <cstddef>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "ossl/error_queue.h"
#include "support/test_pki.h"

namespace credmint::provider {
namespace {

using test::NewKey;
using test::TestKey;

/// A key of this kind, made once because RSA keys take time.
const TestKey& KeyOf(std::string_view kind) {
  static std::map<std::string, TestKey> keys;
  TestKey& key = keys[std::string(kind)];
  if (!key) key = NewKey(std::string(kind));
  return key;
}

/// A number of the key, big-endian and without leading zero bytes.
Bytes Number(const TestKey& key, const char* name) {
  BIGNUM* raw = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), name, &raw), 1);
  const BigNumPtr number(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return bytes;
}

/// The public point of the key, uncompressed.
Bytes Point(const TestKey& key) {
  Bytes point(200);
  std::size_t size = 0;
  EXPECT_EQ(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                            point.size(), &size),
            1);
  point.resize(size);
  return point;
}

std::string Group(const TestKey& key) {
  std::array<char, 80> name{};
  EXPECT_EQ(EVP_PKEY_get_group_name(key.get(), name.data(), name.size(), nullptr), 1);
  return name.data();
}

PublicKey Rsa(const TestKey& key) {
  PublicKey result;
  result.modulus = Number(key, OSSL_PKEY_PARAM_RSA_N);
  result.exponent = Number(key, OSSL_PKEY_PARAM_RSA_E);
  return result;
}

PublicKey Ec(const TestKey& key) {
  PublicKey result;
  result.type = KeyType::kEc;
  result.group = Group(key);
  result.point = Point(key);
  return result;
}

PublicKey Ed25519(const TestKey& key) {
  PublicKey result;
  result.type = KeyType::kEd25519;
  result.point = Point(key);
  return result;
}

PublicKey Make(const TestKey& key) {
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return Ed25519(key);
  return EVP_PKEY_is_a(key.get(), "RSA") == 1 ? Rsa(key) : Ec(key);
}

Bytes FromHex(const std::string& hex) {
  long size = 0;
  unsigned char* data = OPENSSL_hexstr2buf(hex.c_str(), &size);
  Bytes bytes(data, data + size);
  OPENSSL_free(data);
  return bytes;
}

class PublicKeyTest : public testing::Test {
 protected:
  ~PublicKeyTest() override { EXPECT_EQ(ERR_peek_error(), 0UL) << "the queue must be empty"; }
};

TEST_F(PublicKeyTest, ParametersOfAnRsaKeyMustBeThere) {
  std::array<unsigned char, 3> n = {1, 0, 1};
  const OSSL_PARAM none[] = {OSSL_PARAM_END};
  const OSSL_PARAM only_n[] = {OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, n.data(), n.size()),
                               OSSL_PARAM_END};
  std::string text = "three";
  const OSSL_PARAM wrong_type[] = {
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_RSA_N, text.data(), text.size()), OSSL_PARAM_END};
  for (const auto& [params, message] :
       {std::pair<const OSSL_PARAM*, const char*>{none, "the public key has no usable n"},
        {only_n, "the public key has no usable e"},
        {wrong_type, "the public key has no usable n"}}) {
    const auto key = PublicKey::FromParams(KeyType::kRsa, params);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(key.error().message, message);
    ERR_clear_error();
  }
}

TEST_F(PublicKeyTest, ParametersOfAnEcKeyMustBeThere) {
  std::string group = "prime256v1";
  Bytes point = Point(NewKey());
  const OSSL_PARAM group_param =
      OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size());
  const OSSL_PARAM point_param =
      OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  const OSSL_PARAM none[] = {OSSL_PARAM_END};
  const OSSL_PARAM only_group[] = {group_param, OSSL_PARAM_END};
  const OSSL_PARAM only_point[] = {point_param, OSSL_PARAM_END};
  for (const OSSL_PARAM* params : {none, only_group, only_point}) {
    const auto key = PublicKey::FromParams(KeyType::kEc, params);
    ASSERT_FALSE(key.has_value());
    EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(key.error().message, "the public key has no named curve or no point");
  }
}

TEST_F(PublicKeyTest, PointMustBeUncompressed) {
  std::string group = "prime256v1";
  for (Bytes point : {Bytes{}, Bytes{4}, Bytes{4, 1}, Bytes(33, 2), Bytes(33, 3), Bytes(65, 6)}) {
    const OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_END};
    const auto key = PublicKey::FromParams(KeyType::kEc, params);
    ASSERT_FALSE(key.has_value()) << point.size();
    EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(key.error().message, "the public key's point is not uncompressed");
  }
}

TEST_F(PublicKeyTest, OpensslRefusesAPointThatIsNotOnItsCurve) {
  PublicKey off_curve = Ec(NewKey("P-256"));
  off_curve.point.back() ^= 1;
  PublicKey other_curve = Ec(NewKey("P-256"));
  other_curve.group = "P-384";
  PublicKey no_curve = Ec(NewKey("P-256"));
  no_curve.group = "no-such-curve";
  PublicKey cut = Ec(NewKey("P-256"));
  cut.point.pop_back();
  for (const PublicKey& key : {off_curve, other_curve, no_curve, cut}) {
    const auto pkey = key.ToPkey(nullptr);
    ASSERT_FALSE(pkey.has_value());
    EXPECT_EQ(pkey.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(pkey.error().message.find("using the device's public key: "), 0U);
  }
}

struct KeyCase {
  const char* kind;
  int bits;
  int security_bits;  ///< NIST SP 800-57 part 1 revision 5, table 2
};

void PrintTo(const KeyCase& test_case, std::ostream* out) { *out << test_case.kind; }

class PublicKeyFactsTest : public PublicKeyTest, public testing::WithParamInterface<KeyCase> {};

TEST_P(PublicKeyFactsTest, AreThoseOfOpenssl) {
  const TestKey& key = KeyOf(GetParam().kind);
  const PublicKey public_key = Make(key);
  EXPECT_EQ(public_key.Bits(), GetParam().bits);
  EXPECT_EQ(public_key.Bits(), EVP_PKEY_get_bits(key.get()));
  EXPECT_EQ(public_key.SecurityBits(), GetParam().security_bits);
  EXPECT_EQ(public_key.MaxSignatureSize(), EVP_PKEY_get_size(key.get()));
}

TEST_P(PublicKeyFactsTest, BecomeTheSameKeyInOpenssl) {
  const TestKey& key = KeyOf(GetParam().kind);
  const auto pkey = Make(key).ToPkey(nullptr);
  ASSERT_TRUE(pkey.has_value()) << pkey.error().message;
  EXPECT_EQ(EVP_PKEY_eq(pkey->get(), key.get()), 1);
  BIGNUM* secret = nullptr;
  const char* name =
      EVP_PKEY_is_a(key.get(), "RSA") == 1 ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY;
  EXPECT_EQ(EVP_PKEY_get_bn_param(pkey->get(), name, &secret), 0) << "it is public only";
  BN_clear_free(secret);
  ERR_clear_error();
}

Bytes Info(const TestKey& key) {
  unsigned char* data = nullptr;
  const int size = i2d_PUBKEY(key.get(), &data);
  Bytes der(data, data + size);
  OPENSSL_free(data);
  return der;
}

TEST_P(PublicKeyFactsTest, AreReadFromOpensslsDer) {
  const TestKey& key = KeyOf(GetParam().kind);
  Bytes two = Info(key);
  const Bytes one = two;
  two.insert(two.end(), one.begin(), one.end());
  const std::vector<PublicKey> keys = ReadPublicKeys(two);
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0], Make(key));
  EXPECT_EQ(keys[1], Make(key));
}

/// OpenSSL does not look at the parameters of an RSA key.
bool IsSameForOpenssl(const TestKey& key, const Bytes& der) {
  const unsigned char* cursor = der.data();
  const ErrorMark mark;
  const PkeyPtr read(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(der.size())));
  return read && EVP_PKEY_eq(read.get(), key.get()) == 1;
}

TEST_P(PublicKeyFactsTest, AreNotReadFromDamagedDer) {
  const TestKey& key = KeyOf(GetParam().kind);
  const Bytes der = Info(key);
  for (std::size_t i = 0; i < der.size(); ++i) {
    Bytes cut(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_TRUE(ReadPublicKeys(cut).empty()) << i;
    Bytes damaged = der;
    damaged[i] ^= 0x80;
    if (IsSameForOpenssl(key, damaged)) continue;
    for (const PublicKey& read : ReadPublicKeys(damaged)) EXPECT_NE(read, Make(key)) << i;
  }
}

TEST_P(PublicKeyFactsTest, GoThroughParametersAndBack) {
  const PublicKey public_key = Make(KeyOf(GetParam().kind));
  const ParamsPtr params = public_key.ToParams();
  ASSERT_NE(params, nullptr);
  const auto read = PublicKey::FromParams(public_key.type, params.get());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, public_key);
}

TEST_P(PublicKeyFactsTest, AreReadFromOpenssl) {
  const TestKey& key = KeyOf(GetParam().kind);
  OSSL_PARAM* raw = nullptr;
  ASSERT_EQ(EVP_PKEY_todata(key.get(), EVP_PKEY_PUBLIC_KEY, &raw), 1);
  const ParamsPtr params(raw);
  const PublicKey expected = Make(key);
  const auto read = PublicKey::FromParams(expected.type, params.get());
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, expected);
}

INSTANTIATE_TEST_SUITE_P(Keys, PublicKeyFactsTest,
                         testing::Values(KeyCase{"RSA-1024", 1024, 80}, KeyCase{"RSA", 2048, 112},
                                         KeyCase{"RSA-3072", 3072, 128}, KeyCase{"P-256", 256, 128},
                                         KeyCase{"P-384", 384, 192}, KeyCase{"P-521", 521, 256},
                                         KeyCase{"ED25519", 256, 128}));

TEST_F(PublicKeyTest, Ed25519KeyIsOf32Bytes) {
  for (const std::size_t size : {0U, 31U, 33U, 57U}) {
    Bytes point(size, 1);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
        OSSL_PARAM_END};
    const auto key = PublicKey::FromParams(KeyType::kEd25519, params);
    ASSERT_FALSE(key.has_value()) << size;
    EXPECT_EQ(key.error().code, ErrorCode::kMalformed);
  }
}

TEST_F(PublicKeyTest, RawSignaturesAreAsLongAsDevicesMakeThem) {
  EXPECT_EQ(Rsa(KeyOf("RSA")).RawSignatureSize(), 256U);
  EXPECT_EQ(Ec(KeyOf("P-256")).RawSignatureSize(), 64U);
  EXPECT_EQ(Ec(KeyOf("P-521")).RawSignatureSize(), 132U);
  EXPECT_EQ(Ed25519(KeyOf("ED25519")).RawSignatureSize(), 64U);
}

TEST_F(PublicKeyTest, DifferInEveryPart) {
  const PublicKey key = Ec(NewKey());
  PublicKey other = key;
  EXPECT_EQ(key, other);
  other.point.back() ^= 1;
  EXPECT_NE(key, other);
  other = key;
  other.group = "P-384";
  EXPECT_NE(key, other);
}

struct EcdsaCase {
  const char* r;
  const char* s;
  const char* der;
};

void PrintTo(const EcdsaCase& test_case, std::ostream* out) { *out << test_case.der; }

class EcdsaSignatureTest : public PublicKeyTest, public testing::WithParamInterface<EcdsaCase> {};

TEST_P(EcdsaSignatureTest, IsShortestDer) {
  const auto der = EncodeEcdsaSignature(FromHex(GetParam().r), FromHex(GetParam().s));
  ASSERT_TRUE(der.has_value()) << der.error().message;
  EXPECT_EQ(*der, FromHex(GetParam().der));
}

INSTANTIATE_TEST_SUITE_P(Numbers, EcdsaSignatureTest,
                         testing::Values(EcdsaCase{"01", "7f",
                                                   "3006020101"
                                                   "02017f"},
                                         EcdsaCase{"80", "ff",
                                                   "3008"
                                                   "02020080"
                                                   "020200ff"},
                                         EcdsaCase{"000001", "0000",
                                                   "3006"
                                                   "020101"
                                                   "020100"},
                                         EcdsaCase{"00ff01", "0100",
                                                   "3009"
                                                   "020300ff01"
                                                   "02020100"}));

TEST_F(PublicKeyTest, LongEcdsaSignatureHasALongLength) {
  const Bytes number(66, 0x7f);
  const auto der = EncodeEcdsaSignature(number, number);
  ASSERT_TRUE(der.has_value());
  ASSERT_EQ(der->size(), 139U);
  EXPECT_EQ(Bytes(der->begin(), der->begin() + 5), (Bytes{0x30, 0x81, 0x88, 0x02, 0x42}));
}

}  // namespace
}  // namespace credmint::provider
