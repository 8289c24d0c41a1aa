// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace credmint {

/// How often signatures took how long. Each bucket counts those that took at most its limit; the
/// last one counts the rest.
struct SigningTimes {
  static constexpr std::array kLimits = {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0};  // s

  std::array<std::uint64_t, kLimits.size() + 1> buckets{};
  double sum = 0;  ///< seconds

  void Add(double seconds);
};

/// The process that opens the stores of one device, and its predecessors.
struct StoreFigures {
  std::string device;                         ///< "the TPM"
  bool runs = false;                          ///< there is a process now
  std::map<std::string, std::uint64_t> ends;  ///< by cause: "crashed", "exited", "hung"
  SigningTimes signing;
  std::string printed;  ///< the last line of output, made printable; empty if there was none
};

}  // namespace credmint
