// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// Returns SHA-256 as 64 lower-case hexadecimal digits, without a library context. For names, not
/// for signatures. Fetching the digest from a provider takes 0.8 ms, as long as the rest of a cache
/// hit (tests/benchmarks/cache_hit.py).
std::string PlainSha256Hex(std::string_view message);

}  // namespace credmint
