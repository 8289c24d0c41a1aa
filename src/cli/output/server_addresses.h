// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "daemon/role_server.h"

namespace credmint::cli {

/// The text that `serve` prints once it listens: `export NAME=VALUE` lines by which SDKs find it,
/// and comments. One of these has the URLs of the status port, if there is one.
std::string ServerVariables(const daemon::ServerPlaces& places);

}  // namespace credmint::cli
