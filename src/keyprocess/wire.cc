// SPDX-License-Identifier: Apache-2.0
#include "keyprocess/wire.h"

#include <string.h>

#include "base/printable.h"

namespace credmint::keyprocess {

WireWriter::~WireWriter() {
  if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
}

void WireWriter::PutNumber(std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) PutByte(static_cast<std::uint8_t>(value >> shift));
}

void WireWriter::PutText(std::string_view text) {
  PutNumber(static_cast<std::uint32_t>(text.size()));
  Append(text);
}

void WireWriter::PutBytes(ByteView bytes) {
  PutText({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Secret WireWriter::Take() {
  Secret body = Secret::Take(bytes_);
  bytes_.clear();
  return body;
}

/// A vector that grows leaves its old bytes behind, so it is replaced by hand.
void WireWriter::Append(std::string_view bytes) {
  const std::size_t needed = bytes_.size() + bytes.size();
  if (needed > bytes_.capacity()) {
    std::vector<char> larger;
    larger.reserve(2 * needed);
    larger.assign(bytes_.begin(), bytes_.end());
    if (!bytes_.empty()) explicit_bzero(bytes_.data(), bytes_.size());
    bytes_.swap(larger);
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

std::string_view WireReader::Take(std::size_t size) {
  if (size > rest_.size()) failed_ = true;
  if (failed_) return {};
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint8_t WireReader::GetByte() {
  const std::string_view taken = Take(1);
  return taken.empty() ? 0 : static_cast<std::uint8_t>(taken.front());
}

std::uint32_t WireReader::GetNumber() {
  std::uint32_t value = 0;
  for (const char byte : Take(4)) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

std::string_view WireReader::GetRaw() { return Take(GetNumber()); }

std::string WireReader::GetText() { return PrintableUtf8(GetRaw()); }

Bytes WireReader::GetBytes() {
  const std::string_view raw = GetRaw();
  return {raw.begin(), raw.end()};
}

std::uint32_t WireReader::GetCount() {
  constexpr std::size_t kSmallestItem = 4;
  const std::uint32_t count = GetNumber();
  if (count > rest_.size() / kSmallestItem) failed_ = true;
  return failed_ ? 0 : count;
}

Result<void> WireReader::Check() const {
  if (!failed_ && rest_.empty()) return {};
  return Fail(ErrorCode::kDevice, "the key process sent a message that cannot be understood");
}

}  // namespace credmint::keyprocess
