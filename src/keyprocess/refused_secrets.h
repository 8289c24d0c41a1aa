// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/guarded.h"
#include "base/secret.h"
#include "ossl/passphrase.h"

namespace credmint::keyprocess {

/// The secrets that devices have refused, by device and by what they were for. A key process
/// forgets them when it ends, so the main process remembers. A refused secret is never sent again:
/// devices count the tries.
class RefusedSecrets {
 public:
  enum class Outcome { kRefused, kUnknown };

  /// Records an outcome. It is unknown if the process ended while it tried the secret.
  void Add(const std::string& device, const PassphraseRequest& request, const Secret& secret,
           Outcome outcome);

  /// Fails with kPinIncorrect if this secret must not be sent.
  [[nodiscard]] Result<void> Check(const std::string& device, const PassphraseRequest& request,
                                   const Secret& secret) const;

  /// The failure for a secret with an unknown outcome.
  static tl::unexpected<Error> Interrupted();

  /// Lets secrets with an unknown outcome be tried again.
  void ForgetInterrupted();

 private:
  struct Refused {
    std::string device;
    PassphraseRequest request;
    Secret secret;
    Outcome outcome;
  };

  mutable Guarded<std::vector<Refused>> refused_;
};

}  // namespace credmint::keyprocess
