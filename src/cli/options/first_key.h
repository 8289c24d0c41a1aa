// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/options/key_home.h"
#include "cli/options/key_options.h"
#include "cli/options/new_key_options.h"
#include "cli/options/start_opener.h"
#include "identity/signing_key.h"

namespace credmint::cli {

/// The flags of `init` about its key, as typed.
struct FirstKeyFlags {
  const NewKeyOptions& key;
  const KeyOptions& device;
  const std::string& so_passin;
};

/// Fails with kUsage for a flag that has no meaning for a key there. Nothing is opened.
Result<void> CheckFirstKey(const KeyHome& home, const FirstKeyFlags& flags);

/// Makes the key of a new machine, and opens it. `place` is its reference, or the path of its file.
/// On a token, makes the token as well if there is none of its label.
///
/// A key of a device that is there is opened instead if `may_use`, given its place, does not fail.
/// Fails as InitToken(), CreateKey() and CreateFileKey() do.
Result<std::shared_ptr<const SigningKey>> MakeFirstKey(
    StartedOpener& started, const KeyHome& home, const std::string& place,
    const FirstKeyFlags& flags, const std::function<Result<void>(const std::string&)>& may_use);

}  // namespace credmint::cli
