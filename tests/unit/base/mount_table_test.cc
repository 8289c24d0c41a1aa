// SPDX-License-Identifier: Apache-2.0
#include "base/mount_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace credmint {
namespace {

using testing::ElementsAre;

constexpr const char* kTable =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "23 22 0:5 / /proc rw - proc proc rw\n"
    "30 22 8:2 / /home rw - ext4 /dev/sda2 rw\n"
    "31 22 8:2 /anna /mnt/anna\\040b rw - ext4 /dev/sda2 rw\n"
    "32 22 8:2 /anna/.ssh/more /mnt/part rw - ext4 /dev/sda2 rw\n"
    "33 22 8:1 /etc /srv/etc rw - ext4 /dev/sda1 rw\n";

std::vector<std::string> Others(const std::string& path) { return WithOtherMounts({path}, kTable); }

TEST(MountTableTest, FindsAFolderThatIsMountedTwice) {
  EXPECT_THAT(Others("/home/anna/.aws"), ElementsAre("/home/anna/.aws", "/mnt/anna b/.aws"));
  EXPECT_THAT(Others("/mnt/anna b/.aws"), ElementsAre("/mnt/anna b/.aws", "/home/anna/.aws"));
}

TEST(MountTableTest, FindsAMountedPartOfAFolder) {
  EXPECT_THAT(Others("/home/anna/.ssh"),
              ElementsAre("/home/anna/.ssh", "/mnt/anna b/.ssh", "/mnt/part"));
}

TEST(MountTableTest, KnowsTheRoot) {
  EXPECT_THAT(Others("/etc/credmint"), ElementsAre("/etc/credmint", "/srv/etc/credmint"));
  EXPECT_THAT(Others("/srv/etc/credmint"), ElementsAre("/srv/etc/credmint", "/etc/credmint"));
  EXPECT_THAT(Others("/usr"), ElementsAre("/usr"));
}

TEST(MountTableTest, ANameThatOnlyBeginsAlikeIsAnother) {
  EXPECT_THAT(Others("/home/annabel"), ElementsAre("/home/annabel"));
}

TEST(MountTableTest, LivesWithAnUnreadableTable) {
  EXPECT_THAT(WithOtherMounts({"/a"}, ""), ElementsAre("/a"));
  EXPECT_THAT(WithOtherMounts({"/a"}, "1 2 3\nx\n"), ElementsAre("/a"));
}

}  // namespace
}  // namespace credmint
