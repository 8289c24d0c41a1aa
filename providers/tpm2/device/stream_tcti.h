// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tcti.h>

#include "base/descriptor.h"

namespace credmint::tpm2 {

/// A TCTI that writes commands to a stream socket and reads the answers from it, with nothing
/// around them: what tpm2-abrmd speaks on the sockets that it gives out. Null without memory.
///
/// For FreeStreamTcti(); not for Tss2_TctiLdr_Finalize().
TSS2_TCTI_CONTEXT* MakeStreamTcti(Descriptor socket);
void FreeStreamTcti(TSS2_TCTI_CONTEXT* tcti);

}  // namespace credmint::tpm2
