// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "base/error.h"
#include "identity/key_opener.h"

namespace credmint::cli {

/// Where a new key is to be.
struct KeyHome {
  enum class Kind {
    kToken,    ///< on the token with the label `name`, which may be new
    kTpm,      ///< in the TPM, at the handle `name`: "handle:0x81000002"
    kTpmFile,  ///< in a file, encrypted for the TPM
    kFile,     ///< in a plain file
  };

  Kind kind = Kind::kToken;
  std::string name = {};
  std::string folder = {};  ///< for a key in a file, if the user has named it
};

/// The flags that say so, as typed.
struct KeyHomeFlags {
  std::string token;
  std::string tpm;
  std::string tpm_file;
  std::string file;
};

void AddKeyHomeFlags(CLI::App& command, KeyHomeFlags& flags);

/// The home that the flags name; nothing if none is given. Fails with kUsage for several.
Result<std::optional<KeyHome>> HomeOf(const KeyHomeFlags& flags);

/// Shows the tokens, the TPM and the other homes that there are, and lets a person choose one. A
/// back end that fails is not offered.
Result<KeyHome> AskForHome(KeyOpener& keys);

}  // namespace credmint::cli
