// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "daemon/role_server.h"

namespace credmint::cli {

/// What `serve` prints once it listens: lines for a shell, `export NAME=VALUE`, by which SDKs find
/// it, with comments beside them; and where its status is, if it has one.
std::string ServerVariables(const daemon::ServerPlaces& places);

}  // namespace credmint::cli
