// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint::serve {

/// The headers of the metadata service, as clients send them (CONTRACT section 6).
inline constexpr const char* kTokenHeader = "X-aws-ec2-metadata-token";
inline constexpr const char* kTtlHeader = "X-aws-ec2-metadata-token-ttl-seconds";

}  // namespace credmint::serve
