// SPDX-License-Identifier: Apache-2.0
#include "ossl/der_element.h"

#include <cstddef>

namespace credmint {
namespace {

constexpr std::size_t kShortLengths = 0x80;

/// The length octets of X.690 section 8.1.3.
void AppendLength(Bytes& der, std::size_t length) {
  if (length < kShortLengths) {
    der.push_back(static_cast<std::uint8_t>(length));
    return;
  }
  Bytes digits;
  for (; length > 0; length >>= 8) digits.push_back(static_cast<std::uint8_t>(length));
  der.push_back(static_cast<std::uint8_t>(kShortLengths + digits.size()));
  der.insert(der.end(), digits.rbegin(), digits.rend());
}

}  // namespace

Bytes DerElement(std::uint8_t tag, std::initializer_list<ByteView> parts) {
  std::size_t length = 0;
  for (const ByteView part : parts) length += part.size();
  Bytes der = {tag};
  AppendLength(der, length);
  for (const ByteView part : parts) der.insert(der.end(), part.begin(), part.end());
  return der;
}

}  // namespace credmint
