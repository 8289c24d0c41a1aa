// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/error.h"
#include "base/secret.h"
#include "credentials/credentials.h"

namespace credmint {

/// The text of the shared credentials file (CONTRACT section 8). All functions are pure.

/// Fails with kUsage if a profile of that name could not be written, or not be read by every
/// program:
///
/// - An empty name.
/// - Brackets, control characters, or bytes that are not UTF-8.
/// - Blanks at either end, or before '#' or ';'.
/// - DEFAULT, whose keys botocore applies to all profiles.
Result<void> CheckProfileName(std::string_view profile);

/// Returns the text with a profile's aws_access_key_id, aws_secret_access_key and aws_session_token
/// set to these credentials. Removes its aws_security_token, which botocore would prefer. Every
/// other byte stays: comments, line ends, other keys, nested blocks, the notation of the keys.
/// Missing keys are inserted after the profile's header. A missing profile is appended.
///
/// Text that botocore could not read back, or that other programs read differently, is refused with
/// kLocalIo and the line number:
///
/// - The profile or one of its keys twice, or a header that only some programs read as the
///   profile's.
/// - A line of the profile that is not a key, a comment or part of a value. The text after it would
///   change its meaning below a new key.
/// - A credential_process in the profile, because SDKs would ignore it from then on.
/// - A [DEFAULT] section with a credential_process or an aws_security_token for every profile.
/// - A byte order mark, a NUL, or a carriage return that does not end a line.
///
/// An accepted text is also accepted after the edit, and editing it again with the same credentials
/// changes nothing.
///
/// Bytes that are not UTF-8 are preserved. Credentials with characters that do not fit on a line
/// (white space, control characters) are refused with kServiceAnswer.
Result<Secret> SetProfile(std::string_view text, std::string_view profile,
                          const Credentials& credentials);

/// Checks whether SetProfile() would succeed with any credentials.
Result<void> CheckProfile(std::string_view text, std::string_view profile);

/// Fails with kLocalIo and the line number if a config file's text has a credential_process for the
/// profile (`[default]` or `[profile NAME]`, quoted or not). SDKs would prefer the keys in the
/// credentials file from then on (CONTRACT section 5).
Result<void> CheckConfig(std::string_view text, std::string_view profile);

}  // namespace credmint
