// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// A random number from [0, 1), for spreading what many machines would do at the same time.
double RandomFraction();

}  // namespace credmint
