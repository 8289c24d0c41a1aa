// SPDX-License-Identifier: Apache-2.0
#include "http/response_collector.h"

#include <string.h>

#include <utility>

namespace credmint {

std::string_view TrimBlanks(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

ResponseCollector::ResponseCollector() { body_.reserve(kMaxBodyBytes); }

ResponseCollector::~ResponseCollector() { explicit_bzero(body_.data(), body_.size()); }

HttpResponse ResponseCollector::Take(int status) {
  return {status, std::move(headers_), Secret::Take(body_)};
}

bool ResponseCollector::AddHeader(std::string_view line) noexcept {
  header_bytes_ += line.size();
  if (header_bytes_ > kMaxHeaderBytes) {
    excess_ = Excess::kHeader;
    return false;
  }
  if (line.starts_with("HTTP/")) headers_.clear();  // an interim response preceded this one
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    headers_.emplace_back(line.substr(0, colon), TrimBlanks(line.substr(colon + 1)));
  }
  return true;
}

bool ResponseCollector::AddBody(std::string_view part) noexcept {
  if (part.size() > kMaxBodyBytes - body_.size()) {
    excess_ = Excess::kBody;
    return false;
  }
  body_.insert(body_.end(), part.begin(), part.end());
  return true;
}

}  // namespace credmint
