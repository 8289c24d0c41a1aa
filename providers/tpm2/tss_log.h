#pragma once

namespace credmint::tpm2 {

/// Keeps tpm2-tss from writing to stderr, which belongs to the application: sets TSS2_LOG to
/// "all+NONE" unless the user has set it. Must be called before the first use of tpm2-tss, which
/// reads the variable once; later calls do nothing.
void SilenceTssLog();

}  // namespace credmint::tpm2
