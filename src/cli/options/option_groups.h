// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace credmint::cli {

// The headings of the help (cli/output/help_text.h) for options that several commands share.

constexpr const char* kConfigurationGroup = "Configuration";
constexpr const char* kIdentityGroup = "Identity";
constexpr const char* kRequestGroup = "Request";
constexpr const char* kSessionGroup = "Session";
constexpr const char* kServiceGroup = "Service";
constexpr const char* kTpmGroup = "TPM";
constexpr const char* kGeneralGroup = "General";
constexpr const char* kAdvancedGroup = "Advanced";  ///< shown by --help-all only

}  // namespace credmint::cli
