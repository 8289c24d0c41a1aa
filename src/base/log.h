// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

namespace credmint {

enum class LogFormat { kText, kJson };

/// Configures the log of a running program: stderr, one line per event. Silent until configured,
/// and in normal use without `debug`. AWS's C++ SDK reads stderr as part of the credentials, so a
/// successful command writes nothing (CONTRACT section 5).
///
/// Secrets are never logged: a Secret does not convert to text implicitly.
void ConfigureLog(bool debug, LogFormat format);

/// Gives each line to a function instead of stderr. For a process whose stderr is not the user's.
/// Call it while there is one thread.
void SetLogListener(std::function<void(bool warning, std::string_view line)> listener);

void LogDebug(std::string_view message);
void LogWarning(std::string_view message);

}  // namespace credmint
