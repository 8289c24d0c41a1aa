// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/passphrase.h"

namespace credmint {

/// Why a person is asked.
enum class PromptReason {
  kNeeded,          ///< for the first time
  kRefused,         ///< the last answer was sent and refused
  kRefusedAlready,  ///< the last answer was not sent: it had been refused before
};

/// Asks a person. Nothing if nobody can be asked; an Error if the person gave no answer.
using PromptFunction =
    std::function<Result<std::optional<Secret>>(const PassphraseRequest&, PromptReason)>;

/// Secrets that a person types while the program runs. Each is remembered (wiped at the end) under
/// what it is for and where, and never given out for anything else. One that was refused is never
/// given out again, and how often is asked is bounded over the whole run: three times where the
/// device says before each try whether one more is safe, or counts none; once elsewhere.
///
/// After an Error of the prompt nothing is asked any more: every later question has the same
/// answer. Not for use by several threads.
class PromptedSecrets {
 public:
  PromptedSecrets() = default;
  explicit PromptedSecrets(PromptFunction ask) : ask_(std::move(ask)) {}

  /// The secret that is remembered, or else what is typed now. `place` tells devices apart that
  /// have the same name. Nothing if nobody can be asked; kPinIncorrect when the tries are used up;
  /// else the prompt's own Error.
  Result<std::optional<Secret>> Get(const PassphraseRequest& request, const std::string& place);

  /// Says that the secret given out for this was refused: it is forgotten. Whether Get() may ask
  /// once more.
  bool Refuse(const PassphraseRequest& request, const std::string& place);

 private:
  struct Entry {
    PassphraseRequest request;
    std::string place;
    int prompts = 0;
    PromptReason reason = PromptReason::kNeeded;
    std::optional<Secret> secret;
    std::list<Secret> refused;
  };

  Entry& Find(const PassphraseRequest& request, const std::string& place);
  Result<std::optional<Secret>> Ask(Entry& entry);

  PromptFunction ask_;
  std::optional<Error> failure_;
  std::list<Entry> entries_;
};

}  // namespace credmint
