// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>
#include <tss2/tss2_common.h>

#include <optional>
#include <string>

#include "base/error.h"

namespace credmint::tpm2 {

/// The way to the TPM when nothing names another: the kernel's resource manager.
inline constexpr const char* kDefaultTcti = "device:/dev/tpmrm0";

/// Reads an environment variable: getenv, or a test's substitute.
using Environment = const char* (*)(const char*);

/// That of the process, but for a program that runs with more rights than its caller.
inline const char* SecureEnvironment(const char* name) { return secure_getenv(name); }

/// What is at a path that may be a TPM.
enum class FileKind { kAbsent, kDevice, kSocket, kOther };

/// Looks: stat, or a test's substitute.
using FileKinds = FileKind (*)(const char*);
FileKind KindOfFile(const char* path);

/// The TCTI configuration ("name:options", tss2-tctildr(7)) to connect with. Never empty: tpm2-tss
/// would search then, and might find a simulator on a local port.
///
/// `parameter` (from the application) comes first, then `setting` (from openssl.cnf), then the
/// variables TPM2TOOLS_TCTI, TSS2_TCTI and TPM2OPENSSL_TCTI, then the path in TPM_DEVICE (a device,
/// or a software TPM's socket, as AWS's tool reads it), then kDefaultTcti, or /dev/tpm0 where that
/// is absent and this is there. A variable that would run a program or load a library of its
/// choosing, or a TPM_DEVICE that is no absolute path or names some other file, fails with kUsage;
/// the other two are trusted.
Result<std::string> ChooseTcti(const std::optional<std::string>& parameter,
                               const std::optional<std::string>& setting, Environment environment,
                               FileKinds kind_of = KindOfFile);

/// What to say when the connection over `tcti` failed with `code`. `system_error` is the errno that
/// this left behind, or 0; it counts only where the TCTI says that a system call failed.
Error CannotConnect(const std::string& tcti, TSS2_RC code, int system_error);

}  // namespace credmint::tpm2
