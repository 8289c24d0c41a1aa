// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"
#include "tpm2/policy/policy.h"

namespace credmint::tpm2 {

/// Reads a policy as people write it: a line of hexadecimal digits for each step. They are the
/// command code, and then the body as ReadPolicyStep() takes it. Empty lines, and lines that begin
/// with #, are ignored.
///
/// PolicyPCR may also be written as openssl_tpm2_engine does: the TPML_PCR_SELECTION, and
/// then a digest without its size. The other steps that both have are the same.
///
/// Fails with kMalformed and the line's number, with kUsage for PolicyAuthorize, which is made from
/// a key, and as ReadPolicyStep().
Result<PolicySteps> ParsePolicyText(std::string_view text);

}  // namespace credmint::tpm2
