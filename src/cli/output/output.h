// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/output/exit_status.h"

namespace credmint::cli {

/// The rules for user-visible text. A successful command writes its result to stdout and nothing to
/// stderr. A failed one writes nothing to stdout, and to stderr one line
///     credmint: what failed, outermost first
/// and, if a fix is known, a second one
///     hint: what to do
/// With --log-format json that is one object instead. --log-level leaves out what is less important
/// (base/log).

/// Writes a result to stdout in one piece; fails with kLocalIo if it cannot be written.
Result<void> WriteResult(std::string_view text);

/// Writes an error to stderr and returns the status to exit with. `role` is the name of the role
/// that it is about, if there may be several.
ExitStatus ReportError(const Error& error, const std::string& role = {});

/// Writes "credmint: MESSAGE" to stderr about an event that is no failure, such as the end of one;
/// for long-running commands.
void ReportNotice(const std::string& message, const std::string& role = {});

/// Writes "credmint: warning: MESSAGE" to stderr about a condition that does not stop the command;
/// for long-running commands.
void ReportWarning(const std::string& message, const std::string& role = {});

}  // namespace credmint::cli
