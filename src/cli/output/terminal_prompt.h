// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "identity/prompted_secrets.h"

namespace credmint::cli {

/// Asks for a secret at the controlling terminal (/dev/tty; never stdin or stdout), without echo.
///
/// Returns nothing, at once, if there is no such terminal or this process is not in its foreground.
/// A process that a daemon or an SDK starts must neither hang nor be stopped. Otherwise waits for a
/// line of at most 255 bytes, and at most 45 seconds for each key. Backspace and ^U correct the
/// line; ^C, ^D and ^\ cancel.
///
/// Fails with kPinRequired if
/// * the person cancels, or the terminal hangs up;
/// * the PIN is empty (a passphrase or auth value may be);
/// * the line is too long or holds other control characters: an arrow key would spoil a PIN unseen.
///
/// The terminal is restored on every return. It is restored too if SIGINT, SIGTERM, SIGHUP or
/// SIGQUIT arrives during the wait; the signal is delivered afterwards. SIGTSTP is delayed until
/// the end. No other thread may take these signals meanwhile, unless it closes everything
/// (base/closed_at_exit.h) before they are delivered.
Result<std::optional<Secret>> AskAtTerminal(const PassphraseRequest& request, PromptReason reason);

/// Asks there whether something may be done, and shows what is typed. Only "yes" confirms it. Fails
/// with kUsage if there is no such terminal, and with kPinRequired as AskAtTerminal().
Result<bool> ConfirmAtTerminal(const std::string& question);

/// Asks there for a text, and shows what is typed. An empty line means `by_default`. Fails as
/// ConfirmAtTerminal().
Result<std::string> AskForText(const std::string& question, const std::string& by_default);

/// Asks there for one of these, by its number; an empty line means the first. Returns its index.
/// Fails as ConfirmAtTerminal(), and with kUsage for anything but a number of the list.
Result<std::size_t> AskForChoice(const std::string& question,
                                 const std::vector<std::string>& choices);

/// Whether there is such a terminal.
bool HasTerminal();

/// The prompt of AskAtTerminal: "credmint: PIN for token 'prod': ". A line about the last answer is
/// in front of it, except the first time.
std::string PromptText(const PassphraseRequest& request, PromptReason reason);

}  // namespace credmint::cli
