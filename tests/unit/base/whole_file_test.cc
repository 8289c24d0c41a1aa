// SPDX-License-Identifier: Apache-2.0
#include "base/whole_file.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "support/temp_dir.h"

namespace credmint {
namespace {

class WholeFile : public testing::Test {
 protected:
  std::string Path(const std::string& name) const { return folder_.File(name); }
  void Make(const std::string& name, std::chrono::minutes age = {}) const {
    std::ofstream(Path(name)) << "x";
    std::filesystem::last_write_time(Path(name),
                                     std::filesystem::file_time_type::clock::now() - age);
  }
  std::set<std::string> Names() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(folder_.File("x")).parent_path())) {
      names.insert(entry.path().filename());
    }
    return names;
  }

  test::TempDir folder_;
};

TEST_F(WholeFile, RemovesOldLeftoversAlone) {
  using std::chrono::minutes;
  Make("web.pem", minutes(60));
  Make("web.pem.backup", minutes(60));
  Make("web.pem.credmint-abcdef", minutes(60));
  Make("web.pem.credmint-abcdefg", minutes(60));
  Make("web.pem.credmint-ABCDEF", minutes(1));
  Make("other.pem.credmint-abcdef", minutes(60));
  RemoveLeftovers(Path("web.pem"));
  EXPECT_EQ(Names(),
            (std::set<std::string>{"web.pem", "web.pem.backup", "web.pem.credmint-abcdefg",
                                   "web.pem.credmint-ABCDEF", "other.pem.credmint-abcdef"}));
  RemoveLeftovers(Path("web.pem"), minutes(0));
  EXPECT_FALSE(Names().contains("web.pem.credmint-ABCDEF"));
}

TEST_F(WholeFile, LeavesNothingBeside) {
  ASSERT_TRUE(ReplaceFile(Path("web.pem"), "one"));
  ASSERT_TRUE(ReplaceFile(Path("web.pem"), "two"));
  EXPECT_FALSE(WriteNewFile(Path("web.pem"), "three"));
  EXPECT_EQ(Names(), std::set<std::string>{"web.pem"});
}

}  // namespace
}  // namespace credmint
