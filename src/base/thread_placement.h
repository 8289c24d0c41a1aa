// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>

namespace credmint {

/// Moves a thread that was just started to another processor than the caller's, so that both run
/// at once. Afterwards the kernel may place both as it likes.
///
/// A virtual machine needs this: its kernel takes a processor that sleeps for a busy one. So it
/// starts the thread on the caller's, where it waits.
///
/// Does nothing where the process may use only one processor, or under a filter of system calls
/// (seccomp(2)). systemd's @resources kills those who set affinities.
void PlaceElsewhere(std::thread& thread);

}  // namespace credmint
