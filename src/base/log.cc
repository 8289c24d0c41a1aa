// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "base/standard_error.h"

namespace credmint {
namespace {

/// Escapes a message so that it stays on one line and, in JSON, inside its quotes. A service or a
/// file may have supplied part of it.
std::string OneLine(std::string_view message) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string line;
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      line += "\\u00";
      line += kDigits[byte >> 4U];
      line += kDigits[byte & 0x0fU];
    } else {
      line += c;
    }
  }
  return line;
}

LogOptions& Options() {
  static LogOptions options;
  return options;
}

/// The priorities of syslog(3), without "critical" and above.
std::string PriorityOf(LogLevel level) {
  if (!Options().has_priorities) return {};
  return fmt::format("<{}>", static_cast<int>(level) + 3);
}

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kError:
      return "error";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kNotice:
      return "notice";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kDebug:
      break;
  }
  return "debug";
}

class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const bool warns = message.level == spdlog::level::warn;
    WriteStandardError(PriorityOf(warns ? LogLevel::kWarning : LogLevel::kDebug) +
                       std::string(line.data(), line.size()));
  }
  void flush_() override {}
};

std::function<void(bool, std::string_view)>& Listener() {
  static auto* const kListener = new std::function<void(bool, std::string_view)>;
  return *kListener;
}

void Log(spdlog::level::level_enum level, std::string_view message) {
  if (!spdlog::should_log(level)) return;
  if (Listener()) return Listener()(level == spdlog::level::warn, message);
  spdlog::log(level, OneLine(message));
}

std::string TextOf(const LogEvent& event) {
  const std::string priority = PriorityOf(event.level);
  const std::string role =
      event.role.empty() ? "" : fmt::format("role {}: ", PrintableUtf8(event.role));
  std::string text = fmt::format("{}credmint: {}{}{}\n", priority,
                                 event.level == LogLevel::kWarning ? "warning: " : "", role,
                                 PrintableUtf8(event.message));
  if (!event.hint.empty()) {
    text += fmt::format("{}hint: {}\n", priority, PrintableUtf8(event.hint));
  }
  return text;
}

std::string MemberOf(std::string_view name, std::string_view value) {
  return value.empty()
             ? ""
             : fmt::format(R"(,"{}":"{}")", name, OneLine(PrintableUtf8(std::string(value))));
}

std::string Now() {
  const auto now = std::chrono::system_clock::now();
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(now)), since.count() % 1000);
}

std::string JsonOf(const LogEvent& event) {
  std::string text = fmt::format(R"({}{{"time":"{}","level":"{}")", PriorityOf(event.level), Now(),
                                 LevelName(event.level));
  text += MemberOf("code", event.code);
  text += MemberOf("message", event.message);
  text += MemberOf("hint", event.hint);
  text += MemberOf("role", event.role);
  for (const auto& [name, value] : event.details) text += MemberOf(name, value);
  return text + "}\n";
}

}  // namespace

void ConfigureLog(const LogOptions& options) {
  Options() = options;
  auto logger = std::make_shared<spdlog::logger>("credmint", std::make_shared<StandardErrorSink>());
  logger->set_pattern(options.format == LogFormat::kJson
                          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})"
                          : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(options.level == LogLevel::kDebug ? spdlog::level::debug : spdlog::level::off);
  spdlog::set_default_logger(std::move(logger));
}

void SetLogListener(std::function<void(bool warning, std::string_view line)> listener) {
  Listener() = std::move(listener);
}

void LogDebug(std::string_view message) { Log(spdlog::level::debug, message); }

void LogWarning(std::string_view message) { Log(spdlog::level::warn, message); }

void Write(const LogEvent& event) {
  if (event.level > Options().level) return;
  WriteStandardError(Options().format == LogFormat::kJson ? JsonOf(event) : TextOf(event));
}

}  // namespace credmint
