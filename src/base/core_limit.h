// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

namespace credmint {

/// Keeps PINs and credentials of this process out of core files. Only the program itself calls
/// this, in main(). The hard limit stays, so that a child can have its core files.
void ForbidCoreFiles();

/// Keeps other processes of this user from tracing this one and from reading its memory.
void ForbidTracing();

/// The limit before ForbidCoreFiles().
rlimit EarlierCoreLimit();

}  // namespace credmint
