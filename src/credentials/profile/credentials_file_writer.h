// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "credentials/credentials.h"

namespace credmint {

/// The profile to write, and its files.
struct CredentialsFile {
  std::string path;    ///< the shared credentials file
  std::string config;  ///< the config file, which may have a credential_process
  std::string profile;
};

/// Finds the files: $AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, and $AWS_CONFIG_FILE or
/// ~/.aws/config. "~/" at the beginning of a variable becomes $HOME. Nothing else is expanded,
/// because SDKs differ there. Fails with kUsage if CheckProfileName() refuses the profile's name,
/// and with kLocalIo if $HOME is needed but not set.
Result<CredentialsFile> FindCredentialsFile(std::string profile);

/// Checks whether the profile could be written now, as far as that is possible without writing it.
/// The file must be lockable and readable, and SetProfile() and CheckConfig() must accept it. A
/// config file that cannot be read is ignored. Creates the folder if it is missing.
Result<void> CheckCredentialsFile(const CredentialsFile& file);

/// Sets the profile to these credentials with SetProfile() and LockedFile. Other updaters wait, and
/// other programs see the old file or the new one. If a program without the lock writes the file
/// meanwhile, it is read and edited again, a few times.
Result<void> WriteCredentials(const CredentialsFile& file, const Credentials& credentials);

}  // namespace credmint
