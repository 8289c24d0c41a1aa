// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"
#include "cli/output/exit_status.h"

namespace credmint::cli {

/// Rules of user-visible text: a successful command writes its result to stdout and nothing to
/// stderr; a failed one writes nothing to stdout and to stderr one line
///     credmint: what failed, outermost first
/// and, where a fix is known, a second one
///     hint: what to do

/// Writes a result to stdout in one piece; kLocalIo if it cannot be written.
Result<void> WriteResult(std::string_view text);

/// Writes an error to stderr and returns the status to exit with. Control characters (an answer of
/// a strange server may be part of the message) come out as '?'.
ExitStatus ReportError(const Error& error);

/// Writes that what was reported has passed to stderr, as "credmint: MESSAGE"; for commands that
/// stay.
void ReportRecovery(std::string_view message);

/// Writes to stderr what goes on all the same but should not, as "credmint: warning: MESSAGE"; for
/// commands that stay.
void ReportWarning(std::string_view message);

}  // namespace credmint::cli
