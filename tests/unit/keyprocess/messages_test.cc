// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/messages.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "base/read_file.h"
#include "keyprocess/wire.h"

namespace credmint::keyprocess {
namespace {

std::string Raw(const Secret& body) { return std::string(body.Reveal()); }

TEST(WireTest, NumbersAreBigEndianAndTextsHaveTheirLengthInFront) {
  WireWriter writer;
  writer.PutByte(7);
  writer.PutNumber(0x01020304);
  writer.PutText("ab");
  EXPECT_EQ(Raw(writer.Take()), std::string("\x07\x01\x02\x03\x04\0\0\0\x02"
                                            "ab",
                                            11));
}

TEST(WireTest, AMissingByteFailsAndEmptiesWhatFollows) {
  WireReader reader(std::string_view("\0\0\0\5abc", 7));
  EXPECT_EQ(reader.GetText(), "");
  EXPECT_EQ(reader.GetByte(), 0);
  EXPECT_FALSE(reader.Check().has_value());
}

TEST(WireTest, AByteTooManyFails) {
  WireReader reader("ab");
  EXPECT_EQ(reader.GetByte(), 'a');
  EXPECT_FALSE(reader.Check().has_value());
}

TEST(WireTest, ACountThatCannotBeTrueFails) {
  WireReader reader(std::string_view("\xff\xff\xff\xff", 4));
  EXPECT_EQ(reader.GetCount(), 0U);
  EXPECT_FALSE(reader.Check().has_value());
}

TEST(WireTest, TextsOfTheOtherProcessAreMadePrintable) {
  WireWriter writer;
  writer.PutText("a\x1b[2Jb\xff");
  const Secret body = writer.Take();
  EXPECT_EQ(WireReader(body.Reveal()).GetText(), "a?[2Jb?");
}

/// A fuzzer would get no further than the version of an old message.
TEST(MessagesTest, TheCorpusOfTheFuzzersHasALoadOfThisProtocol) {
  const std::string source = getenv("CREDMINT_SOURCE");
  const auto file = ReadFile(source + "/tests/fuzz/corpus/key_process_messages/kind_1");
  ASSERT_TRUE(file.has_value());
  const auto load = DecodeLoad(Secret(std::string(file->Reveal().substr(1))));
  ASSERT_TRUE(load.has_value()) << load.error().message;
  EXPECT_EQ(load->place.name, "pkcs11:token=prod");
  EXPECT_EQ(load->options.device.sandbox.home, "/home/web");
}

TEST(MessagesTest, ALoadArrivesAsItWasSent) {
  StoreOptions options;
  options.expect = StoreExpect::kCertificate;
  options.properties = "provider=x";
  options.parameters = {{"a", "b"}, {"c", ""}};
  options.secrets.emplace_back("pin", Secret("1234"));
  options.octets = {{"keys", {1, 2, 3}}};
  const Place place{Place::Form::kContents, "tss2", Secret("file")};
  const auto load = DecodeLoad(EncodeLoad(place, options, {}));
  ASSERT_TRUE(load.has_value());
  EXPECT_EQ(load->place.form, Place::Form::kContents);
  EXPECT_EQ(load->place.name, "tss2");
  EXPECT_EQ(load->place.contents.Reveal(), "file");
  EXPECT_EQ(load->options.expect, StoreExpect::kCertificate);
  EXPECT_EQ(load->options.properties, "provider=x");
  EXPECT_EQ(load->options.parameters, options.parameters);
  EXPECT_EQ(load->options.secrets.front().second.Reveal(), "1234");
  EXPECT_EQ(load->options.octets, options.octets);
  EXPECT_EQ(load->signer_parameter, "");
}

TEST(MessagesTest, TheRulesOfTheSandboxArrive) {
  for (const std::optional<bool> network :
       {std::optional<bool>(), std::optional(false), std::optional(true)}) {
    StoreOptions options;
    options.device.providers = {"one", "two"};
    options.device.sandbox = {.network = network,
                              .programs = true,
                              .paths = {"/a"},
                              .hidden = {"/b", "/c"},
                              .home = "/d"};
    const auto load = DecodeLoad(EncodeLoad({}, options, {}));
    ASSERT_TRUE(load.has_value());
    EXPECT_EQ(load->options.device.providers, options.device.providers);
    EXPECT_EQ(load->options.device.sandbox, options.device.sandbox);
  }
}

TEST(MessagesTest, ALoadOfAnotherVersionIsRefused) {
  std::string body = Raw(EncodeLoad({}, {}, {}));
  ++body.front();
  EXPECT_FALSE(DecodeLoad(Secret(body)).has_value());
}

TEST(MessagesTest, AnErrorKeepsCodeHintDelayAndRemedy) {
  Error error = MakeError(ErrorCode::kPinLocked, "locked", Remedy::kAllowFinalTry, "or wait");
  error.retry_after = std::chrono::seconds(5);
  const Error decoded = DecodeError(Encode(error));
  EXPECT_EQ(decoded.code, ErrorCode::kPinLocked);
  EXPECT_EQ(decoded.message, "locked");
  EXPECT_EQ(decoded.hint, "or wait");
  EXPECT_EQ(decoded.remedy, Remedy::kAllowFinalTry);
  EXPECT_EQ(decoded.retry_after, std::chrono::seconds(5));
}

TEST(MessagesTest, AnErrorWithAnUnknownCodeOrRemedyIsADeviceError) {
  for (const auto& [code, remedy] :
       {std::pair{0U, 0U}, std::pair{1000U, 0U}, std::pair{9U, 1000U}}) {
    WireWriter writer;
    writer.PutNumber(code);
    writer.PutText("no");
    writer.PutText("");
    writer.PutNumber(0);
    writer.PutNumber(remedy);
    const Error error = DecodeError(writer.Take());
    EXPECT_EQ(error.code, ErrorCode::kDevice);
    EXPECT_EQ(error.message, "the key process reports a failure that cannot be understood");
  }
}

TEST(MessagesTest, AnUnknownSecretIsNotAskedFor) {
  WireWriter writer;
  writer.PutByte(200);
  writer.PutText("token");
  EXPECT_FALSE(DecodeAskSecret(writer.Take()).has_value());
}

/// Every prefix of a message, and every message with one wrong byte: each is decoded or refused,
/// and nothing else happens. AddressSanitizer runs this too.
TEST(MessagesTest, DamagedMessagesAreRefusedOrHarmless) {
  StoreOptions options;
  options.parameters = {{"name", "value"}};
  options.octets = {{"keys", {1, 2, 3}}};
  const std::vector<std::string> bodies = {
      Raw(EncodeLoad({Place::Form::kUri, "pkcs11:x", {}}, options, {})),
      Raw(Encode(
          SignMessage{1, SignMessage::Scheme::kRsaPss, "SHA256", {1}, "SHA256", 32, Bytes{2}})),
      Raw(Encode(KeyMessage{1, {"EC", "prime256v1", {4, 1, 2}, {}, {}}})),
      Raw(Encode(StoreName{"uri", "{}"})), Raw(Encode(Error{ErrorCode::kDevice, "m", "h"}))};
  const auto decode_all = [](const std::string& text) {
    const Secret body{text};
    static_cast<void>(DecodeLoad(body));
    static_cast<void>(DecodeSign(body));
    static_cast<void>(DecodeKey(body));
    static_cast<void>(DecodeName(body));
    static_cast<void>(DecodeAskSecret(body));
    static_cast<void>(DecodeError(body));
    static_cast<void>(DecodeBytes(body));
    static_cast<void>(DecodeNumber(body));
  };
  std::mt19937 random(1);
  for (const std::string& body : bodies) {
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Secret prefix(std::string_view(body).substr(0, size));
      EXPECT_FALSE(DecodeLoad(prefix).has_value());
      EXPECT_FALSE(DecodeSign(prefix).has_value());
      EXPECT_FALSE(DecodeKey(prefix).has_value());
      EXPECT_EQ(DecodeError(prefix).code, ErrorCode::kDevice);
      std::string changed = body;
      changed[size] = static_cast<char>(random());
      decode_all(changed);
    }
  }
}

}  // namespace
}  // namespace credmint::keyprocess
