// SPDX-License-Identifier: Apache-2.0
#include "base/file_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using Access = FileRules::Access;

bool Opens(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
  return file >= 0;
}

class FileRulesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!FileRules::Create()) GTEST_SKIP() << "this kernel has no Landlock";
    for (const char* name : {"a/secret/file", "a/open/file", "b/file"}) {
      std::filesystem::create_directories(
          std::filesystem::path(folder_.path().string() + "/" + name).parent_path());
      std::ofstream(folder_.path().string() + "/" + name) << "x";
    }
  }

  /// Adds rules in a child and checks there, because rules stay.
  static bool Holds(const std::function<void(FileRules&)>& add,
                    const std::function<bool()>& check) {
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      auto rules = FileRules::Create();
      add(*rules);
      _exit(rules->Enforce() && check() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  [[nodiscard]] std::string At(const std::string& name) const {
    return folder_.path().string() + "/" + name;
  }

  test::TempDir folder_;
};

TEST_F(FileRulesTest, AllowsWhatIsNamed) {
  EXPECT_TRUE(Holds(
      [&](FileRules& rules) {
        rules.Allow(At("a"), Access::kRead);
        rules.Allow(At("b"), Access::kWrite);
        rules.Allow(At("missing"), Access::kWrite);
      },
      [&] {
        return Opens(At("a/open/file"), O_RDONLY) && !Opens(At("a/open/file"), O_WRONLY) &&
               !Opens(At("a/new"), O_WRONLY | O_CREAT) && Opens(At("b/file"), O_RDWR) &&
               Opens(At("b/new"), O_WRONLY | O_CREAT) && !Opens("/etc/passwd", O_RDONLY);
      }));
}

TEST_F(FileRulesTest, AllowsAllButSecrets) {
  const auto hide = [&](FileRules& rules) {
    rules.AllowAllBut({At("a/secret")}, folder_.path().string(), Access::kWrite);
  };
  EXPECT_TRUE(Holds(hide, [&] {
    return Opens(At("a/open/file"), O_RDWR) && Opens(At("b/new"), O_WRONLY | O_CREAT) &&
           !Opens(At("a/secret/file"), O_RDONLY) && !Opens(At("a/secret/new"), O_WRONLY | O_CREAT);
  }));
}

TEST_F(FileRulesTest, ALinkIsNoWayToASecret) {
  std::filesystem::create_symlink(At("a/secret/file"), At("b/link"));
  std::filesystem::create_symlink(At("a/secret"), At("a/way"));
  EXPECT_TRUE(Holds(
      [&](FileRules& rules) {
        rules.AllowAllBut({At("a/secret")}, folder_.path().string(), Access::kWrite);
      },
      [&] { return !Opens(At("b/link"), O_RDONLY) && !Opens(At("a/way/file"), O_RDONLY); }));
}

TEST_F(FileRulesTest, AHiddenFolderItselfAllowsNothing) {
  EXPECT_TRUE(
      Holds([&](FileRules& rules) { rules.AllowAllBut({At("a")}, At("a"), Access::kWrite); },
            [&] { return !Opens(At("a/open/file"), O_RDONLY); }));
}

}  // namespace
}  // namespace credmint
