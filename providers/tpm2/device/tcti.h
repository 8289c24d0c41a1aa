// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdlib.h>
#include <tss2/tss2_common.h>

#include <optional>
#include <string>

#include "base/error.h"

namespace credmint::tpm2 {

/// The default way to the TPM: the kernel's resource manager.
inline constexpr const char* kDefaultTcti = "device:/dev/tpmrm0";

/// Reads an environment variable: getenv(), or a test's substitute.
using Environment = const char* (*)(const char*);

/// The environment of the process, hidden from a program that runs with more rights than its
/// caller.
inline const char* SecureEnvironment(const char* name) { return secure_getenv(name); }

/// The kind of file at a path that may be a TPM.
enum class FileKind { kAbsent, kDevice, kSocket, kOther };

/// Looks at a file: stat(), or a test's substitute.
using FileKinds = FileKind (*)(const char*);
FileKind KindOfFile(const char* path);

/// Chooses the TCTI configuration to connect with ("name:options", tss2-tctildr(7)). It is never
/// empty: tpm2-tss would then search, and might find a simulator on a local port.
///
/// The first of these counts:
///
/// * `parameter`, from the application
/// * `setting`, from openssl.cnf
/// * the variables TPM2TOOLS_TCTI, TSS2_TCTI and TPM2OPENSSL_TCTI, in this order
/// * the path in TPM_DEVICE: a device, or the socket of a software TPM, as AWS's tool reads it
/// * kDefaultTcti, or /dev/tpm0 if only that exists
///
/// `parameter` and `setting` are trusted. Fails with kUsage for a variable that would run a program
/// or load a library of its choosing. Also fails with kUsage if TPM_DEVICE is not an absolute path
/// or names another kind of file.
Result<std::string> ChooseTcti(const std::optional<std::string>& parameter,
                               const std::optional<std::string>& setting, Environment environment,
                               FileKinds kind_of = KindOfFile);

/// The error for a connection over `tcti` that failed with `code`. `system_error` is the errno it
/// left behind, or 0. It counts only if the TCTI reports a failed system call.
Error CannotConnect(const std::string& tcti, TSS2_RC code, int system_error);

}  // namespace credmint::tpm2
