// SPDX-License-Identifier: Apache-2.0
#include "base/constant_time.h"

#include <cstddef>

namespace credmint {

bool EqualInConstantTime(std::string_view one, std::string_view other) {
  if (one.size() != other.size()) return false;
  volatile unsigned difference = 0;  // volatile: the compiler must not stop at a difference
  for (std::size_t i = 0; i < one.size(); ++i) {
    difference = difference | static_cast<unsigned>(one[i] ^ other[i]);
  }
  return difference == 0;
}

}  // namespace credmint
