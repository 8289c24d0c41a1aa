// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// The text of the shared credentials file (CONTRACT section 8): pure functions of its bytes.

/// kUsage if a profile of that name could not be written, or not be read by every program: empty,
/// brackets, control characters, no UTF-8, blanks at an end, a blank before '#' or ';', and
/// DEFAULT, whose keys botocore gives to all profiles.
Result<void> CheckProfileName(std::string_view profile);

/// The text with aws_access_key_id, aws_secret_access_key and aws_session_token of a profile set to
/// these credentials. Its aws_security_token is removed, because botocore would prefer it. Every
/// other byte stays: comments, line ends, other keys, nested blocks, the way the keys are written.
/// Keys that are missing follow the header of the profile, a profile that is missing the last line.
///
/// What botocore would not read back, or other programs read as something else, is refused with
/// kLocalIo and the number of the line:
/// * the profile or one of its keys twice; a header that is its in the eyes of some programs only;
/// * a line of the profile that is neither key, comment nor part of a value: what stands behind it
///   would be read in another way once there is a key above it;
/// * a credential_process in the profile: it would be ignored from then on;
/// * a [DEFAULT] section that gives every profile one, or an aws_security_token;
/// * a byte order mark, a NUL, a carriage return that ends no line.
/// What it accepts, the next edit accepts, and with the same credentials leaves alike.
///
/// Bytes that are not UTF-8 are left as they are. Credentials that do not fit into a line as they
/// are (white space, control characters) are refused with kServiceAnswer.
Result<Secret> SetProfile(std::string_view text, std::string_view profile,
                          const Credentials& credentials);

/// Whether SetProfile() would do it, with any credentials.
Result<void> CheckProfile(std::string_view text, std::string_view profile);

/// kLocalIo, with the number of the line, if a profile of the text of a config file (`[default]` or
/// `[profile NAME]`, quoted or not) has a credential_process. SDKs would prefer the keys of the
/// credentials file from then on (CONTRACT section 5).
Result<void> CheckConfig(std::string_view text, std::string_view profile);

}  // namespace credmint
