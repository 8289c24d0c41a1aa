// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint {

/// A message without what differs each time although it says the same: dates, times of day, network
/// addresses with their ports, addresses in memory, UUIDs, and numbers that are a duration, a port,
/// an attempt or a process ("after 12 ms", "port 4711"). Each becomes "#". Other numbers stay: the
/// status of an answer or the code of a device is what distinguishes two failures.
std::string SteadyText(std::string_view message);

/// The last failure that was reported, for those who report it once for as long as it lasts. Two
/// failures are the same if they have one SteadyText().
///
/// Not for use by several threads at once.
class ReportedFailure {
 public:
  /// Whether it is another failure than the last one, which it replaces.
  bool Replace(const Error& error);

  /// Nothing fails any more. Whether something did.
  bool Clear();

  [[nodiscard]] bool has_value() const { return text_.has_value(); }

 private:
  std::optional<std::string> text_;
};

}  // namespace credmint
