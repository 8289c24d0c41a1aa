// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// Replaces with "#" what differs between repetitions of one failure: dates, times of day, network
/// addresses with their ports, memory addresses and UUIDs. Numbers are replaced if they are a
/// duration, a port, an attempt or a process ("after 12 ms", "port 4711"). Other numbers stay,
/// because a response status or a device's error code distinguishes two failures.
std::string SteadyText(std::string_view message);

/// Remembers the last reported failure so that a lasting failure is reported once. Two failures are
/// the same if their SteadyText() is equal.
///
/// Not thread-safe.
class ReportedFailure {
 public:
  /// Stores the failure. Returns whether it differs from the previous one.
  bool Replace(const Error& error);

  /// Forgets the failure. Returns whether there was one.
  bool Clear();

  [[nodiscard]] bool has_value() const { return text_.has_value(); }

 private:
  std::optional<std::string> text_;
};

}  // namespace credmint
