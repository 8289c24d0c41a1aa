// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint {

/// Whether stderr is the journal of systemd: its device and inode are those that $JOURNAL_STREAM
/// names (systemd.exec(5)). A child whose stderr was redirected inherits the variable as well.
bool StandardErrorIsJournal();

}  // namespace credmint
