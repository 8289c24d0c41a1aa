#include "cli/output.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/standard_error.h"

namespace credmint::cli {
Result<void> WriteResult(std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return Fail(ErrorCode::kLocalIo, fmt::format("cannot write to stdout: {}", strerror(errno)));
    }
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

ExitStatus ReportError(const Error& error) {
  std::string text = fmt::format("credmint: {}\n", PrintableUtf8(error.message));
  if (!error.hint.empty()) text += fmt::format("hint: {}\n", PrintableUtf8(error.hint));
  WriteStandardError(text);
  return ExitStatusOf(error.code);
}

void ReportRecovery(std::string_view message) {
  WriteStandardError(fmt::format("credmint: {}\n", PrintableUtf8(message)));
}

void ReportWarning(std::string_view message) {
  WriteStandardError(fmt::format("credmint: warning: {}\n", PrintableUtf8(message)));
}

}  // namespace credmint::cli
