// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// Gives back what a process that now waits for a long time does not need: free memory of the heap,
/// and the pages of code and constants of all libraries, which the kernel keeps in its page cache.
/// From there those that are used again come back, 64 KiB at a time.
///
/// A call of the service runs through half of libcrypto and of libcurl with its thirty libraries:
/// 10 MiB that would count as this process's until the next call (docs/guide/serve.md has the figures).
///
/// Nothing that can be written is touched, and no segment with a page that differs from its file,
/// as those with a debugger's breakpoints do. Where that cannot be told, because /proc is not
/// mounted, all pages stay. Safe to call from any thread; takes about a millisecond.
void ReleaseIdleMemory();

}  // namespace credmint
