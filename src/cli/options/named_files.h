// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/options/parsed.h"
#include "identity/identity_spec.h"

namespace credmint::cli {

// Whether files that options name are there. Nothing is opened. A failure is kLocalIo, and the
// option is the one that names the file.

/// The certificates, keys, secrets and modules of an identity.
Refusals AbsentFiles(const IdentitySpec& identity);

/// The file of one option. An empty path is no file.
Refusals AbsentFile(std::string_view option, const std::string& path);

/// The folder of a token file, which `serve` writes. An empty path is no file.
Refusals AbsentFolderOf(const std::string& token_file);

}  // namespace credmint::cli
