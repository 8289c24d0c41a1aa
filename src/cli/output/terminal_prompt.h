// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "identity/prompted_secrets.h"

namespace credmint::cli {

/// Asks for a secret at the controlling terminal (/dev/tty; never stdin or stdout), without echo.
///
/// Nothing, at once, if there is no such terminal or this process is not in its foreground: what a
/// daemon or an SDK starts must neither hang nor be stopped. Otherwise waits until a line is typed,
/// of at most 255 bytes, but for no key longer than 45 seconds. Backspace and ^U correct it; ^C, ^D
/// and ^\ cancel.
///
/// Fails with kPinRequired when the person cancels or types nothing (an empty passphrase or auth
/// value is one, an empty PIN is none), the terminal hangs up, or the
/// line is too long or holds other control characters (an arrow key would spoil a PIN unseen). The
/// terminal is as it was before on every return, and also when SIGINT, SIGTERM, SIGHUP or SIGQUIT
/// arrives while it waits: the signal then takes its course. SIGTSTP waits until the end. To be
/// called while no other thread runs that would take these signals, unless it closes everything
/// (base/closed_at_exit.h) before they take their course.
Result<std::optional<Secret>> AskAtTerminal(const PassphraseRequest& request, PromptReason reason);

/// What AskAtTerminal shows: "credmint: PIN for token 'prod': ", below a line about the last answer
/// unless it is the first time.
std::string PromptText(const PassphraseRequest& request, PromptReason reason);

}  // namespace credmint::cli
