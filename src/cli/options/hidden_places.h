// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "identity/identity_spec.h"

namespace credmint::cli {

/// The files that hold the secrets of an identity: PINs, and a key if it is in a file.
std::vector<std::string> SecretFilesOf(const IdentitySpec& identity);

/// All that a module or device must not read: these files, and the places of this user where
/// credentials and keys usually are. Absolute and without links.
std::vector<std::string> HiddenPlaces(const std::vector<std::string>& secret_files);

/// This user's home folder, absolute and without links. Empty if HOME is not set.
std::string HomeFolder();

}  // namespace credmint::cli
