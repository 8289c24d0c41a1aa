// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace credmint {

/// Where the certificates of trusted CAs are: a PEM file, a directory with OpenSSL's hashed names,
/// or both. With neither, libcurl's own default applies.
struct CaLocations {
  std::optional<std::string> file;
  std::optional<std::string> directory;
};

/// Looks up an environment variable; empty when it is not set or empty.
using Environment = std::function<std::optional<std::string>(const char* name)>;

/// Decides on them: only `ca_bundle` if one was named; else SSL_CERT_FILE and SSL_CERT_DIR; else
/// `system_directory` if it has hashed names in it, because parsing the one large file that
/// libcurl reads by default takes longer than the rest of a command.
CaLocations FindCaLocations(const std::string& ca_bundle, const Environment& environment,
                            const std::string& system_directory = "/etc/ssl/certs");

}  // namespace credmint
