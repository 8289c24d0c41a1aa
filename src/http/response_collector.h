// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace credmint {

/// The text without blanks and line ends around it.
std::string_view TrimBlanks(std::string_view text);

/// Collects a response as libcurl delivers it, up to a limit. The body may hold secrets, so it
/// stays in one buffer that never moves and is wiped.
class ResponseCollector {
 public:
  static constexpr std::size_t kMaxHeaderBytes = 64 << 10;
  static constexpr std::size_t kMaxBodyBytes = 1 << 20;

  enum class Excess { kNone, kHeader, kBody };

  ResponseCollector();
  ~ResponseCollector();
  ResponseCollector(const ResponseCollector&) = delete;
  ResponseCollector& operator=(const ResponseCollector&) = delete;

  static std::size_t OnHeader(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<ResponseCollector*>(self)->AddHeader({data, size}) ? size : 0;
  }
  static std::size_t OnBody(char* data, std::size_t, std::size_t size, void* self) {
    return static_cast<ResponseCollector*>(self)->AddBody({data, size}) ? size : 0;
  }

  /// The part that was too large, if that ended the transfer.
  [[nodiscard]] Excess excess() const { return excess_; }

  HttpResponse Take(int status);

 private:
  bool AddHeader(std::string_view line) noexcept;
  bool AddBody(std::string_view part) noexcept;

  Headers headers_;
  std::size_t header_bytes_ = 0;
  std::vector<char> body_;
  Excess excess_ = Excess::kNone;
};

}  // namespace credmint
