// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace credmint {

enum class LogFormat { kText, kJson };

/// In the order of importance. The names and meanings are those of syslog(3).
enum class LogLevel : std::uint8_t {
  kError,    ///< a failure
  kWarning,  ///< a condition that does not stop the command
  kNotice,   ///< an event that somebody may wait for, such as the end of a failure
  kInfo,     ///< a record of normal work
  kDebug,    ///< each step
};

struct LogOptions {
  LogLevel level = LogLevel::kNotice;  ///< the least important that is written
  LogFormat format = LogFormat::kText;
  bool has_priorities = false;  ///< each line begins with "<3>" to "<7>" (sd-daemon(3))
};

/// Configures the log of a running program: stderr, one line per event. Silent until configured,
/// except for LogEvent(). AWS's C++ SDK reads stderr as part of the credentials, so a successful
/// command writes nothing (CONTRACT section 5).
///
/// Secrets are never logged: a Secret does not convert to text implicitly. Call it while there is
/// one thread.
void ConfigureLog(const LogOptions& options);

/// Gives each line to a function instead of stderr. For a process whose stderr is not the user's.
/// Call it while there is one thread.
void SetLogListener(std::function<void(bool warning, std::string_view line)> listener);

/// Steps of the program. Both are written at kDebug only.
void LogDebug(std::string_view message);
void LogWarning(std::string_view message);

/// Something that a command tells its user, besides its result.
struct LogEvent {
  LogLevel level = LogLevel::kError;
  std::string message;
  std::string code = {};  ///< of a failure
  std::string hint = {};
  std::string role = {};  ///< empty: none
  /// By name; JSON alone. Empty ones are omitted.
  std::vector<std::pair<std::string, std::string>> details = {};
};

/// Writes it, if its level is to be written:
///
///     credmint: role web: it failed
///     hint: what to do
///
/// "credmint: warning: " begins a warning. As JSON, it is one object in a line:
///
///     {"time", "level", "code"?, "message", "hint"?, "role"?, and the details}
///
/// Control characters become '?', because a message may quote the answer of a hostile server.
void Write(const LogEvent& event);

}  // namespace credmint
