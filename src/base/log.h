// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint {

enum class LogFormat { kText, kJson };

/// Where a running program says what it is doing: stderr, one line an event. Silent until
/// configured, and below `debug` in normal use: AWS's C++ SDK reads stderr as part of the
/// credentials, so a successful command writes nothing (CONTRACT section 5).
///
/// No secret is ever passed in here: a Secret does not convert to text by itself.
void ConfigureLog(bool debug, LogFormat format);

void LogDebug(std::string_view message);
void LogWarning(std::string_view message);

}  // namespace credmint
