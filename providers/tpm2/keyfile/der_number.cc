// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/der_number.h"

#include "ossl/der_element.h"

namespace credmint::tpm2 {

Bytes DerNumber(std::uint32_t value) {
  Bytes digits;
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    const auto digit = static_cast<std::uint8_t>(value >> (shift - 8));
    if (digit != 0 || !digits.empty()) digits.push_back(digit);
  }
  if (digits.empty() || digits.front() >= 0x80) digits.insert(digits.begin(), 0);
  return DerElement(kDerInteger, {digits});
}

std::optional<std::uint32_t> ReadUint32(ByteView integer) {
  if (integer.size() == 5 && integer.front() == 0) integer = integer.subspan(1);
  if (integer.empty() || integer.size() > 4) return std::nullopt;
  if (integer.size() < 4 && (integer.front() & 0x80U) != 0) return std::nullopt;
  std::uint32_t number = 0;
  for (const std::uint8_t byte : integer) number = (number << 8U) | byte;
  return number;
}

}  // namespace credmint::tpm2
