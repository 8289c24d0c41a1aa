// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "serve/api/role.h"
#include "serve/transport/listen_socket.h"

namespace credmint::cli {

/// The lines for a shell by which SDKs find the server: container credentials of each role if there
/// is a token file, and the metadata service where there is one, on loopback.
std::string ServerVariables(const serve::ListenSocket& socket,
                            const std::vector<serve::Role>& roles, const std::string& token_file);

/// A comment that names the status' paths.
std::string StatusLine(const serve::ListenSocket& socket);

}  // namespace credmint::cli
