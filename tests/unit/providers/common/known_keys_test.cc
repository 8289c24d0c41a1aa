// SPDX-License-Identifier: Apache-2.0
#include "common/known_keys.h"

#include <gtest/gtest.h>
#include <openssl/core_dispatch.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <string>
#include <vector>

#include "common/dispatch.h"
#include "common/provider.h"

namespace credmint::provider {
namespace {

const OSSL_DISPATCH kNoCore[] = {kEnd};

class NamelessProvider : public ProviderContext {
 public:
  NamelessProvider() : ProviderContext(nullptr, kNoCore, Linkage::kBuiltin) {}
  [[nodiscard]] const char* description() const override { return "a provider for tests"; }
};

PublicKey HalfOf(const PkeyPtr& key) { return *PublicKey::FromPkey(key.get()); }

/// Signs in software.
class SoftwareKey final : public PrivateKey {
 public:
  explicit SoftwareKey(EVP_PKEY* key) : key_(key) {}

  [[nodiscard]] Result<Bytes> Sign(const SignatureRequest& request) const override {
    Bytes signature(1024);
    std::size_t size = signature.size();
    if (request.scheme == SignatureScheme::kEd25519) {
      const MdCtxPtr signer(EVP_MD_CTX_new());
      EVP_DigestSignInit(signer.get(), nullptr, nullptr, nullptr, key_);
      EVP_DigestSign(signer.get(), signature.data(), &size, request.message->data(),
                     request.message->size());
    } else {
      const PkeyCtxPtr signer(EVP_PKEY_CTX_new(key_, nullptr));
      EVP_PKEY_sign_init(signer.get());
      EVP_PKEY_CTX_set_signature_md(signer.get(), EVP_sha256());
      if (request.scheme == SignatureScheme::kRsaPss) {
        EVP_PKEY_CTX_set_rsa_padding(signer.get(), RSA_PKCS1_PSS_PADDING);
        EVP_PKEY_CTX_set_rsa_pss_saltlen(signer.get(), 32);
      }
      EVP_PKEY_sign(signer.get(), signature.data(), &size, request.digest_value.data(),
                    request.digest_value.size());
    }
    signature.resize(size);
    return signature;
  }

 private:
  EVP_PKEY* key_;
};

class FailingKey final : public PrivateKey {
 public:
  [[nodiscard]] Result<Bytes> Sign(const SignatureRequest& /*request*/) const override {
    return Fail(ErrorCode::kDevice, "it fails");
  }
};

struct Kind {
  const char* name;
  SignatureScheme scheme;
  PkeyPtr (*make)();
};

PkeyPtr MakeRsa() { return PkeyPtr(EVP_RSA_gen(1024)); }
PkeyPtr MakeEc() { return PkeyPtr(EVP_EC_gen("P-256")); }
PkeyPtr MakeEd25519() { return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

class NotedKeyTest : public testing::TestWithParam<Kind> {
 protected:
  NotedKey Noted(const PkeyPtr& half, std::shared_ptr<const PrivateKey> signer, bool is_known) {
    return {provider_,
            HalfOf(half),
            std::move(signer),
            is_known,
            {.worked = [this] { ++worked_; }, .failed = [this] { ++failed_; }}};
  }

  SignatureRequest Request() const {
    SignatureRequest request;
    request.scheme = GetParam().scheme;
    request.digest_value = digest_;
    request.message = digest_;
    return request;
  }

  NamelessProvider provider_;
  const Bytes digest_ = Bytes(32, 7);
  int worked_ = 0;
  int failed_ = 0;
};

TEST_P(NotedKeyTest, NotesOnceThatItSigns) {
  const PkeyPtr key = GetParam().make();
  const NotedKey noted = Noted(key, std::make_shared<SoftwareKey>(key.get()), true);
  ASSERT_TRUE(noted.Sign(Request()));
  ASSERT_TRUE(noted.Sign(Request()));
  EXPECT_EQ(worked_, 1);
  EXPECT_EQ(failed_, 0);
}

TEST_P(NotedKeyTest, RefusesTheSignatureOfAnotherKeyIfItIsKnown) {
  const PkeyPtr key = GetParam().make();
  const PkeyPtr other = GetParam().make();
  const NotedKey noted = Noted(key, std::make_shared<SoftwareKey>(other.get()), true);
  const auto signature = noted.Sign(Request());
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, ErrorCode::kDeviceLost);
  EXPECT_EQ(worked_, 0);
  EXPECT_EQ(failed_, 1);
  EXPECT_TRUE(Noted(key, std::make_shared<SoftwareKey>(other.get()), false).Sign(Request()))
      << "the device was asked whose key it is";
}

TEST_P(NotedKeyTest, NotesThatItFails) {
  const PkeyPtr key = GetParam().make();
  const auto signature = Noted(key, std::make_shared<FailingKey>(), false).Sign(Request());
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, ErrorCode::kDevice);
  EXPECT_EQ(failed_, 1);
}

INSTANTIATE_TEST_SUITE_P(Kinds, NotedKeyTest,
                         testing::Values(Kind{"Rsa", SignatureScheme::kRsaPkcs1, MakeRsa},
                                         Kind{"RsaPss", SignatureScheme::kRsaPss, MakeRsa},
                                         Kind{"Ec", SignatureScheme::kEcdsa, MakeEc},
                                         Kind{"Ed25519", SignatureScheme::kEd25519, MakeEd25519}),
                         [](const auto& instance) { return instance.param.name; });

TEST(KnownKeysTest, FindsByNameAndPublicHalf) {
  const PublicKey half = HalfOf(MakeEc());
  const PublicKey other = HalfOf(MakeEc());
  KnownKeys<int> known;
  known.Remember("a", half, 1);
  known.Remember("a", half, 2);
  EXPECT_EQ(known.Find("a", std::vector{other, half}), 2);
  EXPECT_EQ(known.Find("a", std::vector{other}), std::nullopt);
  EXPECT_EQ(known.Find("b", std::vector{half}), std::nullopt);
  EXPECT_EQ(known.Find("a", {}), std::nullopt);
  known.Forget("a", half);
  EXPECT_EQ(known.Find("a", std::vector{half}), std::nullopt);
}

TEST(KnownKeysTest, ForgetsTheOldestOfMany) {
  const std::vector half = {HalfOf(MakeEc())};
  KnownKeys<int> known;
  for (int i = 0; i < 65; ++i) known.Remember(std::to_string(i), half.front(), i);
  EXPECT_EQ(known.Find("0", half), std::nullopt);
  EXPECT_EQ(known.Find("1", half), 1);
  EXPECT_EQ(known.Find("64", half), 64);
}

}  // namespace
}  // namespace credmint::provider
