// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/der_writer.h"

namespace credmint::tpm2 {

Bytes Element(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  return credmint::DerElement(tag, parts);
}

Bytes DerNumber(std::uint32_t value) {
  Bytes digits;
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    const auto digit = static_cast<std::uint8_t>(value >> (shift - 8));
    if (digit != 0 || !digits.empty()) digits.push_back(digit);
  }
  if (digits.empty() || digits.front() >= 0x80) digits.insert(digits.begin(), 0);
  return Element(kDerInteger, {digits});
}

}  // namespace credmint::tpm2
