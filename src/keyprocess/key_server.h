// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/descriptor.h"
#include "ossl/library_context.h"

namespace credmint::keyprocess {

/// Runs a key process: opens stores and makes signatures for the other end of `socket`, until that
/// end closes. Then ends the process. `context` is that of the parent. The providers of the
/// devices, `builtin`, are loaded here, because the parent needs none of them.
///
/// Each call runs on a thread of its own, since a device may take its time. A call that runs when
/// the socket closes gets five seconds: cutting off a login may damage a token. If it `rests`, it
/// releases idle memory when no call has come for a second.
[[noreturn]] void ServeKeys(OSSL_LIB_CTX* context, std::vector<BuiltinProvider> builtin,
                            Descriptor socket, bool rests);

}  // namespace credmint::keyprocess
