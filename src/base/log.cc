// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

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

class StandardErrorSink final : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    WriteStandardError(std::string_view(line.data(), line.size()));
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

}  // namespace

void ConfigureLog(bool debug, LogFormat format) {
  auto logger = std::make_shared<spdlog::logger>("credmint", std::make_shared<StandardErrorSink>());
  logger->set_pattern(format == LogFormat::kJson
                          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":"%v"})"
                          : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                      spdlog::pattern_time_type::utc);
  logger->set_level(debug ? spdlog::level::debug : spdlog::level::off);
  spdlog::set_default_logger(std::move(logger));
}

void SetLogListener(std::function<void(bool warning, std::string_view line)> listener) {
  Listener() = std::move(listener);
}

void LogDebug(std::string_view message) { Log(spdlog::level::debug, message); }

void LogWarning(std::string_view message) { Log(spdlog::level::warn, message); }

}  // namespace credmint
