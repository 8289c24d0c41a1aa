// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/handles.h"

namespace credmint::keyprocess {

/// Encodes the body of a message: integers big-endian, texts and byte strings with their length in
/// four bytes in front. The bytes may contain secrets, so every buffer is wiped.
class WireWriter {
 public:
  WireWriter() = default;
  ~WireWriter();
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  void PutByte(std::uint8_t value) { Append({reinterpret_cast<const char*>(&value), 1}); }
  void PutNumber(std::uint32_t value);
  void PutText(std::string_view text);
  void PutBytes(ByteView bytes);

  /// The bytes written so far.
  [[nodiscard]] Secret Take();

 private:
  void Append(std::string_view bytes);

  std::vector<char> bytes_;
};

/// Decodes such a body. The other process may be hostile: after the first byte that is missing or
/// wrong, every further value is empty, and Check() fails.
class WireReader {
 public:
  /// `body` must outlive the reader.
  explicit WireReader(std::string_view body) : rest_(body) {}

  [[nodiscard]] std::uint8_t GetByte();
  [[nodiscard]] std::uint32_t GetNumber();
  /// A text that the other process made: UTF-8, no control characters. Others are replaced.
  [[nodiscard]] std::string GetText();
  [[nodiscard]] std::string_view GetRaw();
  [[nodiscard]] Bytes GetBytes();
  /// How many items of a list follow, each at least four bytes long.
  [[nodiscard]] std::uint32_t GetCount();

  /// Fails with kDevice unless the body was read to its end without a mistake.
  [[nodiscard]] Result<void> Check() const;

 private:
  [[nodiscard]] std::string_view Take(std::size_t size);

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace credmint::keyprocess
