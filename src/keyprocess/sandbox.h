// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/foreign_code.h"
#include "base/sandbox_rules.h"

namespace credmint::keyprocess {

/// Gives up the rights that foreign code does not need, before it is loaded. That holds for this
/// process and its children, for good. docs/design/sandbox.md has the list.
///
/// Call it with one thread. Returns what this kernel or system does not do, one line each; the rest
/// is in force.
std::vector<std::string> EnterSandbox(const SandboxRules& rules, const ForeignNeeds& needs);

/// The second step, once the foreign code is initialised: it starts no more programs.
void TightenSandbox(const SandboxRules& rules, const ForeignNeeds& needs);

/// For a main process that runs on: it starts no programs and looks into no other process from then
/// on. Fails with kInternal if the kernel does not do that.
Result<void> RestrictMainProcess();

}  // namespace credmint::keyprocess
