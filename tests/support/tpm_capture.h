// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace credmint::test {

/// One TPM command, as tpm2-tss's "pcap" TCTI recorded it.
struct CapturedCommand {
  std::uint32_t code = 0;    ///< TPM2_CC_…
  std::uint32_t answer = 0;  ///< response code, 0 for success
  std::vector<std::uint8_t> bytes;
};

/// The commands in a pcap-ng file, in order; empty if the file does not exist. Blocks without TPM
/// traffic are skipped.
std::vector<CapturedCommand> ReadTpmCapture(const std::filesystem::path& file);

/// The command codes alone.
std::vector<std::uint32_t> ReadTpmCommandCodes(const std::filesystem::path& file);

}  // namespace credmint::test
