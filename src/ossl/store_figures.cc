// SPDX-License-Identifier: Apache-2.0
#include "ossl/store_figures.h"

#include <algorithm>

namespace credmint {

void SigningTimes::Add(double seconds) {
  const auto* limit = std::lower_bound(kLimits.begin(), kLimits.end(), seconds);
  ++buckets.at(static_cast<std::size_t>(limit - kLimits.begin()));
  sum += seconds;
}

}  // namespace credmint
