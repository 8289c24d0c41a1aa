// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint::keyprocess {

/// Makes this process, the child of a fork, one that shares as little as possible with its parent:
///
/// * Its standard input is /dev/null. `output` becomes its standard output and error, unless it is
///   negative; then these are /dev/null as well. It keeps `socket` and no other descriptor.
/// * It has a session of its own, and so neither a terminal nor the terminal's signals.
/// * Signals have their default actions, and none is blocked.
/// * Its umask is 077.
/// * It cannot gain privileges, be traced by other processes of this user, or leave a core file.
///
/// Returns the number that `socket` has from then on; negative if something failed.
int Isolate(int socket, int output);

}  // namespace credmint::keyprocess
