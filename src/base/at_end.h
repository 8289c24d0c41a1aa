// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// Registers a function with atexit(), and for EndQuickly(). It may be registered again, to run
/// before what was registered meanwhile; so it must be idempotent.
void AtEnd(void (*function)());

/// From now on AtEnd() registers nothing with atexit(). If foreign code calls exit() in this
/// process, nothing of ours runs there: that code may hold its locks.
void EndOnlyQuickly();

/// Ends the process, whichever thread calls it first: runs what AtEnd() registered, the latest
/// first, and nothing else. The child of a fork so spares itself the exit handlers of its parent's
/// libraries, which free memory that the kernel frees anyway. Standard output and standard error
/// are closed first, so a parent that reads them need not wait until the memory is freed.
[[noreturn]] void EndQuickly(int status);

}  // namespace credmint
