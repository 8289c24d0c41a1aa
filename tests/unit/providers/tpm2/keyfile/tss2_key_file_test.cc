// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/tss2_key_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "ossl/encoding.h"
#include "support/der.h"
#include "tpm2/signing/public_area.h"

namespace credmint::tpm2 {
namespace {

using test::Join;
using test::Tlv;

/// Made by tpm2-openssl 1.1.1 (openssl genpkey -algorithm EC -pkeyopt group:P-256) with a TPM that
/// no longer exists.
constexpr const char* kPem =
    "-----BEGIN TSS2 PRIVATE KEY-----\n"
    "MIHwBgZngQUKAQOgAwEBAQIEQAAAAQRYAFYAIwALAAYAcgAAABAAEAADABAAIPuF\n"
    "dE3eqRmQLl23CUTSUutFDUp8ZKj+UBIuniXW9w9TACAYxyNim2voz5bpZDmPUP6k\n"
    "XA+h6ziVFkPohPmz5K0GGwSBgAB+ACCbZ+6Rm6qi3lRwWNcolOmTRcMcF4K/VEha\n"
    "2nZLm5WaUQAQrK3asbAilB0mru8Iv/s0jGCjtNHu44WZzP5P9Aw46mhVeEF07Bio\n"
    "Vtq9pqqz/p+uPAw6Qs5GmSWL6uTUNVOaIKOOX9FUeKlOfxwETPzRJSQeN1tZ1eyk\n"
    "e8zf\n"
    "-----END TSS2 PRIVATE KEY-----\n";

constexpr const char* kOtherPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MAMCAQE=\n"
    "-----END CERTIFICATE-----\n";

/// The DER of kPem, decoded by OpenSSL rather than by our code.
Bytes RealDer() {
  std::string base64(kPem);
  base64.erase(0, base64.find('\n') + 1);
  base64.erase(base64.find('-'));
  std::erase(base64, '\n');
  Bytes der(base64.size());
  const int size =
      EVP_DecodeBlock(der.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                      static_cast<int>(base64.size()));
  der.resize(static_cast<std::size_t>(size));
  return der;
}

/// A key file in parts, so that a test can change one. The defaults are the parts of kPem.
struct KeyFile {
  Bytes type = {0x06, 0x06, 0x67, 0x81, 0x05, 0x0a, 0x01, 0x03};
  Bytes options = {0xa0, 0x03, 0x01, 0x01, 0x01};
  Bytes parent = {0x02, 0x04, 0x40, 0x00, 0x00, 0x01};
  Bytes public_area = Slice(24, 88);
  Bytes private_area = Slice(115, 128);
  Bytes tail;

  [[nodiscard]] Bytes Der() const {
    return Tlv(
        0x30, Join({type, options, parent, Tlv(0x04, public_area), Tlv(0x04, private_area), tail}));
  }

 private:
  static Bytes Slice(std::ptrdiff_t offset, std::ptrdiff_t size) {
    const Bytes der = RealDer();
    return {der.begin() + offset, der.begin() + offset + size};
  }
};

Bytes Boolean(std::uint8_t tag, std::uint8_t value) { return {tag, 0x03, 0x01, 0x01, value}; }

Result<Tss2KeyFile> Parse(const KeyFile& file) { return Tss2KeyFile::ParseDer(file.Der()); }

void ExpectMalformed(const KeyFile& file, const std::string& message) {
  const auto parsed = Parse(file);
  ASSERT_FALSE(parsed) << message;
  EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(parsed.error().message, "the TPM key file is damaged: " + message);
}

TEST(Tss2KeyFileTest, RefusesEveryTruncation) {
  const Bytes der = RealDer();
  for (std::size_t size = 0; size < der.size(); ++size) {
    // A copy of exactly this size, so that a sanitizer sees any read beyond it.
    const Bytes truncated(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(size));
    const auto parsed = Tss2KeyFile::ParseDer(truncated);
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed) << size;
  }
}

TEST(Tss2KeyFileTest, SurvivesEveryChangedByte) {
  const Bytes der = RealDer();
  for (std::size_t index = 0; index < der.size(); ++index) {
    for (int value = 0; value < 256; ++value) {
      Bytes changed = der;
      changed[index] = static_cast<std::uint8_t>(value);
      const auto parsed = Tss2KeyFile::ParseDer(changed);
      if (parsed) static_cast<void>(ReadPublicArea(parsed->public_area));
    }
  }
}

TEST(Tss2KeyFileTest, SurvivesChangesAndTruncationsInside) {
  const KeyFile real;
  for (std::size_t size = 0; size <= real.public_area.size(); ++size) {
    KeyFile file;
    file.public_area.resize(size);
    if (size > 2) {  // sets matching size bytes, so that only the structure is truncated
      file.public_area[0] = static_cast<std::uint8_t>((size - 2) >> 8U);
      file.public_area[1] = static_cast<std::uint8_t>(size - 2);
    }
    EXPECT_EQ(Parse(file).has_value(), size == real.public_area.size()) << size;
  }
  for (std::size_t size = 0; size <= real.private_area.size(); ++size) {
    KeyFile file;
    file.private_area.resize(size);
    EXPECT_EQ(Parse(file).has_value(), size == real.private_area.size()) << size;
  }
}

TEST(Tss2KeyFileTest, RefusesMalformedFields) {
  struct Case {
    const char* message;
    void (*change)(KeyFile&);
  };
  const Case cases[] = {
      {"it has no type", [](KeyFile& file) { file.type = {}; }},
      {"it has no type", [](KeyFile& file) { file.type[0] = 0x04; }},
      {"it has an unknown type", [](KeyFile& file) { file.type.back() = 6; }},
      {"it has an unknown type", [](KeyFile& file) { file.type[2] = 0x66; }},
      {"it has an unknown type",
       [](KeyFile& file) { file.type = {0x06, 0x05, 0x67, 0x81, 0x05, 0x0a, 0x03}; }},
      {"its field [0] makes no sense",
       [](KeyFile& file) {
         file.options = {0xa0, 0x03, 0x02, 0x01, 0x01};
       }},
      {"its field [0] makes no sense",
       [](KeyFile& file) {
         file.options = {0xa0, 0x00};
       }},
      {"its field [0] makes no sense",
       [](KeyFile& file) {
         file.options = {0xa0, 0x02, 0x01, 0x00};
       }},
      {"its field [0] makes no sense",
       [](KeyFile& file) { file.options = {0xa0, 0x04, 0x01, 0x02, 0x01, 0x01}; }},
      {"its field [0] makes no sense",
       [](KeyFile& file) { file.options = {0xa0, 0x06, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01}; }},
      {"its field [0] makes no sense",
       [](KeyFile& file) {
         file.options = {0x80, 0x03, 0x01, 0x01, 0x01};
       }},
      {"its field [2] makes no sense",
       [](KeyFile& file) {
         file.options = {0xa2, 0x03, 0x04, 0x01, 0x01};
       }},
      {"its field [4] makes no sense",
       [](KeyFile& file) {
         file.options = {0xa4, 0x03, 0x04, 0x01, 'x'};
       }},
      {"its field [5] makes no sense",
       [](KeyFile& file) {
         file.options = {0xa5, 0x02, 0x05, 0x00};
       }},
      {"its fields are out of order",
       [](KeyFile& file) {
         file.options = Join({Boolean(0xa5, 0), Boolean(0xa0, 1)});
       }},
      {"its fields are out of order",
       [](KeyFile& file) {
         file.options = Join({Boolean(0xa0, 0), Boolean(0xa0, 1)});
       }},
      {"it has no parent", [](KeyFile& file) { file.parent = {}; }},
      {"it has no parent", [](KeyFile& file) { file.parent[0] = 0x0a; }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) {
         file.parent = {0x02, 0x00};
       }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) {
         file.parent = {0x02, 0x01, 0x01};
       }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) {
         file.parent = {0x02, 0x01, 0xff};
       }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) { file.parent = {0x02, 0x05, 0x00, 0x80, 0x00, 0x00, 0x00}; }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) { file.parent = {0x02, 0x05, 0x01, 0x81, 0x00, 0x00, 0x01}; }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) { file.parent = {0x02, 0x06, 0x00, 0x00, 0x81, 0x00, 0x00, 0x01}; }},
      {"its parent is neither a persistent handle nor a hierarchy",
       [](KeyFile& file) { file.parent = {0x02, 0x04, 0x40, 0x00, 0x00, 0x0a}; }},
      {"its public part cannot be read", [](KeyFile& file) { file.public_area = {}; }},
      {"its public part cannot be read",
       [](KeyFile& file) {
         file.public_area = {0, 0};
       }},
      {"its public part cannot be read", [](KeyFile& file) { file.public_area[1] += 1; }},
      {"its public part cannot be read", [](KeyFile& file) { file.public_area.push_back(0); }},
      {"its public part cannot be read", [](KeyFile& file) { file.public_area[3] = 0x99; }},
      {"its private part cannot be read", [](KeyFile& file) { file.private_area = {}; }},
      {"its private part cannot be read", [](KeyFile& file) { file.private_area[0] = 0xff; }},
      {"its private part cannot be read",
       [](KeyFile& file) { file.private_area = Bytes(0x1002, 0xff); }},
      {"something follows its private part",
       [](KeyFile& file) {
         file.tail = {0x05, 0x00};
       }},
  };
  for (const Case& c : cases) {
    KeyFile file;
    c.change(file);
    ExpectMalformed(file, c.message);
  }
}

TEST(Tss2KeyFileTest, RefusesWhatIsNotOneSequence) {
  Bytes with_tail = KeyFile().Der();
  with_tail.push_back(0);
  Bytes indefinite = KeyFile().Der();
  indefinite[1] = 0x80;
  for (const Bytes& der : {Bytes(), Bytes{0x30}, Bytes{0x31, 0x00}, with_tail, indefinite}) {
    const auto parsed = Tss2KeyFile::ParseDer(der);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().message, "the TPM key file is damaged: it is not one DER sequence");
  }
}

TEST(Tss2KeyFileTest, RefusesFilesOfMoreThan64Kibibytes) {
  const std::string longest = kPem + std::string(kMaxKeyFileSize - std::string(kPem).size(), '\n');
  EXPECT_TRUE(Tss2KeyFile::Parse(longest));
  const auto parsed = Tss2KeyFile::Parse(longest + "\n");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().message, "the TPM key file is damaged: it is too long");
}

TEST(Tss2KeyFileTest, RefusesSealedDataByName) {
  KeyFile file;
  file.type.back() = 5;
  const auto parsed = Parse(file);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kKeyUnusable);
  EXPECT_EQ(parsed.error().message, "the TPM key file holds sealed data, not a key");
}

TEST(Tss2KeyFileTest, RefusesPemWithoutTheBlock) {
  std::string damaged(kPem);
  damaged[damaged.find("MIHw")] = '*';
  std::string encrypted(kPem);
  encrypted.insert(encrypted.find("MIHw"), "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n");
  struct Case {
    std::string contents;
    const char* message;
  };
  for (const Case& c :
       {Case{"", "it holds no intact TSS2 PRIVATE KEY block"},
        Case{kOtherPem, "it holds no intact TSS2 PRIVATE KEY block"},
        Case{damaged, "it holds no intact TSS2 PRIVATE KEY block"},
        Case{std::string(kPem).substr(0, 300), "it holds no intact TSS2 PRIVATE KEY block"},
        Case{encrypted, "it has an encryption header"}}) {
    const auto parsed = Tss2KeyFile::Parse(c.contents);
    ASSERT_FALSE(parsed) << c.contents;
    EXPECT_EQ(parsed.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(parsed.error().message, std::string("the TPM key file is damaged: ") + c.message);
  }
}

TEST(Tss2KeyFileTest, LeavesTheErrorQueueClean) {
  ERR_clear_error();
  static_cast<void>(Tss2KeyFile::Parse(kOtherPem));
  static_cast<void>(Tss2KeyFile::Parse("-----BEGIN TSS2 PRIVATE KEY-----\n*\n"));
  static_cast<void>(Tss2KeyFile::ParseDer(Bytes{0x30, 0x84}));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Tss2KeyFileTest, ReadsARealFile) {
  for (const std::string& contents :
       {std::string(kPem), std::string("text in front\n") + kOtherPem + kPem + "text behind\n"}) {
    const auto parsed = Tss2KeyFile::Parse(contents);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_TRUE(parsed->empty_auth);
    EXPECT_TRUE(parsed->policy.empty());
    EXPECT_FALSE(parsed->rsa_parent);
    EXPECT_EQ(parsed->description, "");
    EXPECT_EQ(parsed->parent, TPM2_HANDLE{TPM2_RH_OWNER});
    EXPECT_EQ(parsed->public_area.publicArea.type, TPM2_ALG_ECC);
    EXPECT_EQ(parsed->private_area.size, 126);
  }
}

TEST(Tss2KeyFileTest, ReadsDer) {
  const Bytes der = RealDer();
  const auto parsed = Tss2KeyFile::Parse({reinterpret_cast<const char*>(der.data()), der.size()});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->parent, TPM2_HANDLE{TPM2_RH_OWNER});
}

TEST(Tss2KeyFileTest, ReadsEmptyAuthInEveryForm) {
  struct Case {
    Bytes options;
    bool empty_auth;
  };
  for (const Case& c : {Case{{}, false}, Case{Boolean(0xa0, 0), false},
                        Case{Boolean(0xa0, 1), true}, Case{Boolean(0xa0, 0xff), true}}) {
    KeyFile file;
    file.options = c.options;
    const auto parsed = Parse(file);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->empty_auth, c.empty_auth);
  }
}

TEST(Tss2KeyFileTest, ReadsParentsInEveryForm) {
  struct Case {
    Bytes parent;
    TPM2_HANDLE handle;
  };
  for (const Case& c : {
           Case{{0x02, 0x05, 0x00, 0x81, 0x00, 0x00, 0x01}, 0x81000001},
           Case{{0x02, 0x04, 0x81, 0x00, 0x00, 0x01}, 0x81000001},  // negative, from old writers
           Case{{0x02, 0x05, 0x00, 0x81, 0xff, 0xff, 0xff}, 0x81ffffff},
           Case{{0x02, 0x01, 0x00}, TPM2_RH_OWNER},
           Case{KeyFile().parent, TPM2_RH_OWNER},
           Case{{0x02, 0x04, 0x40, 0x00, 0x00, 0x07}, TPM2_RH_NULL},
           Case{{0x02, 0x04, 0x40, 0x00, 0x00, 0x0b}, TPM2_RH_ENDORSEMENT},
           Case{{0x02, 0x04, 0x40, 0x00, 0x00, 0x0c}, TPM2_RH_PLATFORM},
       }) {
    KeyFile file;
    file.parent = c.parent;
    const auto parsed = Parse(file);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(parsed->parent, c.handle);
  }
}

TEST(Tss2KeyFileTest, ReadsTheOtherOptionalFields) {
  KeyFile file;
  file.options =
      Join({Boolean(0xa0, 0xff), Tlv(0xa4, Tlv(0x0c, {'a', '\n', 0xc3, 0xbc, 0x1b, 'b'})),
            Boolean(0xa5, 0xff), Tlv(0xa6, Tlv(0x04, {1, 2})), Tlv(0xbf, {})});
  file.options.back() = 0x1f;  // the tag [31] takes two bytes: bf 1f, length 0
  file.options.push_back(0x00);
  const auto parsed = Parse(file);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->empty_auth);
  EXPECT_TRUE(parsed->rsa_parent);
  EXPECT_TRUE(parsed->policy.empty());
  EXPECT_EQ(parsed->description, "a ???b");
}

/// PolicyAuthValue.
const Bytes kAuthValueStep =
    Tlv(0x30, Join({Tlv(0xa0, Tlv(0x02, {0x01, 0x6b})), Tlv(0xa1, Tlv(0x04, {}))}));

TEST(Tss2KeyFileTest, ReadsAPolicy) {
  KeyFile file;
  file.options = Tlv(0xa1, Tlv(0x30, kAuthValueStep));
  const auto parsed = Parse(file);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->policy.steps.size(), 1U);
  EXPECT_TRUE(parsed->policy.NeedsAuthValue());
}

TEST(Tss2KeyFileTest, AnEmptyPolicyIsNone) {
  for (const std::uint8_t tag : Bytes{0xa1, 0xa3}) {
    KeyFile file;
    file.options = Tlv(tag, Tlv(0x30, {}));
    const auto parsed = Parse(file);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_TRUE(parsed->policy.empty());
  }
}

TEST(Tss2KeyFileTest, ReadsTheSeedOfAnImportableKeyAndOnlyOfOne) {
  const Bytes seed = Tlv(0xa2, Tlv(0x04, {0, 3, 7, 8, 9}));
  KeyFile file;
  file.type.back() = 4;
  file.options = seed;
  const auto parsed = Parse(file);
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_TRUE(parsed->import_seed);
  EXPECT_EQ(parsed->import_seed->size, 3);

  file.type.back() = 3;
  ExpectMalformed(file, "importable keys have a secret (field [2]), and only they");
  file.type.back() = 4;
  file.options = {};
  ExpectMalformed(file, "importable keys have a secret (field [2]), and only they");
  file.options = Tlv(0xa2, Tlv(0x04, {0, 4, 7, 8, 9}));
  ExpectMalformed(file, "its field [2] makes no sense");
}

TEST(Tss2KeyFileTest, RecognisesKeyFilesByTheirBeginning) {
  KeyFile file;
  EXPECT_TRUE(LooksLikeTss2KeyFile(file.Der()));
  file.type.back() = 5;
  EXPECT_TRUE(LooksLikeTss2KeyFile(file.Der()));
  file.type = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
  EXPECT_FALSE(LooksLikeTss2KeyFile(file.Der()));
  EXPECT_FALSE(LooksLikeTss2KeyFile({}));
  EXPECT_FALSE(LooksLikeTss2KeyFile(Bytes{0x30, 0x00}));
  EXPECT_FALSE(LooksLikeTss2KeyFile(AsBytes(kPem)));
}

}  // namespace
}  // namespace credmint::tpm2
