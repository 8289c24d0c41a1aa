// SPDX-License-Identifier: Apache-2.0
#include "config/configuration_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using testing::HasSubstr;

class ConfigurationFile : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(folder_.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    chmod(path.c_str(), 0644);
    return path;
  }

  static Error FailureOf(const std::string& path) {
    const auto read = ReadConfigurationFile(path);
    EXPECT_FALSE(read);
    return read ? Error() : read.error();
  }

  test::TempDir folder_;
};

TEST_F(ConfigurationFile, IsReadWhereOthersMayOnlyRead) {
  const std::string path = Write("c.toml", "[role.web]\n");
  for (const mode_t mode : {0600, 0640, 0644, 0664}) {
    chmod(path.c_str(), mode);
    EXPECT_TRUE(ReadConfigurationFile(path)) << std::oct << mode;
  }
  std::filesystem::create_symlink(path, folder_.File("link"));
  EXPECT_TRUE(ReadConfigurationFile(folder_.File("link")));
}

TEST_F(ConfigurationFile, IsRefusedWhereEverybodyMayWriteIt) {
  const std::string path = Write("c.toml", "[role.web]\n");
  for (const mode_t mode : {0602, 0666, 0777}) {
    chmod(path.c_str(), mode);
    const Error error = FailureOf(path);
    EXPECT_EQ(error.code, ErrorCode::kLocalIo);
    EXPECT_THAT(error.message, HasSubstr(path + " is writable by everyone"));
    EXPECT_EQ(error.hint, "chmod o-w " + path);
  }
}

TEST_F(ConfigurationFile, OfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const std::string path = Write("c.toml", "[role.web]\n");
  ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
  EXPECT_THAT(FailureOf(path).message, HasSubstr("belongs to another user"));
}

TEST_F(ConfigurationFile, WhatIsNoFileIsRefusedAtOnce) {
  EXPECT_THAT(FailureOf(folder_.path()).message, HasSubstr("is not a regular file"));
  const std::string pipe = folder_.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(FailureOf(pipe).message, HasSubstr("is not a regular file"));
  EXPECT_THAT(FailureOf(folder_.File("none")).message, HasSubstr("No such file"));
  EXPECT_THAT(FailureOf(Write("big", "a = '" + std::string(2 << 20, 'x') + "'\n")).message,
              HasSubstr("longer than"));
}

TEST_F(ConfigurationFile, TheUsersOwnComesFirst) {
  unsetenv("XDG_CONFIG_HOME");
  setenv("HOME", folder_.path().c_str(), 1);
  EXPECT_NE(FindConfigurationFile(), folder_.File(".config/credmint/config.toml"));
  const std::string home = Write(".config/credmint/config.toml", "");
  EXPECT_EQ(FindConfigurationFile(), home);
  setenv("XDG_CONFIG_HOME", folder_.File("xdg").c_str(), 1);
  EXPECT_NE(FindConfigurationFile(), home);
  const std::string xdg = Write("xdg/credmint/config.toml", "");
  EXPECT_EQ(FindConfigurationFile(), xdg);
  setenv("XDG_CONFIG_HOME", "xdg", 1);  // ignored, because it is relative
  EXPECT_EQ(FindConfigurationFile(), home);
}

}  // namespace
}  // namespace credmint
