// SPDX-License-Identifier: Apache-2.0
#include "cli/output/output.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/standard_error.h"
#include "base/write_all.h"
#include "cli/output/remedy_text.h"

namespace credmint::cli {

Result<void> WriteResult(std::string_view text) {
  if (WriteAll(STDOUT_FILENO, text)) return {};
  return Fail(ErrorCode::kLocalIo, fmt::format("cannot write to stdout: {}", strerror(errno)));
}

ExitStatus ReportError(const Error& error) {
  std::string text = fmt::format("credmint: {}\n", PrintableUtf8(error.message));
  const std::string hint = HintText(error);
  if (!hint.empty()) text += fmt::format("hint: {}\n", PrintableUtf8(hint));
  WriteStandardError(text);
  return ExitStatusOf(error.code);
}

void ReportNotice(std::string_view message) {
  WriteStandardError(fmt::format("credmint: {}\n", PrintableUtf8(message)));
}

void ReportWarning(std::string_view message) {
  WriteStandardError(fmt::format("credmint: warning: {}\n", PrintableUtf8(message)));
}

}  // namespace credmint::cli
