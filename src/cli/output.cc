#include "cli/output.h"

#include <errno.h>
#include <fmt/format.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

namespace credmint::cli {
namespace {

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

}  // namespace

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
  std::string text = fmt::format("credmint: {}\n", Printable(error.message));
  if (!error.hint.empty()) text += fmt::format("hint: {}\n", Printable(error.hint));
  fputs(text.c_str(), stderr);
  return ExitStatusOf(error.code);
}

}  // namespace credmint::cli
