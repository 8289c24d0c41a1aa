// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint::cli {

/// The environment, as NAME=VALUE, of a command that gets container credentials from this URL. It
/// is this process's own, without anything by which an SDK would find other credentials first.
///
/// - Variables with credentials, or that name some, are removed. So are those that name a profile.
/// - SDKs prefer credentials of the default profile to a container's. A credentials or config file
///   with such credentials is therefore hidden: AWS_SHARED_CREDENTIALS_FILE or AWS_CONFIG_FILE
///   becomes /dev/null.
/// - AWS_REGION and AWS_DEFAULT_REGION are set to the region of the profile that this process uses,
///   if it has one and neither variable is set.
std::vector<std::string> ContainerEnvironment(const std::string& url, const Secret& token);

/// The same for a command that gets credentials in variables. SDKs read these first, so no file is
/// hidden.
std::vector<std::string> StaticEnvironment(const Credentials& credentials);

}  // namespace credmint::cli
