// SPDX-License-Identifier: Apache-2.0
#include "credentials/cache/cache_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "support/temp_dir.h"

namespace credmint {
namespace {

class CacheFolderTest : public testing::Test {
 protected:
  CacheFolderTest() {
    setenv("XDG_RUNTIME_DIR", base_.path().c_str(), 1);
    unsetenv("RUNTIME_DIRECTORY");
  }
  ~CacheFolderTest() override { unsetenv("XDG_RUNTIME_DIR"); }

  [[nodiscard]] std::filesystem::path Path(const std::string& name) const {
    return std::filesystem::path(base_.path()) / "credmint" / name;
  }

  test::TempDir base_;
};

TEST_F(CacheFolderTest, FailsWithoutAPlace) {
  unsetenv("XDG_RUNTIME_DIR");
  const auto folder = CacheFolder::Open();
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error().code, ErrorCode::kLocalIo);
}

TEST_F(CacheFolderTest, ReadsOnlyWhatIsForItsOwnerAlone) {
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder) << folder.error().message;
  ASSERT_TRUE(folder->Replace("a", Secret("text")));
  EXPECT_EQ(folder->Read("a")->Reveal(), "text");
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0601}) {
    chmod(Path("a").c_str(), mode);
    const auto contents = folder->Read("a");
    ASSERT_FALSE(contents) << mode;
    EXPECT_NE(contents.error().message.find("is open to others"), std::string::npos);
  }
}

TEST_F(CacheFolderTest, ReplacesInOneStepAndLeavesNothingElse) {
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder);
  ASSERT_TRUE(folder->Replace("a", Secret("old")));
  const std::filesystem::path twin = Path("") / "twin";
  std::filesystem::create_hard_link(Path("a"), twin);
  ASSERT_TRUE(folder->Replace("a", Secret("new")));
  std::ifstream old(twin);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(old), {}), "old");
  EXPECT_EQ(folder->Read("a")->Reveal(), "new");
  EXPECT_EQ(folder->Names(), (std::vector<std::string>{"a", "twin"}));
}

TEST_F(CacheFolderTest, GivesALockToOneAtATime) {
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder);
  auto first = folder->Lock("l");
  ASSERT_TRUE(first);
  ASSERT_TRUE(first->has_value());
  EXPECT_FALSE(folder->Lock("l")->has_value());
  EXPECT_TRUE(folder->Lock("other")->has_value());
  first->reset();
  EXPECT_TRUE(folder->Lock("l")->has_value());
}

TEST_F(CacheFolderTest, LocksTheFileThatHasTheNameNow) {
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder);
  const auto removed = folder->Lock("l");
  ASSERT_TRUE(removed && *removed);
  ASSERT_TRUE(folder->Remove("l"));
  const auto held = folder->Lock("l");
  ASSERT_TRUE(held && *held);
  EXPECT_FALSE(folder->Lock("l")->has_value());
}

TEST_F(CacheFolderTest, TakesTheFirstPathOfAUnit) {
  unsetenv("XDG_RUNTIME_DIR");
  setenv("RUNTIME_DIRECTORY", (std::string(base_.path()) + ":/nonexistent").c_str(), 1);
  const auto folder = CacheFolder::Open();
  ASSERT_TRUE(folder) << folder.error().message;
  ASSERT_TRUE(folder->Replace("a", Secret("text")));
  EXPECT_TRUE(std::filesystem::exists(std::filesystem::path(base_.path()) / "a"));
  unsetenv("RUNTIME_DIRECTORY");
}

}  // namespace
}  // namespace credmint
