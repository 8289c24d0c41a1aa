// SPDX-License-Identifier: Apache-2.0
#include "roles/cache_key.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "unit/roles/role_world.h"

namespace credmint::roles {
namespace {

class CacheKeyTest : public RoleWorld {
 protected:
  static std::string Digest(const IdentitySpec& identity) {
    const auto key = MakeCacheKey(identity, Session());
    EXPECT_TRUE(key) << key.error().message;
    return key ? key->digest : "";
  }
};

TEST_F(CacheKeyTest, IsSixtyFourDigitsAndSaysWhatItIsFor) {
  SessionParameters parameters = Parameters("demo");
  parameters.role_session_name = "anna";
  const auto key = MakeCacheKey(Spec(), Session(parameters));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->digest.size(), 64U);
  EXPECT_EQ(key->digest.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_EQ(key->role_arn, "arn:aws:iam::111122223333:role/demo");
  EXPECT_EQ(key->role_session_name, "anna");
}

TEST_F(CacheKeyTest, GoesByTheContentsOfACertificateFile) {
  const std::string before = Digest(Spec());
  directory_.Write("web.pem", "another one");
  EXPECT_NE(Digest(Spec()), before);
}

TEST_F(CacheKeyTest, GoesByTheContentsOfAVariable) {
  IdentitySpec spec = Spec();
  spec.certificate.certificate =
      KeyReference::Parse("env:CREDMINT_TEST_CERTIFICATE", KeyReference::Use::kCertificate).value();
  setenv("CREDMINT_TEST_CERTIFICATE", "one", 1);
  const std::string before = Digest(spec);
  EXPECT_EQ(Digest(spec), before);
  setenv("CREDMINT_TEST_CERTIFICATE", "two", 1);
  EXPECT_NE(Digest(spec), before);
  unsetenv("CREDMINT_TEST_CERTIFICATE");
  EXPECT_FALSE(MakeCacheKey(spec, Session()));
}

TEST_F(CacheKeyTest, GoesByTheSparesAndTheirCertificates) {
  WriteIdentity("b");
  const auto digest = [this](const std::vector<std::string>& names) {
    std::vector<NamedIdentity> spares;
    for (const std::string& name : names) {
      spares.push_back({name, std::make_shared<const IdentitySpec>(Spec(name))});
    }
    return MakeCacheKey(Spec(), Session(), spares).value().digest;
  };
  EXPECT_EQ(digest({}), Digest(Spec()));
  const std::string before = digest({"b"});
  EXPECT_NE(before, digest({}));
  EXPECT_NE(before, digest({"b", "b"}));
  directory_.Write("b.pem", "another one");
  const std::string renewed = digest({"b"});
  EXPECT_NE(renewed, before);
  EXPECT_NE(digest({"absent"}), renewed);
}

TEST_F(CacheKeyTest, GoesByTheAbsolutePathOfAKey) {
  IdentitySpec spec = Spec();
  const std::string before = Digest(spec);
  const test::WorkingDirectory here(directory_.path());
  spec.private_key = KeyReference::Parse("web.key", KeyReference::Use::kPrivateKey).value();
  EXPECT_EQ(Digest(spec), before);
  spec.private_key = KeyReference::Parse("fd:0", KeyReference::Use::kPrivateKey).value();
  EXPECT_NE(Digest(spec), before);
}

TEST_F(CacheKeyTest, NeedsACertificate) {
  IdentitySpec spec = Spec();
  spec.certificate.certificate.reset();
  EXPECT_EQ(MakeCacheKey(spec, Session()).error().code, ErrorCode::kUsage);
}

TEST_F(CacheKeyTest, RefusesWhatCanBeReadOnlyOnce) {
  const std::string path = directory_.File("pipe");
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  IdentitySpec spec = Spec();
  spec.certificate.certificate = Reference("pipe");
  const auto key = MakeCacheKey(spec, Session());
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::kUsage);
  EXPECT_EQ(key.error().message, "certificate: " + path + " is not a regular file");
}

TEST_F(CacheKeyTest, NamesAFileThatIsMissing) {
  IdentitySpec spec = Spec();
  spec.certificate.certificate = Reference("missing");
  EXPECT_EQ(MakeCacheKey(spec, Session()).error().code, ErrorCode::kLocalIo);
}

}  // namespace
}  // namespace credmint::roles
