// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace credmint::cli {

/// A new machine's identity, as far as the files and the advice of `init` need it.
struct FirstIdentity {
  std::string name;         ///< of the key, the identity, the role and the objects in AWS: "web"
  std::string common_name;  ///< CN of the certificate, in UTF-8
  std::string folder;       ///< as typed, for commands to paste
  std::string private_key;  ///< the reference; a file in the folder is "./FILE"
  std::string certificate;  ///< the same for the place where import-certificate puts it
  std::string absolute_folder = {};
  /// Options of the key that are settings as well, by their names without dashes.
  std::vector<std::pair<std::string, std::string>> options = {};
  bool forgets_pin = false;  ///< the key has a PIN, and no source of it can be written down
};

// The files in the folder.
inline constexpr const char* kRequestFile = "request.csr";
inline constexpr const char* kCertificateFile = "certificate.pem";
inline constexpr const char* kConfigurationFile = "config.toml";
inline constexpr const char* kAwsScriptFile = "aws-commands.sh";

/// The configuration with one identity and one role. Its ARNs are placeholders that `config check`
/// refuses.
std::string FormatFirstConfiguration(const FirstIdentity& identity);

/// A script for sh that makes trust anchor, role and profile with the AWS CLI, and writes their
/// ARNs into the configuration beside it. The role trusts only certificates with this CN, below
/// this trust anchor.
std::string FormatAwsScript(const FirstIdentity& identity);

/// The next steps, with commands to paste.
std::string FormatNextSteps(const FirstIdentity& identity);

}  // namespace credmint::cli
