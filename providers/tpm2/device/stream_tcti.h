// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_tcti.h>

#include "base/descriptor.h"

namespace credmint::tpm2 {

/// A TCTI that writes commands to a stream socket and reads the replies from it, without any
/// framing. The sockets that tpm2-abrmd hands out work like this. Returns null when out of memory.
///
/// Free it with FreeStreamTcti(), not with Tss2_TctiLdr_Finalize().
TSS2_TCTI_CONTEXT* MakeStreamTcti(Descriptor socket);
void FreeStreamTcti(TSS2_TCTI_CONTEXT* tcti);

}  // namespace credmint::tpm2
