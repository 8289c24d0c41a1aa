// SPDX-License-Identifier: Apache-2.0
#include "identity/secret_mark.h"

#include "base/random_text.h"

namespace credmint {

SecretMark::SecretMark(const Secret& secret) {
  static const auto kKey = RandomHex(32);
  if (kKey) code_ = PlainHmac(*kKey).Of(secret.Reveal());
}

}  // namespace credmint
