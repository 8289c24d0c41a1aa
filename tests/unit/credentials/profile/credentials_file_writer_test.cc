// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/credentials_file_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace credmint {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

Credentials Numbered(int number) {
  const std::string text = std::to_string(number);
  return {"KEY" + text, Secret("SECRET" + text), Secret("TOKEN" + text), {}, ""};
}

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Section(const std::string& profile, int number) {
  const std::string text = std::to_string(number);
  return "[" + profile + "]\naws_access_key_id = KEY" + text + "\naws_secret_access_key = SECRET" +
         text + "\naws_session_token = TOKEN" + text + "\n";
}

class CredentialsFileWriterTest : public testing::Test {
 protected:
  CredentialsFileWriterTest() {
    setenv("HOME", dir_.path().c_str(), 1);
    unsetenv("AWS_SHARED_CREDENTIALS_FILE");
    unsetenv("AWS_CONFIG_FILE");
  }

  const test::TempDir dir_;
};

TEST_F(CredentialsFileWriterTest, RefusesABadName) {
  const auto found = FindCredentialsFile("a]");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kUsage);
}

TEST_F(CredentialsFileWriterTest, NeedsAHome) {
  unsetenv("HOME");
  const auto found = FindCredentialsFile("web");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kLocalIo);
  setenv("AWS_SHARED_CREDENTIALS_FILE", "/a", 1);
  setenv("AWS_CONFIG_FILE", "/b", 1);
  EXPECT_TRUE(FindCredentialsFile("web"));
}

TEST_F(CredentialsFileWriterTest, FindsTheFilesOfTheEnvironment) {
  auto found = FindCredentialsFile("web");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, dir_.File(".aws/credentials"));
  EXPECT_EQ(found->config, dir_.File(".aws/config"));
  EXPECT_EQ(found->profile, "web");
  setenv("AWS_SHARED_CREDENTIALS_FILE", "~/other", 1);
  setenv("AWS_CONFIG_FILE", "relative", 1);
  found = FindCredentialsFile("web");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, dir_.File("other"));
  EXPECT_EQ(found->config, "relative");
}

TEST_F(CredentialsFileWriterTest, RefusesWhatTheTextsForbidBeforeAndWhenItWrites) {
  mkdir(dir_.File(".aws").c_str(), 0700);
  const auto file = *FindCredentialsFile("web");
  dir_.Write(".aws/config", "[profile web]\ncredential_process = x\n");
  for (const auto& failed : {CheckCredentialsFile(file), WriteCredentials(file, Numbered(1))}) {
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message,
                StartsWith(dir_.File(".aws/config") + ": line 2: the profile has a cred"));
  }
  dir_.Write(".aws/config", "");
  dir_.Write(".aws/credentials", "[web]\n[web]\n");
  for (const auto& failed : {CheckCredentialsFile(file), WriteCredentials(file, Numbered(1))}) {
    ASSERT_FALSE(failed);
    EXPECT_THAT(failed.error().message, StartsWith(dir_.File(".aws/credentials") + ": line 2: "));
  }
  EXPECT_EQ(Contents(file.path), "[web]\n[web]\n");
}

TEST_F(CredentialsFileWriterTest, DoesWithoutAConfigFile) {
  mkdir(dir_.File(".aws").c_str(), 0700);
  mkdir(dir_.File(".aws/config").c_str(), 0700);
  EXPECT_TRUE(CheckCredentialsFile(*FindCredentialsFile("web")));
}

TEST_F(CredentialsFileWriterTest, WritesAProfile) {
  const auto file = *FindCredentialsFile("web");
  ASSERT_TRUE(CheckCredentialsFile(file));
  EXPECT_NE(access(file.path.c_str(), F_OK), 0) << "the check has written";
  ASSERT_TRUE(WriteCredentials(file, Numbered(1)));
  EXPECT_EQ(Contents(file.path), Section("web", 1));
  ASSERT_TRUE(WriteCredentials(file, Numbered(2)));
  EXPECT_EQ(Contents(file.path), Section("web", 2));
}

TEST_F(CredentialsFileWriterTest, ManyAtOnceLoseNothing) {
  constexpr int kUpdaters = 20;
  constexpr int kUpdates = 25;
  std::vector<pid_t> updaters;
  for (int i = 0; i < kUpdaters; ++i) {
    updaters.push_back(fork());
    if (updaters.back() != 0) continue;
    const auto file = *FindCredentialsFile("p" + std::to_string(i));
    for (int number = 1; number <= kUpdates; ++number) {
      if (!WriteCredentials(file, Numbered(number))) _exit(1);
    }
    _exit(0);
  }
  for (const pid_t updater : updaters) {
    int status = 0;
    waitpid(updater, &status, 0);
    EXPECT_EQ(status, 0);
  }
  const std::string contents = Contents(dir_.File(".aws/credentials"));
  std::size_t size = 0;
  for (int i = 0; i < kUpdaters; ++i) {
    const std::string section = Section("p" + std::to_string(i), kUpdates);
    EXPECT_THAT(contents, HasSubstr(section));
    size += section.size();
  }
  EXPECT_EQ(contents.size(), size);
}

}  // namespace
}  // namespace credmint
