// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/uri.h"

#include <gtest/gtest.h>
#include <string.h>

#include <ostream>
#include <string>

#include "support/temp_dir.h"

namespace credmint::pkcs11 {
namespace {

constexpr const char* kSyntaxHint =
    "the syntax is 'pkcs11:token=LABEL;object=LABEL;id=%01' (RFC 7512); quote it in a shell";

/// Fills a fixed-width field of PKCS#11, padded with blanks.
template <std::size_t N>
void Fill(CK_UTF8CHAR (&field)[N], std::string_view text) {
  memset(field, ' ', N);
  memcpy(field, text.data(), text.size());
}

CK_TOKEN_INFO Token() {
  CK_TOKEN_INFO info{};
  Fill(info.label, "My Token");
  Fill(info.manufacturerID, "Acme");
  Fill(info.model, "v1");
  Fill(info.serialNumber, "0123456789abcdef");  // fills all 16 bytes
  return info;
}

CK_SLOT_INFO Slot() {
  CK_SLOT_INFO info{};
  Fill(info.slotDescription, "Reader 0");
  Fill(info.manufacturerID, "Acme");
  return info;
}

CK_INFO Library() {
  CK_INFO info{};
  Fill(info.manufacturerID, "Acme");
  Fill(info.libraryDescription, "Acme PKCS#11");
  info.libraryVersion = {3, 14};
  return info;
}

Uri Parse(const std::string& text) {
  auto uri = Uri::Parse(text);
  EXPECT_TRUE(uri.has_value()) << text << ": " << uri.error().message;
  return *std::move(uri);
}

std::string Value(const CK_ATTRIBUTE& attribute) {
  return {static_cast<const char*>(attribute.pValue), attribute.ulValueLen};
}

// Refused URIs.

struct RefusedCase {
  std::string uri;
  const char* message;  ///< null if it is p11-kit's
};

void PrintTo(const RefusedCase& test_case, std::ostream* out) { *out << test_case.uri; }

class RefusedUriTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedUriTest, IsMalformed) {
  const auto uri = Uri::Parse(GetParam().uri);
  ASSERT_FALSE(uri.has_value()) << GetParam().uri;
  EXPECT_EQ(uri.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(uri.error().hint, kSyntaxHint);
  if (GetParam().message != nullptr) {
    EXPECT_EQ(uri.error().message, GetParam().message);
  } else {
    EXPECT_FALSE(uri.error().message.empty());
  }
}

constexpr const char* kNoScheme = "it does not start with 'pkcs11:'";
INSTANTIATE_TEST_SUITE_P(Schemes, RefusedUriTest,
                         testing::Values(RefusedCase{"", kNoScheme},
                                         RefusedCase{"pkcs11", kNoScheme},
                                         RefusedCase{"token=a", kNoScheme},
                                         RefusedCase{" pkcs11:token=a", kNoScheme},
                                         RefusedCase{"pkcs12:token=a", kNoScheme}));

INSTANTIATE_TEST_SUITE_P(
    Names, RefusedUriTest,
    testing::Values(RefusedCase{"pkcs11:tokn=a", "the attribute 'tokn' is unknown"},
                    RefusedCase{"pkcs11:Token=a", "the attribute 'Token' is unknown"},
                    RefusedCase{"pkcs11:token=a;lable=b", "the attribute 'lable' is unknown"},
                    RefusedCase{"pkcs11: token=a", "it contains a blank, which is written %20"},
                    RefusedCase{"pkcs11:=a", "the attribute '' is unknown"},
                    RefusedCase{"pkcs11:pin-value=1", "the attribute 'pin-value' is unknown"},
                    RefusedCase{"pkcs11:module-name=x", "the attribute 'module-name' is unknown"},
                    RefusedCase{"pkcs11:token=a?token=b", "the attribute 'token' is unknown"},
                    RefusedCase{"pkcs11:token=a?pin_value=1",
                                "the attribute 'pin_value' is unknown"},
                    RefusedCase{"pkcs11:token", "the attribute 'token' has no value"},
                    RefusedCase{"pkcs11:token=a;id", "the attribute 'id' has no value"},
                    RefusedCase{"pkcs11:?pin-value", "the attribute 'pin-value' has no value"},
                    RefusedCase{"pkcs11:x-vendor=1", nullptr}));

INSTANTIATE_TEST_SUITE_P(
    Repetitions, RefusedUriTest,
    testing::Values(
        RefusedCase{"pkcs11:token=a;token=a", "the attribute 'token' is given twice"},
        RefusedCase{"pkcs11:id=%01;token=a;id=%02", "the attribute 'id' is given twice"},
        RefusedCase{"pkcs11:slot-id=0;slot-id=0", "the attribute 'slot-id' is given twice"},
        RefusedCase{"pkcs11:?module-path=/a&module-path=/b",
                    "the attribute 'module-path' is given twice"},
        RefusedCase{"pkcs11:?pin-value=1&pin-value=1", "the attribute 'pin-value' is given twice"},
        // Two names of the same attribute.
        RefusedCase{"pkcs11:type=private;object-type=cert", nullptr}));

constexpr const char* kEmptyEnd = "it ends with an empty attribute";
constexpr const char* kEmpty = "the attribute '' has no value";
INSTANTIATE_TEST_SUITE_P(
    EmptyAttributes, RefusedUriTest,
    testing::Values(RefusedCase{"pkcs11:token=a;", kEmptyEnd},
                    RefusedCase{"pkcs11:token=a;?module-name=x", kEmptyEnd},
                    RefusedCase{"pkcs11:?module-name=x&", kEmptyEnd},
                    RefusedCase{"pkcs11:;", kEmpty}, RefusedCase{"pkcs11:;token=a", kEmpty},
                    RefusedCase{"pkcs11:token=a;;object=b", kEmpty},
                    RefusedCase{"pkcs11:?&", kEmpty}, RefusedCase{"pkcs11:?&pin-value=1", kEmpty},
                    RefusedCase{"pkcs11:?module-name=x&&pin-value=1", kEmpty}));

INSTANTIATE_TEST_SUITE_P(Escapes, RefusedUriTest,
                         testing::Values(RefusedCase{"pkcs11:token=%", nullptr},
                                         RefusedCase{"pkcs11:token=a%4", nullptr},
                                         RefusedCase{"pkcs11:object=%zz", nullptr},
                                         RefusedCase{"pkcs11:id=%0g", nullptr},
                                         RefusedCase{"pkcs11:id=%%30", nullptr},
                                         RefusedCase{"pkcs11:?pin-value=%1", nullptr},
                                         RefusedCase{"pkcs11:?module-path=/%", nullptr}));

// A blank that is not encoded would be dropped, and the URI would name another token.
INSTANTIATE_TEST_SUITE_P(Blanks, RefusedUriTest,
                         testing::Values(RefusedCase{"pkcs11:token=My Token", nullptr},
                                         RefusedCase{"pkcs11:?module-path=/my modules/a.so",
                                                     nullptr}));

constexpr const char* kTooLong = "one of its values is too long or not understood";
INSTANTIATE_TEST_SUITE_P(
    OverlongValues, RefusedUriTest,
    testing::Values(RefusedCase{"pkcs11:token=" + std::string(33, 'a'), kTooLong},
                    RefusedCase{"pkcs11:manufacturer=" + std::string(33, 'a'), kTooLong},
                    RefusedCase{"pkcs11:model=" + std::string(17, 'a'), kTooLong},
                    RefusedCase{"pkcs11:serial=" + std::string(17, 'a'), kTooLong},
                    RefusedCase{"pkcs11:slot-description=" + std::string(65, 'a'), kTooLong},
                    RefusedCase{"pkcs11:slot-manufacturer=" + std::string(33, 'a'), kTooLong},
                    RefusedCase{"pkcs11:library-description=" + std::string(33, 'a'), kTooLong},
                    RefusedCase{"pkcs11:library-manufacturer=" + std::string(33, 'a'), kTooLong}));

INSTANTIATE_TEST_SUITE_P(
    Values, RefusedUriTest,
    testing::Values(
        RefusedCase{"pkcs11:type=key", kTooLong}, RefusedCase{"pkcs11:type=Private", kTooLong},
        RefusedCase{"pkcs11:type=", kTooLong}, RefusedCase{"pkcs11:type=%70rivate", kTooLong},
        RefusedCase{"pkcs11:library-version=", nullptr},
        RefusedCase{"pkcs11:library-version=a", nullptr},
        RefusedCase{"pkcs11:library-version=3.", nullptr},
        RefusedCase{"pkcs11:library-version=.1", nullptr},
        RefusedCase{"pkcs11:library-version=1.2.3", nullptr},
        RefusedCase{"pkcs11:library-version=256", nullptr},
        RefusedCase{"pkcs11:library-version=4294967299", nullptr},  // 2^32 + 3
        RefusedCase{"pkcs11:slot-id=-1", nullptr}, RefusedCase{"pkcs11:slot-id=a", nullptr},
        RefusedCase{"pkcs11:slot-id=0x1", nullptr}, RefusedCase{"pkcs11:slot-id=%30", nullptr},
        RefusedCase{"pkcs11:slot-id=", nullptr},
        RefusedCase{"pkcs11:slot-id=18446744073709551616", nullptr}));  // 2^64

// RFC 7512 section 2.3 requires an absolute path. The working directory is not trusted.
INSTANTIATE_TEST_SUITE_P(Modules, RefusedUriTest,
                         testing::Values(RefusedCase{"pkcs11:?module-path=module.so", nullptr},
                                         RefusedCase{"pkcs11:?module-path=m%2Fa.so", nullptr},
                                         RefusedCase{"pkcs11:?module-name=a&module-path=/b.so",
                                                     "it has both module-path and module-name"},
                                         RefusedCase{"pkcs11:?module-name=a%2Fb", nullptr},
                                         RefusedCase{"pkcs11:?module-name=../module", nullptr}));

// Matching.

TEST(UriTest, EmptyOneMatchesEverything) {
  for (const char* text : {"pkcs11:", "pkcs11:?"}) {
    const Uri uri = Parse(text);
    EXPECT_TRUE(uri.MatchesToken(Token()));
    EXPECT_TRUE(uri.MatchesSlot(Slot()));
    EXPECT_TRUE(uri.MatchesSlotId(0));
    EXPECT_TRUE(uri.MatchesSlotId(7));
    EXPECT_TRUE(uri.MatchesModule(Library()));
    EXPECT_FALSE(uri.NamesSlot());
    EXPECT_FALSE(uri.NamesLibrary());
    EXPECT_EQ(uri.object_class(), std::nullopt);
    EXPECT_TRUE(uri.ObjectTemplate().empty());
  }
}

struct MatchCase {
  const char* uri;
  bool matches;
};

void PrintTo(const MatchCase& test_case, std::ostream* out) { *out << test_case.uri; }

TEST(UriTest, TakesTheNulsOfATokenForBlanks) {
  CK_TOKEN_INFO info = Token();
  for (CK_UTF8CHAR& c : info.model) c = c == ' ' ? '\0' : c;
  for (const char* uri : {"pkcs11:model=v1", "pkcs11:model=v1%20%20", "pkcs11:model=v1%00%00",
                          "pkcs11:model=v1%20%20%20%20%20%20%20%20%20%20%20%20%20%20"}) {
    EXPECT_TRUE(Parse(uri).MatchesToken(info)) << uri;
    EXPECT_TRUE(Parse(uri).MatchesToken(Token())) << uri;
  }
  EXPECT_FALSE(Parse("pkcs11:model=v2").MatchesToken(info));
  EXPECT_FALSE(Parse("pkcs11:model=v").MatchesToken(info));
}

class TokenUriTest : public testing::TestWithParam<MatchCase> {};

TEST_P(TokenUriTest, Matches) {
  EXPECT_EQ(Parse(GetParam().uri).MatchesToken(Token()), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(
    Attributes, TokenUriTest,
    testing::Values(
        MatchCase{"pkcs11:token=My%20Token", true},
        MatchCase{"pkcs11:token=%4d%79%20%54oken", true},
        MatchCase{"pkcs11:token=My%20Token%20", true}, MatchCase{"pkcs11:token=My%20Toke", false},
        MatchCase{"pkcs11:token=My%20Tokens", false}, MatchCase{"pkcs11:token=my%20token", false},
        MatchCase{"pkcs11:token=%20My%20Token", false}, MatchCase{"pkcs11:token=", false},
        MatchCase{"pkcs11:manufacturer=Acme", true}, MatchCase{"pkcs11:manufacturer=Acm", false},
        MatchCase{"pkcs11:model=v1", true}, MatchCase{"pkcs11:model=v2", false},
        MatchCase{"pkcs11:serial=0123456789abcdef", true},
        MatchCase{"pkcs11:serial=0123456789abcdeF", false},
        MatchCase{"pkcs11:token=My%20Token;model=v1;manufacturer=Acme", true},
        MatchCase{"pkcs11:token=My%20Token;model=v2;manufacturer=Acme", false},
        // Attributes that are not about the token do not matter.
        MatchCase{"pkcs11:object=x;slot-id=9;library-version=9", true}));

class SlotUriTest : public testing::TestWithParam<MatchCase> {};

TEST_P(SlotUriTest, Matches) {
  const Uri uri = Parse(GetParam().uri);
  EXPECT_TRUE(uri.NamesSlot());
  EXPECT_EQ(uri.MatchesSlot(Slot()), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(Attributes, SlotUriTest,
                         testing::Values(MatchCase{"pkcs11:slot-description=Reader%200", true},
                                         MatchCase{"pkcs11:slot-description=Reader%201", false},
                                         MatchCase{"pkcs11:slot-manufacturer=Acme", true},
                                         MatchCase{"pkcs11:slot-manufacturer=Acme2", false}));

class LibraryUriTest : public testing::TestWithParam<MatchCase> {};

TEST_P(LibraryUriTest, Matches) {
  const Uri uri = Parse(GetParam().uri);
  EXPECT_TRUE(uri.NamesLibrary());
  EXPECT_EQ(uri.MatchesModule(Library()), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(Attributes, LibraryUriTest,
                         testing::Values(MatchCase{"pkcs11:library-manufacturer=Acme", true},
                                         MatchCase{"pkcs11:library-manufacturer=Other", false},
                                         MatchCase{"pkcs11:library-description=Acme%20PKCS%2311",
                                                   true},
                                         MatchCase{"pkcs11:library-description=Acme", false},
                                         MatchCase{"pkcs11:library-version=3.14", true},
                                         MatchCase{"pkcs11:library-version=3.1", false},
                                         MatchCase{"pkcs11:library-version=3", false},
                                         MatchCase{"pkcs11:library-version=2.14", false}));

TEST(UriTest, SlotIdIsExactAndZeroIsOne) {
  EXPECT_TRUE(Parse("pkcs11:slot-id=0").MatchesSlotId(0));
  EXPECT_FALSE(Parse("pkcs11:slot-id=0").MatchesSlotId(1));
  EXPECT_TRUE(Parse("pkcs11:slot-id=12").MatchesSlotId(12));
  EXPECT_FALSE(Parse("pkcs11:slot-id=12").MatchesSlotId(0));
  EXPECT_TRUE(Parse("pkcs11:slot-id=4294967295").MatchesSlotId(4294967295UL));
}

// p11-kit represents a URI without a slot by 2^64 - 1.
TEST(UriTest, LargestSlotIdDoesNotMatchEverySlot) {
  const auto uri = Uri::Parse("pkcs11:slot-id=18446744073709551615");
  EXPECT_TRUE(!uri || !uri->MatchesSlotId(0));
}

TEST(UriTest, NamesOnlyWhatItsAttributesName) {
  EXPECT_FALSE(Parse("pkcs11:slot-id=1").NamesSlot());
  EXPECT_FALSE(Parse("pkcs11:slot-id=1").NamesLibrary());
  EXPECT_FALSE(Parse("pkcs11:token=library-a").NamesLibrary());
  EXPECT_FALSE(Parse("pkcs11:token=slot-description=").NamesSlot());
}

struct TypeCase {
  const char* uri;
  std::optional<CK_OBJECT_CLASS> object_class;
};

void PrintTo(const TypeCase& test_case, std::ostream* out) { *out << test_case.uri; }

class UriTypeTest : public testing::TestWithParam<TypeCase> {};

TEST_P(UriTypeTest, IsAnObjectClass) {
  EXPECT_EQ(Parse(GetParam().uri).object_class(), GetParam().object_class);
}

INSTANTIATE_TEST_SUITE_P(Types, UriTypeTest,
                         testing::Values(TypeCase{"pkcs11:token=a", std::nullopt},
                                         TypeCase{"pkcs11:type=private", CKO_PRIVATE_KEY},
                                         TypeCase{"pkcs11:type=public", CKO_PUBLIC_KEY},
                                         TypeCase{"pkcs11:type=cert", CKO_CERTIFICATE},
                                         TypeCase{"pkcs11:type=secret-key", CKO_SECRET_KEY},
                                         TypeCase{"pkcs11:type=data", CKO_DATA},
                                         TypeCase{"pkcs11:object-type=cert", CKO_CERTIFICATE}));

TEST(UriTest, ObjectAndIdAreASearchTemplate) {
  const Uri uri = Parse("pkcs11:token=a;object=my%20key%00%ff;type=private;id=%00%01z%fe");
  const auto search = uri.ObjectTemplate();
  ASSERT_EQ(search.size(), 2U);
  EXPECT_EQ(search[0].type, CKA_LABEL);
  EXPECT_EQ(Value(search[0]), std::string("my key\0\xff", 8));
  EXPECT_EQ(search[1].type, CKA_ID);
  EXPECT_EQ(Value(search[1]), std::string("\0\x01z\xfe", 4));
}

TEST(UriTest, IdMayBeLong) {
  std::string encoded;
  std::string id;
  for (int i = 0; i < 100; ++i) {
    encoded += "%9" + std::string(1, "0123456789abcdef"[i % 16]);
    id += static_cast<char>(0x90 + i % 16);
  }
  const Uri uri = Parse("pkcs11:id=" + encoded);
  const auto search = uri.ObjectTemplate();
  ASSERT_EQ(search.size(), 1U);
  EXPECT_EQ(Value(search[0]), id);
}

TEST(UriTest, EmptyObjectIsSearchedAsSuch) {
  const Uri uri = Parse("pkcs11:object=");
  const auto search = uri.ObjectTemplate();
  ASSERT_EQ(search.size(), 1U);
  EXPECT_EQ(search[0].ulValueLen, 0U);
}

// RFC 7512 section 2.3: these characters need no escape.
TEST(UriTest, KeepsReservedCharactersOfItsParts) {
  const Uri uri = Parse("pkcs11:object=a:[]@!$'()*+,=&b?module-path=/m?a|b/c");
  EXPECT_EQ(Value(uri.ObjectTemplate().at(0)), "a:[]@!$'()*+,=&b");
  EXPECT_EQ(uri.ModulePath("/default.so"), "/m?a|b/c");
}

TEST(UriTest, FindsItsModule) {
  EXPECT_EQ(Parse("pkcs11:token=a").ModulePath("/default.so"), "/default.so");
  EXPECT_EQ(Parse("pkcs11:?module-path=/usr/lib/a%20b.so").ModulePath("/default.so"),
            "/usr/lib/a b.so");
  EXPECT_EQ(Parse("pkcs11:?module-path=%2Fusr%2Flib%2Fb.so").ModulePath("/default.so"),
            "/usr/lib/b.so");
}

TEST(UriTest, NameOfAModuleIsAFileOfTheModuleFolder) {
  const std::string path = Parse("pkcs11:?module-name=opensc-pkcs11").ModulePath("/default.so");
  EXPECT_TRUE(path.starts_with('/')) << path;
  EXPECT_TRUE(path.ends_with("/opensc-pkcs11.so")) << path;
}

TEST(UriTest, AcceptsVendorAttributesInItsQuery) {
  EXPECT_TRUE(Parse("pkcs11:token=My%20Token?x-vendor=1&x-vendor=2").MatchesToken(Token()));
}

// PINs.

TEST(UriPinTest, HasNoneByItself) {
  const auto pin = Parse("pkcs11:token=a").Pin();
  ASSERT_TRUE(pin.has_value());
  EXPECT_FALSE(pin->has_value());
}

TEST(UriPinTest, RefusesTwo) {
  const auto pin = Parse("pkcs11:?pin-value=1&pin-source=/p").Pin();
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(pin.error().message, "it has both pin-value and pin-source");
}

TEST(UriPinTest, RefusesACommand) {
  const auto pin = Parse("pkcs11:?pin-source=|cat%20/p").Pin();
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().code, ErrorCode::kUsage);
  EXPECT_EQ(pin.error().message, "pin-source: a command as the source of a PIN is not supported");
}

TEST(UriPinTest, NamesAFileThatIsMissing) {
  const test::TempDir directory;
  const auto pin = Parse("pkcs11:?pin-source=file:" + directory.File("pin")).Pin();
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().code, ErrorCode::kSecretUnreadable);
  EXPECT_EQ(pin.error().message,
            "pin-source: cannot read " + directory.File("pin") + ": No such file or directory");
}

TEST(UriPinTest, DecodesAValue) {
  const auto pin = Parse("pkcs11:?pin-value=12%2034%26").Pin();
  ASSERT_TRUE(pin.has_value());
  EXPECT_EQ((*pin)->Reveal(), "12 34&");
}

TEST(UriPinTest, ReadsTheFirstLineOfASource) {
  const test::TempDir directory;
  const std::string path = directory.Write("pin", "1234\n5678\n");
  for (const std::string& source : {path, "file:" + path, "file://" + path}) {
    const auto pin = Parse("pkcs11:token=a?pin-source=" + source).Pin();
    ASSERT_TRUE(pin.has_value()) << pin.error().message;
    EXPECT_EQ((*pin)->Reveal(), "1234") << source;
  }
}

TEST(PaddedTextTest, IsWithoutItsPadding) {
  CK_UTF8CHAR field[8];
  Fill(field, " a b");
  EXPECT_EQ(PaddedText(field), " a b");
  Fill(field, "12345678");
  EXPECT_EQ(PaddedText(field), "12345678");
  Fill(field, "");
  EXPECT_EQ(PaddedText(field), "");
  memset(field, 0, sizeof field);
  field[0] = 'a';
  EXPECT_EQ(PaddedText(field), "a");
}

}  // namespace
}  // namespace credmint::pkcs11
