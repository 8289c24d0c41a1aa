// SPDX-License-Identifier: Apache-2.0
#include "serve/api/token_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/temp_dir.h"

namespace credmint::serve {
namespace {

namespace fs = std::filesystem;

class TokenFileTest : public testing::Test {
 protected:
  std::string Contents() const {
    std::ifstream file(path_);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  void ExpectRefused(const std::string& reason) const {
    const auto written = WriteTokenFile(path_, Secret("new"));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::kLocalIo);
    EXPECT_EQ(written.error().message, "writing the token file " + path_ + ": " + reason);
  }

  test::TempDir folder_;
  const std::string path_ = folder_.File("token");
};

TEST_F(TokenFileTest, LeavesAloneWhatIsOpenToOthers) {
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    folder_.Write("token", "old", mode);
    ExpectRefused("it exists and is open to others");
    EXPECT_EQ(Contents(), "old");
  }
}

TEST_F(TokenFileTest, FollowsNoLink) {
  const std::string target = folder_.Write("target", "old");
  fs::create_symlink(target, path_);
  ExpectRefused("it exists and is a link");
  EXPECT_EQ(Contents(), "old");
}

TEST_F(TokenFileTest, LeavesAloneWhatIsNoFile) {
  fs::create_directory(path_);
  ExpectRefused("it exists and is not a regular file");
}

TEST_F(TokenFileTest, LeavesAloneWhatIsSomebodyElses) {
  folder_.Write("token", "old");
  if (chown(path_.c_str(), 12345, 12345) != 0) GTEST_SKIP() << "needs root";
  ExpectRefused("it exists and belongs to another user");
}

TEST_F(TokenFileTest, NeedsAFolder) {
  const std::string path = folder_.File("nowhere/token");
  EXPECT_EQ(WriteTokenFile(path, Secret("new")).error().message,
            "writing the token file " + path + ": No such file or directory");
}

TEST_F(TokenFileTest, ReadsWhatItHasWritten) {
  EXPECT_FALSE(ReadTokenFile(path_, 64));
  ASSERT_TRUE(WriteTokenFile(path_, Secret(std::string(64, 'a'))));
  const auto token = ReadTokenFile(path_, 64);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->Reveal(), std::string(64, 'a'));
}

TEST_F(TokenFileTest, ReadsNoTokenOfOthersOrOfAnotherForm) {
  const std::string good(64, 'a');
  for (const mode_t mode : {0640U, 0604U, 0620U, 0601U}) {
    folder_.Write("token", good, mode);
    EXPECT_FALSE(ReadTokenFile(path_, 64)) << mode;
  }
  for (const std::string& text : {std::string(), good + "\n", good + "a", good.substr(1),
                                  std::string(64, 'A'), std::string(63, 'a') + "g"}) {
    folder_.Write("token", text, 0600);
    EXPECT_FALSE(ReadTokenFile(path_, 64)) << text;
  }
  folder_.Write("token", good, 0600);
  EXPECT_TRUE(ReadTokenFile(path_, 64));
  const std::string link = folder_.File("link");
  fs::create_symlink(path_, link);
  EXPECT_FALSE(ReadTokenFile(link, 64));
  EXPECT_FALSE(ReadTokenFile(folder_.path(), 64));
  if (chown(path_.c_str(), 12345, 12345) != 0) GTEST_SKIP() << "needs root";
  EXPECT_FALSE(ReadTokenFile(path_, 64));
}

/// Another user and its group, until the end of a scope. Only root can take them.
class AnotherUser {
 public:
  static constexpr id_t kId = 12345;
  AnotherUser() { taken_ = setegid(kId) == 0 && seteuid(kId) == 0; }
  ~AnotherUser() {
    if (seteuid(0) != 0 || setegid(0) != 0) abort();
  }
  AnotherUser(const AnotherUser&) = delete;
  AnotherUser& operator=(const AnotherUser&) = delete;
  [[nodiscard]] bool taken() const { return taken_; }

 private:
  bool taken_ = false;
};

/// As in the volume of a Secret: links to a file of root, which a group may read.
TEST_F(TokenFileTest, ReadsWhatRootGives) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  const std::string good(64, 'a');
  const std::string link = folder_.File("link");
  fs::create_symlink(path_, link);
  fs::permissions(folder_.path(), fs::perms(0711));
  const auto given = [&](const std::string& text, mode_t mode, uid_t owner, gid_t group,
                         std::optional<gid_t> reader) {
    folder_.Write("token", text, mode);
    if (chown(path_.c_str(), owner, group) != 0) return false;
    const AnotherUser other;
    return other.taken() && ReadGivenToken(link, 64, reader).has_value();
  };
  constexpr gid_t kGroup = AnotherUser::kId;
  EXPECT_TRUE(given(good, 0440, 0, kGroup, kGroup));
  EXPECT_TRUE(given(good, 0640, 0, kGroup, kGroup));
  EXPECT_FALSE(given(good, 0440, 0, kGroup, std::nullopt)) << "a group that is not named";
  EXPECT_FALSE(given(good, 0440, 0, kGroup, kGroup + 1)) << "another group";
  EXPECT_FALSE(given(good, 0444, 0, kGroup, kGroup)) << "everybody reads it";
  EXPECT_FALSE(given(good, 0460, 0, kGroup, kGroup)) << "its group writes it";
  EXPECT_FALSE(given(good, 0440, kGroup, kGroup, kGroup)) << "another user's";
  EXPECT_FALSE(given(good + "\n", 0440, 0, kGroup, kGroup)) << "a newline";
  folder_.Write("token", good, 0600);
  EXPECT_FALSE(ReadGivenToken(link, 64, std::nullopt)) << "to root";
}

TEST_F(TokenFileTest, WritesTheTokenAloneForTheOwnerAlone) {
  const mode_t before = umask(0);
  ASSERT_TRUE(WriteTokenFile(path_, Secret("first token")));
  umask(before);
  EXPECT_EQ(Contents(), "first token");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  ASSERT_TRUE(WriteTokenFile(path_, Secret("second")));
  EXPECT_EQ(Contents(), "second");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
}

}  // namespace
}  // namespace credmint::serve
