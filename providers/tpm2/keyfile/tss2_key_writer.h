// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "tpm2/keyfile/tss2_key_file.h"

namespace credmint::tpm2 {

/// Writes a key file in PEM, as draft-bottomley-tpm2-keys has it. The key must be loadable and
/// without signed policies, and its policy may have PolicyPCR and PolicyAuthValue only; fails with
/// kInternal otherwise.
Result<std::string> WriteTss2KeyFile(const Tss2KeyFile& key);

}  // namespace credmint::tpm2
