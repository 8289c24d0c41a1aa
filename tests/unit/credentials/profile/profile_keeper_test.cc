// SPDX-License-Identifier: Apache-2.0
#include "credentials/profile/profile_keeper.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "support/temp_dir.h"

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// Fails with each of these codes in turn, then returns credentials numbered from 1.
class ScriptedSource : public CredentialSource {
 public:
  explicit ScriptedSource(std::deque<ErrorCode> failures) : failures_(std::move(failures)) {}

  Result<Credentials> Get() override {
    if (!failures_.empty()) {
      const ErrorCode code = failures_.front();
      failures_.pop_front();
      return Fail(code, "scripted");
    }
    const std::string number = std::to_string(++count_);
    return Credentials{"KEY" + number, Secret("SECRET"), Secret("TOKEN"),
                       std::chrono::system_clock::now() + hours(1), ""};
  }

 private:
  std::deque<ErrorCode> failures_;
  int count_ = 0;
};

class ProfileKeeperTest : public testing::Test {
 protected:
  std::string Contents() const {
    if (!std::filesystem::is_regular_file(file_.path)) return "";
    std::ifstream file(file_.path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  bool IsWritten(const std::string& key) const {
    const auto end = std::chrono::steady_clock::now() + seconds(10);
    while (Contents().find(key + "\n") == std::string::npos) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  std::function<void(const Error&)> Reports() {
    return [this](const Error& error) { reports_.Lock()->push_back(error.message); };
  }

  const test::TempDir dir_;
  const CredentialsFile file_{dir_.File("credentials"), dir_.File("config"), "web"};
  Guarded<std::vector<std::string>> reports_;
};

TEST_F(ProfileKeeperTest, EndsIfTheFirstFailureIsHopeless) {
  for (const ErrorCode code : {ErrorCode::kUsage, ErrorCode::kMalformed, ErrorCode::kPinRequired,
                               ErrorCode::kContextPinRequired}) {
    ScriptedSource source({code});
    ProfileKeeper keeper(source, file_, Reports());
    const auto result = keeper.Run();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code);
  }
  EXPECT_TRUE(reports_.Lock()->empty());
}

TEST_F(ProfileKeeperTest, GoesOnAfterOthersAndAfterLaterOnes) {
  ScriptedSource source({ErrorCode::kNetwork, ErrorCode::kMalformed});
  ProfileKeeper keeper(source, file_, Reports());
  auto result = std::async(std::launch::async, [&] { return keeper.Run(); });
  EXPECT_TRUE(IsWritten("KEY1"));
  keeper.Stop();
  EXPECT_TRUE(result.get());
  EXPECT_EQ(*reports_.Lock(), std::vector<std::string>{"scripted"}) << "told twice";
}

TEST_F(ProfileKeeperTest, WritesAgainWithoutAskingAgain) {
  std::filesystem::create_directory(file_.path);
  ScriptedSource source({});
  ProfileKeeper keeper(source, file_, [this](const Error& error) {
    Reports()(error);
    std::filesystem::remove(file_.path);
  });
  auto result = std::async(std::launch::async, [&] { return keeper.Run(); });
  EXPECT_TRUE(IsWritten("KEY1"));
  keeper.Reload();
  EXPECT_TRUE(IsWritten("KEY2"));
  keeper.Stop();
  EXPECT_TRUE(result.get());
  EXPECT_EQ(*reports_.Lock(), std::vector<std::string>{file_.path + " is a directory"});
}

TEST_F(ProfileKeeperTest, TellsOfEachWriteThatSucceeds) {
  std::filesystem::create_directory(file_.path);
  ScriptedSource source({ErrorCode::kNetwork});
  std::vector<std::string> told;
  ProfileKeeper keeper(
      source, file_, [this](const Error&) { std::filesystem::remove(file_.path); },
      [&] { told.push_back(Contents().substr(0, 5)); });
  auto result = std::async(std::launch::async, [&] { return keeper.Run(); });
  EXPECT_TRUE(IsWritten("KEY1"));
  keeper.Reload();
  EXPECT_TRUE(IsWritten("KEY2"));
  keeper.Stop();
  EXPECT_TRUE(result.get());
  EXPECT_EQ(told, (std::vector<std::string>{"[web]", "[web]"}));
}

TEST_F(ProfileKeeperTest, EndsWithSuccessIfItIsStoppedBefore) {
  ScriptedSource source({ErrorCode::kUsage});
  ProfileKeeper keeper(source, file_, Reports());
  keeper.Stop();
  EXPECT_TRUE(keeper.Run());
}

}  // namespace
}  // namespace credmint
