// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credmint::test {

/// Variables to set in a child's environment, in addition to this process's own. An empty value
/// removes the variable.
using Environment = std::vector<std::pair<std::string, std::string>>;

/// The result of a finished program.
struct ProcessResult {
  int status = -1;  ///< exit status, or 128 plus the signal that ended it
  std::string out;
  std::string err;

  [[nodiscard]] bool ok() const { return status == 0; }
};

/// Runs a program, found in PATH, with `input` as its stdin, and waits for it to end. The child is
/// killed if this process dies. A program that cannot be started has status 127.
ProcessResult Run(const std::vector<std::string>& arguments, const Environment& environment = {},
                  std::string_view input = {});

/// The first of these programs that is not in PATH, if any.
std::optional<std::string> MissingProgram(const std::vector<std::string>& programs);

/// Whether a missing device emulator fails a test instead of skipping it: true if CI or
/// CREDMINT_REQUIRE_DEVICES is set.
bool DevicesRequired();

}  // namespace credmint::test
