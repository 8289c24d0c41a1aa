// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace credmint::pkcs11 {

/// The configuration that SoftHSM reads.
struct SoftHsmConfiguration {
  std::string file;
  std::string token_folder;  ///< empty: the file names none
};

/// Finds it as SoftHSM 2 does. That is the file in $SOFTHSM2_CONF, or else the first one in the
/// home folder and in /etc. Returns nothing if none can be read.
std::optional<SoftHsmConfiguration> FindSoftHsmConfiguration();

}  // namespace credmint::pkcs11
