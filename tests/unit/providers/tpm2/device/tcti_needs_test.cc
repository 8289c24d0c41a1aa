// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tcti_needs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/temp_dir.h"

namespace credmint::tpm2 {
namespace {

TEST(TctiNeedsTest, ADeviceNeedsNothingElse) {
  const ForeignNeeds needs = NeedsOfTcti("device:/dev/tpmrm0");
  EXPECT_TRUE(needs.complete);
  EXPECT_EQ(needs.writable, std::vector<std::string>{"/dev/tpmrm0"});
  EXPECT_FALSE(needs.network || needs.unix_sockets || needs.programs);
}

TEST(TctiNeedsTest, ADeviceWithoutAPathIsOneOfTwo) {
  for (const char* tcti : {"device", "device:"}) {
    EXPECT_EQ(NeedsOfTcti(tcti).writable, (std::vector<std::string>{"/dev/tpmrm0", "/dev/tpm0"}));
  }
}

TEST(TctiNeedsTest, AResourceManagerNeedsItsBus) {
  const ForeignNeeds needs = NeedsOfTcti("tabrmd:bus_type=session");
  EXPECT_TRUE(needs.complete && needs.unix_sockets);
  EXPECT_FALSE(needs.network || needs.programs);
}

TEST(TctiNeedsTest, ASimulatorNeedsSockets) {
  for (const char* tcti : {"swtpm:path=/run/tpm", "swtpm:host=localhost,port=2321", "mssim"}) {
    const ForeignNeeds needs = NeedsOfTcti(tcti);
    EXPECT_TRUE(needs.complete && needs.network && needs.unix_sockets) << tcti;
    EXPECT_FALSE(needs.programs) << tcti;
  }
}

TEST(TctiNeedsTest, ARecordingNeedsItsFileToo) {
  const test::TempDir folder;
  const std::string file = folder.File("record");
  setenv("TCTI_PCAP_FILE", file.c_str(), 1);
  const ForeignNeeds needs = NeedsOfTcti("pcap:device:/dev/tpm0");
  unsetenv("TCTI_PCAP_FILE");
  EXPECT_EQ(needs.writable, (std::vector<std::string>{"/dev/tpm0", file}));
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST(TctiNeedsTest, ACommandIsAProgram) {
  EXPECT_TRUE(NeedsOfTcti("cmd:swtpm socket").programs);
  EXPECT_TRUE(NeedsOfTcti("libtss2-tcti-cmd:swtpm socket").programs);
  EXPECT_FALSE(NeedsOfTcti("/opt/lib/libtcti.so:x").complete);
}

}  // namespace
}  // namespace credmint::tpm2
