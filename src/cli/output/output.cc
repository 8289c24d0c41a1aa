// SPDX-License-Identifier: Apache-2.0
#include "cli/output/output.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include "base/error_name.h"
#include "base/log.h"
#include "base/write_all.h"
#include "cli/output/remedy_text.h"

namespace credmint::cli {

Result<void> WriteResult(std::string_view text) {
  if (WriteAll(STDOUT_FILENO, text)) return {};
  return Fail(ErrorCode::kLocalIo, fmt::format("cannot write to stdout: {}", strerror(errno)));
}

ExitStatus ReportError(const Error& error, const std::string& role) {
  Write({.level = LogLevel::kError,
         .message = error.message,
         .code = std::string(NameOf(error.code)),
         .hint = HintText(error),
         .role = role,
         .details = {{"requestId", error.request_id}}});
  return ExitStatusOf(error.code);
}

void ReportNotice(const std::string& message, const std::string& role) {
  Write({.level = LogLevel::kNotice, .message = message, .role = role});
}

void ReportWarning(const std::string& message, const std::string& role) {
  Write({.level = LogLevel::kWarning, .message = message, .role = role});
}

}  // namespace credmint::cli
