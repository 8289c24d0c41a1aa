// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "cli/options/process_options.h"
#include "ossl/library_context.h"
#include "roles/role.h"

namespace credmint::cli {

/// How long a command runs.
enum class Running {
  kOnce,
  kExamining,  ///< once, and each device gets the time that one answer may take
  kUntilTold,
};

/// Starts OpenSSL. Modules and devices get processes of their own, and so do the providers of
/// --provider. Call it while this process has one thread; for kUntilTold it may have more later.
Result<LibraryContext> StartLibrary(const ProcessOptions& options,
                                    Running running = Running::kOnce);

/// The same for a command that mints once, for this role. If its identity names a device, the key
/// process is forked at once. Then another thread loads libcurl, and ends. The device of each
/// identity has an equal part of the time.
Result<LibraryContext> StartToMint(const ProcessOptions& options, const roles::Role& role);

/// Removes the variables OPENSSL_CONF and SSLKEYLOGFILE, which `serve` and `update` do not obey
/// unless the options say so. Call it before StartLibrary().
void IgnoreOpensslVariables(const ProcessOptions& options);

/// Gives up what `serve` and `update` do not need: starting programs. Call it after StartLibrary(),
/// with one thread.
void RestrictThisProcess(const ProcessOptions& options);

}  // namespace credmint::cli
