// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// Releases memory that a process does not need while it waits for a long time: free heap memory,
/// and all libraries' code and constants. The kernel keeps those pages in its page cache. Pages
/// used again come back from there, 64 KiB at a time.
///
/// A call to the service runs through half of libcrypto, and through libcurl with its thirty
/// libraries. Those 10 MiB would count as this process's until the next call (see
/// docs/project/benchmarks.md).
///
/// Writable pages are never touched, nor is a segment with a page that differs from its file, for
/// example because of a debugger's breakpoint. If that cannot be determined because /proc is not
/// mounted, all pages stay. Safe to call from any thread; takes about a millisecond.
void ReleaseIdleMemory();

/// Opens what ReleaseIdleMemory() needs, while this process may. For one that will not be
/// traceable.
void PrepareIdleMemory();

}  // namespace credmint
