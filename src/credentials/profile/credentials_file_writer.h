// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "credentials/credentials.h"

namespace credmint {

/// Which profile of which files.
struct CredentialsFile {
  std::string path;    ///< of the shared credentials file
  std::string config;  ///< path of the config file, where the profile may have a credential_process
  std::string profile;
};

/// The files that the environment names: $AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials, and
/// $AWS_CONFIG_FILE, else ~/.aws/config. "~/" at the beginning of a variable is $HOME; nothing else
/// is expanded, as SDKs differ there. Fails with kUsage on a profile's name that CheckProfileName
/// refuses, with kLocalIo where $HOME is needed and not set.
Result<CredentialsFile> FindCredentialsFile(std::string profile);

/// Whether the profile could be written now, as far as that is known without writing: the file can
/// be locked and read, and SetProfile() and CheckConfig() have nothing against it. A config file
/// that cannot be read is none. Makes the folder if it is missing.
Result<void> CheckCredentialsFile(const CredentialsFile& file);

/// Sets the profile to these credentials, by SetProfile() and LockedFile: other updaters wait,
/// other programs find the old file or the new one. What a program without the lock writes
/// meanwhile is read again, a few times.
Result<void> WriteCredentials(const CredentialsFile& file, const Credentials& credentials);

}  // namespace credmint
