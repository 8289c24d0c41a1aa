// SPDX-License-Identifier: Apache-2.0
#include "base/random_fraction.h"

#include <random>

namespace credmint {

double RandomFraction() {
  std::random_device device;
  return std::uniform_real_distribution<double>(0.0, 1.0)(device);
}

}  // namespace credmint
