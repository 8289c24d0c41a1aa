// SPDX-License-Identifier: Apache-2.0
#include "identity/secret_mark.h"

#include "base/random_text.h"

namespace credmint {

SecretMark::SecretMark(const Secret& secret) {
  static const auto key = RandomHex(32);
  if (key) code_ = PlainHmac(*key).Of(secret.Reveal());
}

}  // namespace credmint
