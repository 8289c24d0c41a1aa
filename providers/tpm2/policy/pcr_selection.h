// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <string>
#include <string_view>

#include "base/error.h"

namespace credmint::tpm2 {

/// Parses the form of tpm2-tools, "sha256:0,7" or "sha1:16+sha256:0,7". Fails with kUsage.
Result<TPML_PCR_SELECTION> ParsePcrs(std::string_view text);

/// The PCRs for people: "0, 7 (sha256) and 16 (sha1)".
std::string NamePcrs(const TPML_PCR_SELECTION& selection);

}  // namespace credmint::tpm2
