// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace credmint {

/// The locations of trusted CA certificates: a PEM file, a directory with OpenSSL's hashed names,
/// or both. If both are empty, libcurl's default applies.
struct CaLocations {
  std::optional<std::string> file;
  std::optional<std::string> directory;
};

/// Looks up an environment variable. Returns nothing if it is unset or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// Chooses the locations:
///
/// - Only `ca_bundle`, if it is not empty.
/// - Otherwise SSL_CERT_FILE and SSL_CERT_DIR.
/// - Otherwise `system_directory`, if it contains hashed names. Parsing the one large file that
///   libcurl reads by default takes longer than the rest of a command.
CaLocations FindCaLocations(const std::string& ca_bundle, const Environment& environment,
                            const std::string& system_directory = "/etc/ssl/certs");

}  // namespace credmint
