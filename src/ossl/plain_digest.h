// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace credmint {

/// SHA-256 as 64 lower-case hexadecimal digits, without a library context: for names, not for
/// signatures. To fetch the digest from a provider takes 0.8 ms, as much as all else that a
/// cache hit does (tests/benchmarks/cache_hit.py).
std::string PlainSha256Hex(std::string_view message);

}  // namespace credmint
