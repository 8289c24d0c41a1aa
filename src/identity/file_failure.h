// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "ossl/read_store.h"

namespace credmint {

/// Replaces OpenSSL's message for undecodable input ("unsupported"), which helps nobody, by what
/// the file is. Other failures stay.
Error ExplainFile(Error error, const Secret& file, StoreExpect expect);

/// The same for a failure that names a block of PEM. If every line is wrong, naming one line does
/// not help.
Error ExplainBlock(Error error, const Secret& file);

}  // namespace credmint
