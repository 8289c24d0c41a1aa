// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "identity/identity_spec.h"

namespace credmint::cli {

/// The files of an identity that are not for modules: PINs, the key if it is in a file, and
/// certificates.
std::vector<std::string> SecretFilesOf(const IdentitySpec& identity);

/// All that a module or device must not read: these files, and the places of this user where
/// credentials and keys usually are. Absolute and without links.
std::vector<std::string> HiddenPlaces(const std::vector<std::string>& secret_files);

/// This user's home folder, absolute and without links: HOME, or else that of the password file.
std::string HomeFolder();

}  // namespace credmint::cli
