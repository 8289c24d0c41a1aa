// SPDX-License-Identifier: Apache-2.0
#include "ossl/plain_key.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "ossl/read_store.h"
#include "support/test_pki.h"

namespace credmint {
namespace {

using test::NewKey;
using test::TestKey;

std::string Contents(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// All parts of a key, the private ones too: its PKCS#8 by OpenSSL's encoder.
std::string Parts(EVP_PKEY* key) {
  return test::Pkcs8Der({key, [](EVP_PKEY*) {}});
}

class PlainKeyTest : public testing::Test {
 protected:
  PkeyPtr Read(const std::string& contents) { return ReadPlainKey(context_, Secret(contents)); }

  /// OpenSSL's own answer: the only key of the file, or null.
  PkeyPtr Store(const std::string& contents) {
    auto all = ReadStore(context_, Secret(contents), "file", {});
    if (!all || all->keys.size() != 1) return nullptr;
    return std::move(all->keys.front());
  }

  void ExpectSameAsStore(const std::string& contents, const std::string& what) {
    const PkeyPtr plain = Read(contents);
    const PkeyPtr stored = Store(contents);
    ASSERT_TRUE(plain) << what;
    ASSERT_TRUE(stored) << what;
    EXPECT_EQ(Parts(plain.get()), Parts(stored.get())) << what;
  }

  const LibraryContext context_ = LibraryContext::Create({}).value();
};

TEST_F(PlainKeyTest, IsTheKeyThatOpensslFinds) {
  for (const char* kind : {"RSA", "RSA-1024", "RSA-3072", "P-256", "P-384", "P-521"}) {
    const TestKey key = NewKey(kind);
    ExpectSameAsStore(test::Pkcs8Pem(key), kind);
    ExpectSameAsStore(test::Pkcs8Der(key), kind);
    ExpectSameAsStore(test::TraditionalPem(key), kind);
    ExpectSameAsStore(test::TraditionalDer(key), kind);
  }
}

TEST_F(PlainKeyTest, MayStandBesideCertificatesAndParameters) {
  const test::Party party = test::Issue({});
  const std::string pem = test::Pkcs8Pem(party.key);
  const std::string certificate = test::CertificatePem(party.certificate);
  ExpectSameAsStore(certificate + pem, "behind");
  ExpectSameAsStore("a comment\n" + pem + certificate + certificate, "before");
  // Written by `openssl ecparam -name prime256v1 -genkey`: the OID of the curve, and the key.
  ExpectSameAsStore(
      "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
          test::TraditionalPem(party.key),
      "parameters");
}

TEST_F(PlainKeyTest, LeavesWhatIsNotPlainToTheStore) {
  const TestKey ec = NewKey("P-256");
  const TestKey rsa = NewKey("RSA");
  const std::string pem = test::Pkcs8Pem(ec);
  EXPECT_FALSE(Read(""));
  EXPECT_FALSE(Read("0"));
  EXPECT_FALSE(Read("no key"));
  EXPECT_FALSE(Read(pem + test::Pkcs8Pem(rsa))) << "two keys";
  EXPECT_FALSE(Read(pem + test::PublicKeyPem(ec)));
  EXPECT_FALSE(Read(pem.substr(0, pem.size() / 2)));
  EXPECT_FALSE(Read(test::EncryptedPkcs8Pem(ec, "secret")));
  EXPECT_FALSE(Read(test::EncryptedPkcs8Der(ec, "secret")));
  EXPECT_FALSE(Read(test::EncryptedTraditionalPem(rsa, "secret")));
  EXPECT_FALSE(Read(test::Pkcs12(test::Issue({}), {}, "secret")));
  EXPECT_FALSE(Read(test::Pkcs8Pem(NewKey("ED25519"))));
  EXPECT_FALSE(Read(test::Pkcs8Pem(test::NewKeyWithExplicitCurve())));
  EXPECT_FALSE(Read(test::Pkcs8Der(ec) + "more"));
}

/// An answer is the store's, for any bytes.
TEST_F(PlainKeyTest, NeverDiffersFromTheStoreForADamagedKey) {
  int read = 0;
  for (const std::string& whole :
       {test::Pkcs8Der(NewKey("P-256")), test::TraditionalDer(NewKey("P-256")),
        test::Pkcs8Der(NewKey("RSA-1024"))}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ (at % 2 == 0 ? 0x01 : 0x80));
      const PkeyPtr plain = Read(damaged);
      if (!plain) continue;
      ++read;
      const PkeyPtr stored = Store(damaged);
      ASSERT_TRUE(stored) << at;
      ASSERT_EQ(Parts(plain.get()), Parts(stored.get())) << at;
    }
  }
  EXPECT_GT(read, 100);
}

/// The files of the fuzzer and of the vectors, of all kinds.
TEST_F(PlainKeyTest, NeverDiffersFromTheStoreForAFileOfTheTests) {
  const std::filesystem::path vectors(getenv("CREDMINT_VECTORS"));
  const auto tests = vectors.parent_path().parent_path();
  int read = 0;
  for (const auto& folder : {vectors, tests / "fuzz" / "corpus" / "key_file",
                             tests / "fuzz" / "corpus" / "certificates"}) {
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      const std::string contents = Contents(file.path());
      const PkeyPtr plain = Read(contents);
      if (!plain) continue;
      ++read;
      const PkeyPtr stored = Store(contents);
      ASSERT_TRUE(stored) << file.path();
      EXPECT_EQ(Parts(plain.get()), Parts(stored.get())) << file.path();
    }
  }
  EXPECT_GE(read, 5);
}

}  // namespace
}  // namespace credmint
