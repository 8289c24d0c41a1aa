// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// Returns a random number in [0, 1), used to spread out simultaneous actions of many machines.
double RandomFraction();

}  // namespace credmint
