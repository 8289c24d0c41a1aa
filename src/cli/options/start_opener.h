// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/options/process_options.h"
#include "identity/identity_opener.h"
#include "identity/identity_spec.h"
#include "ossl/library_context.h"

namespace credmint::cli {

/// OpenSSL, and what opens an identity with it. Secrets are asked for at the terminal.
struct StartedOpener {
  std::unique_ptr<LibraryContext> library;  ///< outlives the opener, and does not move
  IdentityOpener opener;
};

/// Starts OpenSSL for a command that uses one identity. Opens nothing yet. The files of the
/// identity's secrets, and those of the command's own, stay out of the key process's reach.
Result<StartedOpener> StartOpener(std::shared_ptr<const IdentitySpec> identity,
                                  ProcessOptions process);

}  // namespace credmint::cli
