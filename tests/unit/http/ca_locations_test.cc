// SPDX-License-Identifier: Apache-2.0
#include "http/ca_locations.h"

#include <gtest/gtest.h>

#include <map>

#include "support/temp_dir.h"

namespace credmint {
namespace {

class CaLocationsTest : public testing::Test {
 protected:
  void AddFile(const char* name) const { static_cast<void>(temp_dir_.Write(name, "x")); }

  [[nodiscard]] CaLocations Find(const std::string& ca_bundle,
                                 const std::map<std::string, std::string>& variables) const {
    const auto environment = [&](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found != variables.end() ? std::optional(found->second) : std::nullopt;
    };
    return FindCaLocations(ca_bundle, environment, directory_);
  }

  const test::TempDir temp_dir_;
  const std::string directory_ = temp_dir_.path();
};

TEST_F(CaLocationsTest, LeavesTheDefaultWhereThereIsNoHashedDirectory) {
  for (const char* name : {"ca-certificates.crt", "0179095f", "0179095f.", "0179095g.0",
                           "0179095f.r0", "0179095f.pem", "00179095f.0"}) {
    AddFile(name);
  }
  EXPECT_EQ(Find("", {}).file, std::nullopt);
  EXPECT_EQ(Find("", {}).directory, std::nullopt);
  const CaLocations missing = FindCaLocations(
      "", [](const char*) { return std::nullopt; }, directory_ + "/missing");
  EXPECT_EQ(missing.directory, std::nullopt);
}

TEST_F(CaLocationsTest, PrefersAHashedDirectoryToTheBundle) {
  AddFile("ca-certificates.crt");
  AddFile("0179095f.0");
  EXPECT_EQ(Find("", {}).file, std::nullopt);
  EXPECT_EQ(Find("", {}).directory, directory_);
}

TEST_F(CaLocationsTest, PrefersTheEnvironment) {
  AddFile("0179095f.0");
  EXPECT_EQ(Find("", {{"SSL_CERT_FILE", "f"}}).file, "f");
  EXPECT_EQ(Find("", {{"SSL_CERT_FILE", "f"}}).directory, std::nullopt);
  EXPECT_EQ(Find("", {{"SSL_CERT_DIR", "d"}}).file, std::nullopt);
  EXPECT_EQ(Find("", {{"SSL_CERT_DIR", "d"}}).directory, "d");
}

TEST_F(CaLocationsTest, TrustsNothingBesidesTheBundleThatWasNamed) {
  AddFile("0179095f.0");
  const CaLocations found = Find("bundle.pem", {{"SSL_CERT_FILE", "f"}, {"SSL_CERT_DIR", "d"}});
  EXPECT_EQ(found.file, "bundle.pem");
  EXPECT_EQ(found.directory, std::nullopt);
}

}  // namespace
}  // namespace credmint
