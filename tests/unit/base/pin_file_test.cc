// SPDX-License-Identifier: Apache-2.0
#include "base/pin_file.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using test::TempDir;

TEST(PinFileTest, RefusesACommand) {
  const auto pin = ReadPinFile("|echo 1234");
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().code, ErrorCode::kUsage);
  EXPECT_EQ(pin.error().message, "a command as the source of a PIN is not supported");
  EXPECT_EQ(pin.error().hint, "write the PIN to a file with mode 0600 and name the file");
}

TEST(PinFileTest, NamesAMissingFile) {
  const TempDir directory;
  const std::string path = directory.File("pin");
  const auto pin = ReadPinFile(path);
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().code, ErrorCode::kSecretUnreadable);
  EXPECT_EQ(pin.error().message, "cannot read " + path + ": No such file or directory");
}

TEST(PinFileTest, RefusesAFileThatOthersMayRead) {
  const TempDir directory;
  const std::string path = directory.Write("pin", "1234\n", 0644);
  const auto pin = ReadPinFile(path);
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().code, ErrorCode::kSecretUnreadable);
  EXPECT_EQ(pin.error().message,
            path + " holds a secret but others may read or write it (mode 0644)");
  EXPECT_EQ(pin.error().hint, "chmod 600 " + path);
}

TEST(PinFileTest, RefusesAFileThatIsTooLong) {
  const TempDir directory;
  const std::string path = directory.Write("pin", std::string(4097, '1'));
  const auto pin = ReadPinFile(path);
  ASSERT_FALSE(pin.has_value());
  EXPECT_EQ(pin.error().message, "cannot read " + path + ": it is longer than 4096 bytes");
}

TEST(PinFileTest, TakesPathsAndFileUris) {
  const TempDir directory;
  const std::string path = directory.Write("pin", "1234\n");
  for (const std::string& name : {path, "file:" + path, "file://" + path}) {
    const auto pin = ReadPinFile(name);
    ASSERT_TRUE(pin.has_value()) << pin.error().message;
    EXPECT_EQ(pin->Reveal(), "1234") << name;
  }
}

struct FirstLineCase {
  std::string text;
  std::string line;
};

void PrintTo(const FirstLineCase& test_case, std::ostream* out) { *out << test_case.text; }

class FirstLineTest : public testing::TestWithParam<FirstLineCase> {};

TEST_P(FirstLineTest, IsWithoutItsEnd) {
  const TempDir directory;
  EXPECT_EQ(FirstLine(Secret(GetParam().text)).Reveal(), GetParam().line);
  const auto pin = ReadPinFile(directory.Write("pin", GetParam().text));
  ASSERT_TRUE(pin.has_value()) << pin.error().message;
  EXPECT_EQ(pin->Reveal(), GetParam().line);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, FirstLineTest,
    testing::Values(FirstLineCase{"1234", "1234"}, FirstLineCase{"1234\n", "1234"},
                    FirstLineCase{"1234\r\n", "1234"}, FirstLineCase{"1234\n5678\n", "1234"},
                    FirstLineCase{"\n1234\n", ""}, FirstLineCase{" 12 34 \n", " 12 34 "},
                    FirstLineCase{std::string("12\0"
                                              "34\n",
                                              6),
                                  std::string("12\0"
                                              "34",
                                              5)}));

TEST(FirstLineTest, IsEmptyForNothing) { EXPECT_TRUE(FirstLine(Secret()).empty()); }

TEST(FirstLineTest, WipesTheRest) {
  Secret text("1234\n5678");
  const char* bytes = text.Reveal().data();
  const Secret line = FirstLine(std::move(text));
  EXPECT_EQ(line.Reveal().data(), bytes);
  EXPECT_EQ(std::string(bytes, 9), std::string("1234\0\0\0\0\0", 9));
}

}  // namespace
}  // namespace credmint
