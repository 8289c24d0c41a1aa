// SPDX-License-Identifier: Apache-2.0
#include "attestation/structure_reader.h"

namespace credmint {

ByteView StructureReader::Take(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const ByteView taken = rest_.first(size);
  rest_ = rest_.subspan(size);
  return taken;
}

std::uint64_t StructureReader::Number(std::size_t size) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : Take(size)) number = (number << 8U) | byte;
  return number;
}

void AppendSized(Bytes& bytes, ByteView value) {
  bytes.push_back(static_cast<std::uint8_t>(value.size() >> 8U));
  bytes.push_back(static_cast<std::uint8_t>(value.size()));
  bytes.insert(bytes.end(), value.begin(), value.end());
}

}  // namespace credmint
