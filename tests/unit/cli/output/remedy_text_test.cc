// SPDX-License-Identifier: Apache-2.0
#include "cli/output/remedy_text.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace credmint::cli {
namespace {

std::string Hint(Remedy remedy, const std::string& added = {}) {
  return HintText(MakeError(ErrorCode::kDevice, "it failed", remedy, added));
}

TEST(HintTextTest, HasWordsOfItsOwnForEachRemedy) {
  std::set<std::string> words;
  for (int number = 1; number <= static_cast<int>(kLastRemedy); ++number) {
    words.insert(Hint(static_cast<Remedy>(number)));
  }
  EXPECT_EQ(words.count(""), 0U);
  const auto next = static_cast<Remedy>(static_cast<int>(kLastRemedy) + 1);
  EXPECT_EQ(Hint(next), "") << "kLastRemedy is not the last one";
  EXPECT_EQ(words.size(), static_cast<std::size_t>(kLastRemedy));
}

TEST(HintTextTest, SaysWhatTheErrorAdds) {
  for (int number = 1; number <= static_cast<int>(kLastRemedy); ++number) {
    const std::string hint = Hint(static_cast<Remedy>(number), "and so on");
    EXPECT_NE(hint.find("and so on"), std::string::npos) << hint;
    EXPECT_GT(hint.size(), Hint(static_cast<Remedy>(number)).size()) << hint;
  }
  EXPECT_EQ(Hint(Remedy::kGiveParentAuth, "the TPM counted it"),
            "give it with --parent-passin; the TPM counted it");
  EXPECT_EQ(Hint(Remedy::kNamePrivateKey, "handle:…, or a file"),
            "name the key with --private-key: handle:…, or a file");
  EXPECT_EQ(Hint(Remedy::kNameTcti, "is there a TPM?"),
            "is there a TPM? name another TPM with --tcti or TPM2TOOLS_TCTI (the kernel's is "
            "device:/dev/tpmrm0)");
  EXPECT_EQ(Hint(Remedy::kAllowMoreTime, "check the firewall"),
            "check the firewall; allow more time with --timeout SECONDS");
}

TEST(HintTextTest, IsTheHintWhereThereIsNoRemedy) {
  EXPECT_EQ(Hint(Remedy::kNone), "");
  EXPECT_EQ(Hint(Remedy::kNone, "plug it in"), "plug it in");
}

TEST(HintTextTest, AHintTakesTheRemedysPlace) {
  Error error = MakeError(ErrorCode::kDevice, "it failed", Remedy::kNameTcti, "is there a TPM?");
  error.SetHint("plug it in");
  EXPECT_EQ(HintText(error), "plug it in");
  error.AddHint("and wait");
  EXPECT_EQ(HintText(error), "plug it in; and wait");
}

}  // namespace
}  // namespace credmint::cli
