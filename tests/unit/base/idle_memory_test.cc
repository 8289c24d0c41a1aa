// SPDX-License-Identifier: Apache-2.0
#include "base/idle_memory.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace credmint {
namespace {

/// The resident code, in KiB, of libraries whose path contains `name`. Reads /proc/self/smaps
/// without the code under test.
std::size_t ResidentCode(const std::string& name) {
  std::ifstream smaps("/proc/self/smaps");
  std::size_t total = 0;
  bool counts = false;
  for (std::string line; std::getline(smaps, line);) {
    if (line.find(" r-xp ") != std::string::npos)
      counts = line.find(name) != std::string::npos;
    else if (line.find('-') < line.find(':'))
      counts = false;
    else if (counts && line.starts_with("Rss:"))
      total += std::stoul(line.substr(4));
  }
  return total;
}

std::string Sha256OfNothing() {
  std::array<unsigned char, 32> digest{};
  EVP_Q_digest(nullptr, "SHA256", nullptr, "", 0, digest.data(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    std::array<char, 3> text{};
    snprintf(text.data(), text.size(), "%02x", byte);
    hex += text.data();
  }
  return hex;
}

constexpr const char* kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(IdleMemoryTest, LetsCodeGoThatComesBack) {
  ASSERT_EQ(Sha256OfNothing(), kSha256OfNothing);
  const std::size_t before = ResidentCode("/libcrypto.so");
  ASSERT_GT(before, 500);
  ReleaseIdleMemory();
  EXPECT_LT(ResidentCode("/libcrypto.so"), before / 4);
  EXPECT_EQ(Sha256OfNothing(), kSha256OfNothing);
}

TEST(IdleMemoryTest, GivesFreeMemoryBack) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has a heap of its own";
#endif
  const auto anonymous = [] {
    std::ifstream smaps("/proc/self/smaps_rollup");
    for (std::string line; std::getline(smaps, line);) {
      if (line.starts_with("Anonymous:")) return std::stoul(line.substr(10));
    }
    return std::numeric_limits<unsigned long>::max();
  };
  std::vector<std::string> texts(4096, std::string(4096, 'x'));
  const std::string last(4096, 'x');  // lies above all others in the heap
  const auto before = anonymous();
  texts.clear();
  texts.shrink_to_fit();
  ReleaseIdleMemory();
  EXPECT_LT(anonymous() + (8 << 10), before);
}

// A constant in its own page, which the test changes as a debugger's breakpoint would.
alignas(64 << 10) constexpr std::array<unsigned char, 64 << 10> kConstant = {1};

TEST(IdleMemoryTest, KeepsWhatDiffersFromTheFile) {
  auto* const address = const_cast<unsigned char*>(kConstant.data());
  volatile unsigned char* const byte = address;
  ASSERT_EQ(mprotect(address, sizeof kConstant, PROT_READ | PROT_WRITE), 0);
  *byte = 2;
  ASSERT_EQ(mprotect(address, sizeof kConstant, PROT_READ), 0);
  ReleaseIdleMemory();
  EXPECT_EQ(*byte, 2);
}

}  // namespace
}  // namespace credmint
