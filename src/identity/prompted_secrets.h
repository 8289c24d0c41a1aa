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
  kNeeded,          ///< the first question
  kRefused,         ///< the last answer was sent and refused
  kRefusedAlready,  ///< the last answer was not sent: it had been refused before
};

/// Asks a person. Returns nullopt if nobody can be asked, and an Error if the person gave no
/// answer.
using PromptFunction =
    std::function<Result<std::optional<Secret>>(const PassphraseRequest&, PromptReason)>;

/// Secrets that a person types while the program runs. Not for use by several threads.
///
/// Each is remembered, and wiped at the end, under its purpose and place. It is never used for
/// anything else, and a refused one is never used again.
///
/// The number of questions is limited over the whole run. It is three if the device says before
/// each try whether another one is safe, or does not count tries. Otherwise it is one.
///
/// After an Error of the prompt, nothing is asked any more. Every later question gets the same
/// Error.
class PromptedSecrets {
 public:
  PromptedSecrets() = default;
  explicit PromptedSecrets(PromptFunction ask) : ask_(std::move(ask)) {}

  /// Returns the remembered secret, or else asks for it. `place` tells devices with the same name
  /// apart.
  ///
  /// Returns nullopt if nobody can be asked. Fails with kPinIncorrect if the tries are used up, or
  /// with the prompt's own Error.
  Result<std::optional<Secret>> Get(const PassphraseRequest& request, const std::string& place);

  /// Records that the secret was refused, and forgets it. Returns whether Get() may ask again.
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
