// SPDX-License-Identifier: Apache-2.0
#include "identity/key_reference.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using Use = KeyReference::Use;

static_assert(!std::is_copy_constructible_v<KeyReference>, "a PIN would be copied with it");

bool Have(const char* name) {
  const Scheme* scheme = FindScheme(name);
  return scheme != nullptr && scheme->init != nullptr;
}

bool HavePkcs11() { return Have("pkcs11:"); }

KeyReference Parse(const std::string& text, Use use = Use::kPrivateKey) {
  auto reference = KeyReference::Parse(text, use);
  EXPECT_TRUE(reference.has_value()) << text << ": " << reference.error().message;
  return *std::move(reference);
}

// Files, and references that are not files.

TEST(KeyReferenceTest, RefusesAnEmptyReference) {
  for (const char* text : {"", "file:", "file://"}) {
    const auto reference = KeyReference::Parse(text, Use::kPrivateKey);
    ASSERT_FALSE(reference.has_value()) << text;
    EXPECT_EQ(reference.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(reference.error().message, "the reference is empty");
  }
}

struct FileCase {
  const char* text;
  const char* path;
};

void PrintTo(const FileCase& test_case, std::ostream* out) { *out << test_case.text; }

class FileReferenceTest : public testing::TestWithParam<FileCase> {};

TEST_P(FileReferenceTest, IsAPath) {
  KeyReference reference = Parse(GetParam().text);
  EXPECT_TRUE(reference.is_file());
  EXPECT_EQ(reference.scheme(), nullptr);
  EXPECT_EQ(reference.text(), GetParam().path);
  EXPECT_FALSE(reference.TakePin().has_value());
  EXPECT_EQ(reference.ForPrivateKey().text(), GetParam().path);
  EXPECT_TRUE(reference.ForPrivateKey().is_file());
}

INSTANTIATE_TEST_SUITE_P(
    Forms, FileReferenceTest,
    testing::Values(FileCase{"key.pem", "key.pem"}, FileCase{"/etc/key.pem", "/etc/key.pem"},
                    FileCase{"./pkcs11:token=a", "./pkcs11:token=a"},
                    FileCase{"file:key.pem", "key.pem"},
                    FileCase{"file:/etc/key.pem", "/etc/key.pem"},
                    FileCase{"file:///etc/key.pem", "/etc/key.pem"},
                    FileCase{"file:/etc/a?b;c:d", "/etc/a?b;c:d"},
                    FileCase{"a:key.pem", "a:key.pem"}, FileCase{":key.pem", ":key.pem"},
                    FileCase{"my key:1", "my key:1"}, FileCase{"pkcs11", "pkcs11"},
                    FileCase{"/dev/fd/3", "/dev/fd/3"}));

TEST(KeyReferenceTest, ExistingFileWithAColonIsAFile) {
  const test::TempDir directory;
  directory.Write("web:key.pem", "x");
  const test::WorkingDirectory here(directory.path());
  EXPECT_TRUE(Parse("web:key.pem").is_file());
  EXPECT_EQ(Parse("web:key.pem").text(), "web:key.pem");
}

TEST(KeyReferenceTest, AValueThatEndsWithAColonIsNotJoinedWithTheType) {
  if (!HavePkcs11()) GTEST_SKIP() << "this build has no PKCS#11";
  EXPECT_EQ(Parse("pkcs11:token=a:;object=b").text(), "pkcs11:token=a:;object=b;type=private");
  EXPECT_EQ(Parse("pkcs11:token=a:").text(), "pkcs11:token=a:;type=private");
  EXPECT_EQ(Parse("pkcs11:object=a:?module-name=b").text(),
            "pkcs11:object=a:;type=private?module-name=b");
  EXPECT_EQ(Parse("pkcs11:").text(), "pkcs11:type=private");
}

TEST(KeyReferenceTest, MissingFileWithAColonIsAUriOfSomeProvider) {
  const test::TempDir directory;
  const test::WorkingDirectory here(directory.path());
  const KeyReference reference = Parse("web:key?pin-value=1&x");
  EXPECT_FALSE(reference.is_file());
  EXPECT_EQ(reference.scheme(), nullptr);
  EXPECT_EQ(reference.text(), "web:key?pin-value=1&x");
}

TEST(KeyReferenceTest, BackEndOutsideThisBuildIsNamed) {
  for (const Scheme& scheme : Schemes()) {
    const std::string text = std::string(scheme.name) + ":0x81000001";
    const auto reference = KeyReference::Parse(text, Use::kAnything);
    EXPECT_EQ(reference.has_value(), scheme.init != nullptr) << text;
    if (reference) continue;
    EXPECT_EQ(reference.error().code, ErrorCode::kUsage);
    EXPECT_EQ(reference.error().message,
              "this build cannot use " + std::string(scheme.name) + ": references");
  }
}

TEST(KeyReferenceTest, TpmHandleIsNoCertificate) {
  const Scheme* scheme = FindScheme("handle:");
  if (scheme == nullptr || scheme->init == nullptr) GTEST_SKIP() << "built without TPM support";
  const auto reference = KeyReference::Parse("handle:0x81000001", Use::kCertificate);
  ASSERT_FALSE(reference.has_value());
  EXPECT_EQ(reference.error().code, ErrorCode::kCertificate);
  EXPECT_EQ(reference.error().message, "a handle: reference names a key, not a certificate");
  EXPECT_EQ(reference.error().hint, "give the certificate's file, or nv:… if it is there");
}

TEST(KeyReferenceTest, NvIndexIsNoKey) {
  const Scheme* scheme = FindScheme("nv:");
  if (scheme == nullptr || scheme->init == nullptr) GTEST_SKIP() << "built without TPM support";
  const auto reference = KeyReference::Parse("nv:0x01c00002", Use::kPrivateKey);
  ASSERT_FALSE(reference.has_value());
  EXPECT_EQ(reference.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(reference.error().message, "nv: names certificates, not keys");
  EXPECT_EQ(reference.error().remedy, Remedy::kNamePrivateKey);
  EXPECT_EQ(reference.error().hint, "handle:…, or a file");
  const KeyReference place = *KeyReference::Parse("nv:0x01c00002", Use::kCertificate);
  ASSERT_FALSE(place.ForPrivateKey().CheckHasKeys());
  EXPECT_EQ(place.ForPrivateKey().CheckHasKeys().error().message, reference.error().message);
  EXPECT_TRUE(KeyReference::Parse("handle:0x81000001", Use::kPrivateKey)->CheckHasKeys());
  EXPECT_TRUE(KeyReference::Parse("web.key", Use::kPrivateKey)->CheckHasKeys());
}

TEST(KeyReferenceTest, UriWithoutAttributesOfRfc7512StaysAsItIs) {
  const Scheme* scheme = FindScheme("handle:");
  if (scheme == nullptr || scheme->init == nullptr) GTEST_SKIP() << "built without TPM support";
  const KeyReference reference = Parse("handle:0x81000001");
  EXPECT_EQ(reference.scheme(), scheme);
  EXPECT_FALSE(reference.is_file());
  EXPECT_EQ(reference.text(), "handle:0x81000001");
  EXPECT_EQ(reference.ForPrivateKey().text(), "handle:0x81000001");
}

// PKCS#11 URIs.

class Pkcs11ReferenceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!HavePkcs11()) GTEST_SKIP() << "built without PKCS#11 support";
  }

  static void ExpectMalformed(const std::string& text, const std::string& message,
                              Use use = Use::kPrivateKey) {
    const auto reference = KeyReference::Parse(text, use);
    ASSERT_FALSE(reference.has_value()) << text;
    EXPECT_EQ(reference.error().code, ErrorCode::kMalformed) << text;
    EXPECT_EQ(reference.error().message, message) << text;
  }
};

TEST_F(Pkcs11ReferenceTest, RefusesTwoPins) {
  for (const char* query :
       {"pin-value=1&pin-source=/p", "pin-source=/p&pin-value=1", "pin-value=1&pin-value=1",
        "pin-source=/p&module-name=x&pin-source=/q", "pin-value=&pin-source="}) {
    ExpectMalformed(std::string("pkcs11:token=a?") + query,
                    "it names its PIN twice (pin-value, pin-source)");
  }
}

TEST_F(Pkcs11ReferenceTest, RefusesABadEscapeInItsPin) {
  for (const char* pin : {"%", "12%", "%4", "12%3", "%zz", "%4g", "%g4", "%%41", "%-1", "% 1"}) {
    ExpectMalformed(std::string("pkcs11:?pin-value=") + pin,
                    "a '%' in its PIN is not followed by two digits");
  }
}

TEST_F(Pkcs11ReferenceTest, RefusesATypeThatContradictsTheUse) {
  ExpectMalformed("pkcs11:token=a;type=cert", "it says type=cert where type=private is needed");
  ExpectMalformed("pkcs11:type=data", "it says type=data where type=private is needed");
  ExpectMalformed("pkcs11:type=private;token=a?module-name=x",
                  "it says type=private where type=cert is needed", Use::kCertificate);
}

TEST_F(Pkcs11ReferenceTest, RefusesContradictingTypesWhateverTheirOrderAndName) {
  for (const char* path : {"type=private;type=cert", "type=cert;type=private", "object-type=cert",
                           "type=private;object-type=cert"}) {
    const auto reference = KeyReference::Parse(std::string("pkcs11:") + path, Use::kPrivateKey);
    ASSERT_FALSE(reference.has_value()) << path;
    EXPECT_EQ(reference.error().code, ErrorCode::kMalformed) << path;
  }
}

TEST_F(Pkcs11ReferenceTest, RefusesAnEmptyPinSource) {
  const auto reference = KeyReference::Parse("pkcs11:token=a?pin-source=", Use::kPrivateKey);
  ASSERT_FALSE(reference.has_value()) << "an empty PIN would be sent to the token";
  EXPECT_EQ(reference.error().code, ErrorCode::kMalformed);
}

// People put PINs into these places by mistake, and error messages print the reference.
TEST_F(Pkcs11ReferenceTest, NeverShowsAPinThatStandsInTheWrongPlace) {
  for (const char* text : {"pkcs11:token=a;pin-value=271828", "pkcs11:pin-value=271828",
                           "pkcs11:token=a?module-name=x;pin-value=271828",
                           "pkcs11:token=a?module-name=x?pin-value=271828",
                           "pkcs11:token=a? pin-value=271828", "PKCS11:token=a?pin-value=271828"}) {
    const auto reference = KeyReference::Parse(text, Use::kPrivateKey);
    const std::string shown =
        reference ? reference->text() : reference.error().message + reference.error().hint;
    EXPECT_EQ(shown.find("271828"), std::string::npos) << shown;
  }
}

struct PinCase {
  const char* uri;
  const char* text;
  std::string value;
  std::string file;
};

void PrintTo(const PinCase& test_case, std::ostream* out) { *out << test_case.uri; }

class ReferencedPinTest : public testing::TestWithParam<PinCase> {};

TEST_P(ReferencedPinTest, IsTakenOutOfTheUri) {
  if (!HavePkcs11()) GTEST_SKIP() << "built without PKCS#11 support";
  KeyReference reference = Parse(GetParam().uri);
  EXPECT_EQ(reference.text(), GetParam().text);
  const auto pin = reference.TakePin();
  ASSERT_TRUE(pin.has_value());
  EXPECT_EQ(pin->value.Reveal(), GetParam().value);
  EXPECT_EQ(pin->file, GetParam().file);
  EXPECT_FALSE(reference.TakePin().has_value()) << "it is handed over once";
}

INSTANTIATE_TEST_SUITE_P(
    Places, ReferencedPinTest,
    testing::Values(PinCase{"pkcs11:token=a?pin-value=1234", "pkcs11:token=a;type=private", "1234",
                            ""},
                    PinCase{"pkcs11:?pin-value=1234", "pkcs11:type=private", "1234", ""},
                    PinCase{"pkcs11:token=a?pin-value=1234&module-name=x",
                            "pkcs11:token=a;type=private?module-name=x", "1234", ""},
                    PinCase{"pkcs11:token=a?module-name=x&pin-value=1234",
                            "pkcs11:token=a;type=private?module-name=x", "1234", ""},
                    PinCase{"pkcs11:token=a?module-name=x&pin-value=1234&x-y=z",
                            "pkcs11:token=a;type=private?module-name=x&x-y=z", "1234", ""},
                    PinCase{"pkcs11:token=a?pin-source=/run/pin", "pkcs11:token=a;type=private", "",
                            "/run/pin"},
                    PinCase{"pkcs11:token=a?pin-source=file:/run/a%20pin",
                            "pkcs11:token=a;type=private", "", "file:/run/a pin"},
                    PinCase{"pkcs11:token=a?pin-source=%7ccat%20/pin",
                            "pkcs11:token=a;type=private", "", "|cat /pin"},
                    PinCase{"pkcs11:token=a?pin-value=", "pkcs11:token=a;type=private", "", ""}));

INSTANTIATE_TEST_SUITE_P(
    Escapes, ReferencedPinTest,
    testing::Values(PinCase{"pkcs11:?pin-value=%41%62c", "pkcs11:type=private", "Abc", ""},
                    PinCase{"pkcs11:?pin-value=%c3%AB%25", "pkcs11:type=private", "\xc3\xab%", ""},
                    PinCase{"pkcs11:?pin-value=a%00b", "pkcs11:type=private",
                            std::string("a\0b", 3), ""},
                    PinCase{"pkcs11:?pin-value=a+b=c?d", "pkcs11:type=private", "a+b=c?d", ""},
                    PinCase{"pkcs11:?pin-value=1%263%3F", "pkcs11:type=private", "1&3?", ""}));

struct TypeCase {
  const char* uri;
  Use use;
  const char* text;
};

void PrintTo(const TypeCase& test_case, std::ostream* out) { *out << test_case.uri; }

class ReferencedTypeTest : public testing::TestWithParam<TypeCase> {};

TEST_P(ReferencedTypeTest, IsThatOfTheUse) {
  if (!HavePkcs11()) GTEST_SKIP() << "built without PKCS#11 support";
  const KeyReference reference = Parse(GetParam().uri, GetParam().use);
  EXPECT_EQ(reference.text(), GetParam().text);
  EXPECT_FALSE(reference.is_file());
  ASSERT_NE(reference.scheme(), nullptr);
  EXPECT_EQ(reference.scheme()->name, "pkcs11");
}

INSTANTIATE_TEST_SUITE_P(
    Uris, ReferencedTypeTest,
    testing::Values(
        TypeCase{"pkcs11:", Use::kPrivateKey, "pkcs11:type=private"},
        TypeCase{"pkcs11:", Use::kCertificate, "pkcs11:type=cert"},
        TypeCase{"PKCS11:token=A", Use::kPrivateKey, "pkcs11:token=A;type=private"},
        TypeCase{"pkcs11:token=a;object=b", Use::kPrivateKey,
                 "pkcs11:token=a;object=b;type=private"},
        TypeCase{"pkcs11:token=a?module-path=/m.so", Use::kCertificate,
                 "pkcs11:token=a;type=cert?module-path=/m.so"},
        TypeCase{"pkcs11:type=private;token=a", Use::kPrivateKey, "pkcs11:token=a;type=private"},
        TypeCase{"pkcs11:token=a;object-type=cert", Use::kCertificate, "pkcs11:token=a;type=cert"},
        TypeCase{"pkcs11:token=type%3dcert", Use::kPrivateKey,
                 "pkcs11:token=type%3dcert;type=private"}));

TEST_F(Pkcs11ReferenceTest, PlaceOfACertificateLeadsToItsPrivateKey) {
  const KeyReference certificate =
      Parse("pkcs11:object=web;type=cert;token=a?module-name=x", Use::kCertificate);
  EXPECT_EQ(certificate.text(), "pkcs11:object=web;token=a;type=cert?module-name=x");
  const KeyReference key = certificate.ForPrivateKey();
  EXPECT_EQ(key.text(), "pkcs11:object=web;token=a;type=private?module-name=x");
  EXPECT_EQ(key.scheme(), certificate.scheme());
  EXPECT_FALSE(key.is_file());
}

// If only the certificate's URI is given, its PIN is also the key's.
TEST_F(Pkcs11ReferenceTest, PrivateKeyAtThePlaceOfACertificateHasItsPin) {
  KeyReference key = Parse("pkcs11:token=a?pin-value=1234", Use::kCertificate).ForPrivateKey();
  const auto pin = key.TakePin();
  ASSERT_TRUE(pin.has_value());
  EXPECT_EQ(pin->value.Reveal(), "1234");
  EXPECT_EQ(key.text(), "pkcs11:token=a;type=private");
}

TEST_F(Pkcs11ReferenceTest, IssuersAreSearchedForOnTheWholeToken) {
  KeyReference issuers =
      Parse("pkcs11:object=web;token=a;id=%01?pin-value=1&module-name=x", Use::kCertificate)
          .ForAll();
  EXPECT_EQ(issuers.text(), "pkcs11:token=a;type=cert?module-name=x");
  EXPECT_FALSE(issuers.is_file());
  EXPECT_TRUE(issuers.has_pin());
}

TEST_F(Pkcs11ReferenceTest, PublicHalvesHaveTheNamesOfTheKey) {
  KeyReference any =
      Parse("pkcs11:object=web;id=%01;type=private?pin-value=1&module-name=x", Use::kPrivateKey)
          .ForAnyType();
  EXPECT_EQ(any.text(), "pkcs11:object=web;id=%01?module-name=x");
  EXPECT_TRUE(any.has_pin());
}

TEST_F(Pkcs11ReferenceTest, PlaceOfSecretsIsTheToken) {
  const std::string place = Parse("pkcs11:token=a;serial=1?module-name=x").place();
  EXPECT_EQ(Parse("pkcs11:token=a;object=web;id=%01;serial=1?module-name=x&pin-value=1234",
                  Use::kCertificate)
                .place(),
            place);
  EXPECT_NE(Parse("pkcs11:token=a;serial=2?module-name=x").place(), place);
  EXPECT_NE(Parse("pkcs11:token=a;serial=1?module-name=y").place(), place);
}

TEST_F(Pkcs11ReferenceTest, RefusesEmptyAttributes) {
  for (const char* text : {"pkcs11:;object=web", "pkcs11:object=web;", "pkcs11:token=a;;object=b",
                           "pkcs11:object=web;?module-name=x"}) {
    const auto reference = KeyReference::Parse(text, Use::kPrivateKey);
    ASSERT_FALSE(reference.has_value()) << text;
    EXPECT_EQ(reference.error().message, "it has an empty attribute") << text;
  }
}

TEST_F(Pkcs11ReferenceTest, FileOfThatNameDoesNotCount) {
  const test::TempDir directory;
  directory.Write("pkcs11:token=a", "x");
  const test::WorkingDirectory here(directory.path());
  EXPECT_FALSE(Parse("pkcs11:token=a").is_file());
}

// Keys and certificates in variables and streams.

TEST(WithoutAFileTest, NamesAVariable) {
  const KeyReference reference = Parse("env:WEB_KEY");
  EXPECT_TRUE(reference.is_file());
  EXPECT_EQ(reference.variable(), "WEB_KEY");
  EXPECT_FALSE(reference.descriptor().has_value());
  EXPECT_EQ(reference.text(), "env:WEB_KEY");
  EXPECT_EQ(reference.ForPrivateKey().variable(), "WEB_KEY");
}

TEST(WithoutAFileTest, NamesAStream) {
  EXPECT_EQ(Parse("fd:3").descriptor(), 3);
  EXPECT_EQ(Parse("fd:3").ForAll().descriptor(), 3);
  for (const char* text : {"-", "fd:0"}) {
    EXPECT_EQ(Parse(text).descriptor(), 0);
    EXPECT_EQ(Parse(text).text(), "standard input");
  }
}

TEST(WithoutAFileTest, IsThatWhateverFilesThereAre) {
  const test::TempDir directory;
  directory.Write("env:X", "");
  directory.Write("-", "");
  const test::WorkingDirectory here(directory.path());
  EXPECT_EQ(Parse("env:X").variable(), "X");
  EXPECT_EQ(Parse("-").descriptor(), 0);
  for (const char* text : {"./env:X", "./-", "file:-"}) {
    EXPECT_TRUE(Parse(text).variable().empty()) << text;
    EXPECT_FALSE(Parse(text).descriptor().has_value()) << text;
  }
}

TEST(WithoutAFileTest, DoesNotRepeatWhatIsNoName) {
  for (const char* text : {"env:", "env:A B", "env:1A", "env:-----BEGIN PRIVATE KEY-----\nMIG",
                           "fd:", "fd:-1", "fd:x", "fd:3x", "fd:99999999999"}) {
    const auto reference = KeyReference::Parse(text, Use::kPrivateKey);
    ASSERT_FALSE(reference.has_value()) << text;
    EXPECT_EQ(reference.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(reference.error().message.find("BEGIN"), std::string::npos);
  }
}

TEST(ReplacedKeyTest, GetsAnotherId) {
  const Bytes id = {0x0a, 0xff};
  EXPECT_EQ(
      KeyReference::WithId("pkcs11:token=t;id=%01;object=web;type=private?module-path=/m", id),
      "pkcs11:token=t;object=web;type=private;id=%0A%FF?module-path=/m");
  EXPECT_EQ(KeyReference::WithId("pkcs11:token=t;object=web", id),
            "pkcs11:token=t;object=web;id=%0A%FF");
}

TEST(ReplacedKeyTest, IsNotFoundByWhatNamesOneKey) {
  if (!HavePkcs11() || !Have("handle:")) GTEST_SKIP() << "built without PKCS#11 or TPM support";
  for (const char* text : {"pkcs11:token=t;id=%01", "pkcs11:id=%01;object=web", "handle:0x81000002",
                           "handle:81000002?pass", "web.key"}) {
    EXPECT_TRUE(KeyReference::Parse(text, Use::kPrivateKey)->NamesOneKey()) << text;
  }
  for (const char* text :
       {"pkcs11:token=t;object=web", "pkcs11:", "handle:", "handle:?pass", "HANDLE:"}) {
    EXPECT_FALSE(KeyReference::Parse(text, Use::kPrivateKey)->NamesOneKey()) << text;
  }
}

TEST(ReplacedKeyTest, IsOpenedWithTheSamePin) {
  if (!HavePkcs11()) GTEST_SKIP() << "built without PKCS#11 support";
  const auto present =
      KeyReference::Parse("pkcs11:token=t;object=web?pin-value=1234", Use::kPrivateKey);
  auto next = present->Beside("pkcs11:token=t;object=web;id=%02");
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->text(), "pkcs11:token=t;object=web;id=%02;type=private");
  EXPECT_EQ(next->TakePin()->value.Reveal(), "1234");
}

}  // namespace
}  // namespace credmint
