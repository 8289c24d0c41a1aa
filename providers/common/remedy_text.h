// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/remedy.h"

namespace credmint::provider {

/// A remedy, worded for someone who configures a program that loads these providers. It names
/// attributes of URIs, settings in openssl.cnf and parameters of the store, but no flag of
/// credmint.
///
/// The text does not contain kBehindWords (`ossl/error_queue.h`). It is empty for a remedy that no
/// provider gives.
std::string_view RemedyWords(Remedy remedy);

}  // namespace credmint::provider
