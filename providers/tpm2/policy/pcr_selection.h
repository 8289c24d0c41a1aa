// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tpm2_types.h>

#include <string>

namespace credmint::tpm2 {

/// The PCRs for people: "0, 7 (sha256) and 16 (sha1)".
std::string NamePcrs(const TPML_PCR_SELECTION& selection);

}  // namespace credmint::tpm2
