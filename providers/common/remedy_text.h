// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/remedy.h"

namespace credmint::provider {

/// A remedy in the words of whoever configures a program that loads the providers: attributes of
/// URIs, settings in openssl.cnf and parameters of the store, never a flag of credmint. Without
/// kBehindWords (`ossl/error_queue.h`). Empty for those that no provider gives.
std::string_view RemedyWords(Remedy remedy);

}  // namespace credmint::provider
