// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "tpm2/keyfile/tss2_key_file.h"

namespace credmint::tpm2 {

/// Writes a key file in PEM, as draft-bottomley-tpm2-keys has it. The key must be loadable and
/// without signed policies; fails with kInternal otherwise.
Result<std::string> WriteTss2KeyFile(const Tss2KeyFile& key);

/// A key file that was read, in PEM, as it is.
Result<std::string> CopyTss2KeyFile(const Tss2KeyFile& key);

/// A key file that was read, in PEM, with one more signed policy. The new one comes first, or alone
/// unless the earlier ones shall be kept. All else stays as it is. Fails with kUsage if the file
/// has as many as there may be.
Result<std::string> PutSignedPolicy(const Tss2KeyFile& key, const SignedPolicy& policy,
                                    bool keep_old);

}  // namespace credmint::tpm2
