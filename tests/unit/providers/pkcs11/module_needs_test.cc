// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/module_needs.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace credmint::pkcs11 {
namespace {

bool Has(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

class ModuleNeedsTest : public testing::Test {
 protected:
  std::string Make(const std::string& name) {
    std::ofstream(folder_.path().string() + "/" + name) << "x";
    return folder_.path().string() + "/" + name;
  }

  test::TempDir folder_;
};

TEST_F(ModuleNeedsTest, SoftHsmNeedsItsTokens) {
  const std::string configuration = folder_.path().string() + "/softhsm2.conf";
  std::ofstream(configuration)
      << "# tokens\nlog.level = ERROR\n directories.tokendir =  /my/tokens # here\n";
  setenv("SOFTHSM2_CONF", configuration.c_str(), 1);
  const ForeignNeeds needs = NeedsOf(Make("libsofthsm2.so"));
  unsetenv("SOFTHSM2_CONF");
  EXPECT_TRUE(needs.complete);
  EXPECT_FALSE(needs.network || needs.unix_sockets || needs.programs);
  EXPECT_EQ(needs.writable, std::vector<std::string>{"/my/tokens"});
  EXPECT_TRUE(Has(needs.readable, configuration));
  EXPECT_TRUE(Has(needs.readable, folder_.path().string()));
}

TEST_F(ModuleNeedsTest, SoftHsmWithoutAKnownFolderIsLikeAnyOther) {
  const std::string configuration = folder_.File("softhsm2.conf");
  std::ofstream(configuration) << "log.level = ERROR\n";
  setenv("SOFTHSM2_CONF", configuration.c_str(), 1);
  const ForeignNeeds needs = NeedsOf(Make("libsofthsm2.so"));
  unsetenv("SOFTHSM2_CONF");
  EXPECT_FALSE(needs.complete);
  EXPECT_TRUE(needs.network && needs.unix_sockets);
}

TEST_F(ModuleNeedsTest, AReaderNeedsSocketsAndNoNetwork) {
  for (const char* name : {"opensc-pkcs11.so", "onepin-opensc-pkcs11.so", "libykcs11.so.2"}) {
    const ForeignNeeds needs = NeedsOf(Make(name));
    EXPECT_TRUE(needs.complete && needs.unix_sockets) << name;
    EXPECT_FALSE(needs.network || needs.programs) << name;
  }
}

TEST_F(ModuleNeedsTest, TheProxyMayStartPrograms) {
  const ForeignNeeds needs = NeedsOf(Make("p11-kit-proxy.so"));
  EXPECT_TRUE(needs.programs && needs.network && needs.unix_sockets);
  EXPECT_FALSE(needs.complete);
}

TEST_F(ModuleNeedsTest, AnyOtherModuleMayNeedAnything) {
  for (const std::string& path : {Make("libCryptoki2.so"), std::string("no-such-module.so")}) {
    const ForeignNeeds needs = NeedsOf(path);
    EXPECT_FALSE(needs.complete) << path;
    EXPECT_TRUE(needs.network && needs.unix_sockets) << path;
    EXPECT_FALSE(needs.programs) << path;
  }
}

TEST_F(ModuleNeedsTest, ALinkIsTheModuleBehindIt) {
  const std::string real = Make("libsofthsm2.so");
  const std::string link = folder_.path().string() + "/vendor.so";
  ASSERT_EQ(symlink(real.c_str(), link.c_str()), 0);
  EXPECT_TRUE(NeedsOf(link).complete);
}

}  // namespace
}  // namespace credmint::pkcs11
