// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tcti.h"

#include <errno.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace credmint::tpm2 {
namespace {

std::map<std::string, std::string>& Variables() {
  static std::map<std::string, std::string> variables;
  return variables;
}

const char* Look(const char* name) {
  const auto found = Variables().find(name);
  return found == Variables().end() ? nullptr : found->second.c_str();
}

class TctiTest : public testing::Test {
 protected:
  TctiTest() { Variables().clear(); }
};

std::map<std::string, FileKind>& Files() {
  static std::map<std::string, FileKind> files;
  return files;
}

FileKind KindOf(const char* path) {
  const auto found = Files().find(path);
  return found == Files().end() ? FileKind::kAbsent : found->second;
}

TEST_F(TctiTest, TakesTheBareDeviceWhereTheResourceManagerIsAbsent) {
  const auto choose = [](std::map<std::string, FileKind> files) {
    Files() = std::move(files);
    return *ChooseTcti(std::nullopt, std::nullopt, Look, KindOf);
  };
  EXPECT_EQ(choose({}), "device:/dev/tpmrm0");
  EXPECT_EQ(choose({{"/dev/tpm0", FileKind::kDevice}}), "device:/dev/tpm0");
  EXPECT_EQ(choose({{"/dev/tpm0", FileKind::kOther}}), "device:/dev/tpmrm0");
  EXPECT_EQ(choose({{"/dev/tpm0", FileKind::kDevice}, {"/dev/tpmrm0", FileKind::kDevice}}),
            "device:/dev/tpmrm0");
}

TEST_F(TctiTest, TakesTheDeviceOfTheVariableAfterAllTctis) {
  Files() = {{"/dev/tpm1", FileKind::kDevice}, {"/run/swtpm.sock", FileKind::kSocket}};
  const auto choose = [] { return *ChooseTcti(std::nullopt, std::nullopt, Look, KindOf); };
  Variables()["TPM_DEVICE"] = "";
  EXPECT_EQ(choose(), "device:/dev/tpmrm0");
  Variables()["TPM_DEVICE"] = "/dev/tpm1";
  EXPECT_EQ(choose(), "device:/dev/tpm1");
  Variables()["TPM_DEVICE"] = "/dev/missing";
  EXPECT_EQ(choose(), "device:/dev/missing");
  Variables()["TPM_DEVICE"] = "/run/swtpm.sock";
  EXPECT_EQ(choose(), "swtpm:path=/run/swtpm.sock");
  Variables()["TPM2OPENSSL_TCTI"] = "device:3";
  EXPECT_EQ(choose(), "device:3");
}

TEST_F(TctiTest, RefusesWhatIsNoDeviceInTheVariableForOne) {
  Files() = {{"/etc/file", FileKind::kOther}, {"/run/a,host=b", FileKind::kSocket}};
  for (const char* path :
       {"cmd:touch ran", "device:/dev/tpm0", "tpm0", "./evil.so", "/etc/file", "/run/a,host=b"}) {
    Variables()["TPM_DEVICE"] = path;
    const auto chosen = ChooseTcti(std::nullopt, std::nullopt, Look, KindOf);
    ASSERT_FALSE(chosen) << path;
    EXPECT_EQ(chosen.error().code, ErrorCode::kUsage) << path;
    EXPECT_NE(chosen.error().message.find("TPM_DEVICE"), std::string::npos);
  }
}

TEST_F(TctiTest, RefusesCodeFromTheEnvironment) {
  for (const char* tcti : {"cmd:tpm2_send", "cmd", "tcti-cmd:x", "pcap:cmd:x", "pcap:pcap:cmd:x",
                           "/tmp/evil:x", "./evil", "evil.so", "libtss2-tcti-cmd.so.0:x",
                           "libtss2-tcti-cmd:x", "tcti-pcap:cmd:x", "pcap:/tmp/evil.so:x"}) {
    Variables()["TSS2_TCTI"] = tcti;
    const auto chosen = ChooseTcti(std::nullopt, std::nullopt, Look);
    ASSERT_FALSE(chosen) << tcti;
    EXPECT_EQ(chosen.error().code, ErrorCode::kUsage);
    EXPECT_EQ(chosen.error().message,
              "the environment variable TSS2_TCTI names a TCTI that runs a program or loads a "
              "library: '" +
                  std::string(tcti) + "'");
  }
}

TEST_F(TctiTest, AllowsDevicesAndSocketsFromTheEnvironment) {
  for (const char* tcti :
       {"device:/dev/tpm0", "swtpm:path=/run/x.so", "swtpm:host=127.0.0.1,port=2321", "tabrmd",
        "tabrmd:bus_type=session", "pcap:swtpm:path=/x", "pcap:device:/dev/tpm0"}) {
    Variables()["TPM2TOOLS_TCTI"] = tcti;
    EXPECT_EQ(ChooseTcti(std::nullopt, std::nullopt, Look).value_or("refused"), tcti);
  }
}

TEST_F(TctiTest, TrustsParameterAndSetting) {
  Variables()["TPM2TOOLS_TCTI"] = "cmd:x";
  EXPECT_EQ(*ChooseTcti("cmd:p", "cmd:s", Look), "cmd:p");
  EXPECT_EQ(*ChooseTcti(std::nullopt, "cmd:s", Look), "cmd:s");
}

TEST_F(TctiTest, LooksInOrderAndSkipsWhatIsEmpty) {
  Files().clear();
  EXPECT_EQ(*ChooseTcti(std::nullopt, std::nullopt, Look, KindOf), "device:/dev/tpmrm0");
  EXPECT_EQ(*ChooseTcti("", "", Look, KindOf), "device:/dev/tpmrm0");
  Variables()["TPM2OPENSSL_TCTI"] = "device:3";
  EXPECT_EQ(*ChooseTcti("", "", Look), "device:3");
  Variables()["TSS2_TCTI"] = "device:2";
  EXPECT_EQ(*ChooseTcti("", "", Look), "device:2");
  Variables()["TPM2TOOLS_TCTI"] = "";
  EXPECT_EQ(*ChooseTcti("", "", Look), "device:2");
  Variables()["TPM2TOOLS_TCTI"] = "device:1";
  EXPECT_EQ(*ChooseTcti("", "", Look), "device:1");
  EXPECT_EQ(*ChooseTcti("", "device:s", Look), "device:s");
  EXPECT_EQ(*ChooseTcti("device:p", "device:s", Look), "device:p");
}

TEST(CannotConnectTest, GivesTheWordsOfTheSystemWhereTheSystemFailed) {
  const auto message = [](TSS2_RC code, int system_error) {
    return CannotConnect("device:/dev/tpm0", code, system_error).message;
  };
  EXPECT_EQ(message(TSS2_TCTI_RC_IO_ERROR, EACCES),
            "cannot open the TPM (device:/dev/tpm0): Permission denied");
  EXPECT_EQ(message(TSS2_TCTI_RC_IO_ERROR, 0),
            "cannot open the TPM (device:/dev/tpm0): tcti:IO failure (0xa000a)");
  EXPECT_EQ(message(TSS2_TCTI_RC_BAD_VALUE, EACCES).find("Permission"), std::string::npos);
}

TEST(CannotConnectTest, KnowsWhatHelpsWithADevice) {
  const auto hint = [](const char* tcti, int system_error) {
    return CannotConnect(tcti, TSS2_TCTI_RC_IO_ERROR, system_error).hint;
  };
  EXPECT_EQ(hint("device:/dev/tpmrm0", EACCES), "members of the group tss may use it");
  EXPECT_EQ(hint("device:/dev/tpm0", EBUSY),
            "another program holds the device; /dev/tpmrm0 can be shared, /dev/tpm0 cannot");
  EXPECT_EQ(hint("device:/dev/tpm0", ENOENT), "is there a TPM?");
  EXPECT_EQ(hint("swtpm:path=/absent/x", ENOENT), "does swtpm run?");
}

TEST(CannotConnectTest, NamesAnotherWayWhereThatMayHelp) {
  const auto remedy = [](const char* tcti, int system_error) {
    return CannotConnect(tcti, TSS2_TCTI_RC_IO_ERROR, system_error).remedy;
  };
  EXPECT_EQ(remedy("swtpm:path=/x", EACCES), Remedy::kNameTcti);
  EXPECT_EQ(remedy("device:/dev/tpm0", ENOENT), Remedy::kNameTcti);
  EXPECT_EQ(remedy("device:/dev/tpm0", EACCES), Remedy::kNone);
  EXPECT_EQ(remedy("device:/dev/tpm0", EBUSY), Remedy::kNone);
}

}  // namespace
}  // namespace credmint::tpm2
