// SPDX-License-Identifier: Apache-2.0
#include "cli/output/doctor_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <stdlib.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/printable.h"
#include "base/standard_error.h"
#include "cli/output/output.h"
#include "cli/output/remedy_text.h"
#include "credmint_version.h"

namespace credmint::cli {
namespace {

using doctor::Verdict;

struct Face {
  std::string_view name;
  std::string_view colour;
};

Face FaceOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return {"ok", "\033[32m"};
    case Verdict::kWarn:
      return {"warn", "\033[33m"};
    case Verdict::kFail:
      return {"fail", "\033[31m"};
    case Verdict::kSkip:
      break;
  }
  return {"skip", "\033[2m"};
}

/// For a failure whose message has no better advice.
const char* GeneralAdvice(ErrorCode code) {
  switch (code) {
    case ErrorCode::kLocalIo:
    case ErrorCode::kSecretUnreadable:
      return "check the name of the file, and that this user may read it";
    case ErrorCode::kUsage:
      return "the flags are in --help, the settings in credmint-config(5)";
    case ErrorCode::kPinIncorrect:
      return "check the PIN; after a few wrong tries the device accepts none";
    case ErrorCode::kModule:
    case ErrorCode::kModuleFailed:
    case ErrorCode::kTokenAbsent:
    case ErrorCode::kDevice:
    case ErrorCode::kDeviceLost:
      return "see whether the vendor's tool can use the device, and run this with --debug";
    case ErrorCode::kServiceRefused:
    case ErrorCode::kServiceBusy:
    case ErrorCode::kServiceAnswer:
      return "look for the event CreateSession in CloudTrail, in the region of the trust anchor";
    case ErrorCode::kInternal:
      return "report it, with what --redact leaves of this";
    default:
      return "run this with --debug to see more";
  }
}

/// Empty for a check that is well, or that nothing is to be done about.
std::string HintOf(const doctor::Check& check) {
  if (check.verdict == Verdict::kOk) return {};
  std::string hint = HintText(check.what);
  if (hint.empty() && check.verdict == Verdict::kFail) return GeneralAdvice(check.what.code);
  return hint;
}

bool WantsColours() {
  const char* const no_color = getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_color == nullptr || *no_color == '\0');
}

}  // namespace

DoctorReport::DoctorReport(Options options)
    : options_(std::move(options)),
      has_colours_(!options_.json && WantsColours()),
      has_progress_(isatty(STDERR_FILENO) == 1) {}

std::string DoctorReport::Shown(const std::string& text) const {
  return PrintableUtf8(options_.redaction ? options_.redaction->Apply(text) : text);
}

void DoctorReport::Learn(const std::string& text) {
  if (options_.redaction && text != "localhost") options_.redaction->Learn(text, "NAME");
}

void DoctorReport::EraseProgress() {
  if (progress_is_shown_) WriteStandardError("\r\033[K");
  progress_is_shown_ = false;
}

void DoctorReport::Begin(const std::string& subject) {
  if (!has_progress_) return;
  EraseProgress();
  WriteStandardError(fmt::format("checking {} …", PrintableUtf8(subject)));
  progress_is_shown_ = true;
}

void DoctorReport::Add(const doctor::Check& check) {
  EraseProgress();
  if (check.verdict == Verdict::kFail && status_ == ExitStatus::kSuccess) {
    status_ = ExitStatusOf(check.what.code);
  }
  if (options_.json) return checks_.push_back(check);
  const Face face = FaceOf(check.verdict);
  const std::string roles = options_.names_roles && !check.roles.empty()
                                ? Shown(fmt::format("[{}] ", fmt::join(check.roles, ", ")))
                                : "";
  const std::string identities =
      check.identities.empty() ? "" : Shown(fmt::format("{}: ", fmt::join(check.identities, ", ")));
  std::string text = fmt::format("{}{:<5}{} {:<12} {}{}{}\n", has_colours_ ? face.colour : "",
                                 face.name, has_colours_ ? "\033[0m" : "", check.subject, roles,
                                 identities, Shown(check.what.message));
  const std::string hint = HintOf(check);
  if (!hint.empty()) text += fmt::format("      hint: {}\n", Shown(hint));
  if (written_) written_ = WriteResult(text);
}

Result<void> DoctorReport::Finish() {
  EraseProgress();
  if (!options_.json) return written_;
  nlohmann::ordered_json all = {{"version", CREDMINT_VERSION},
                                {"status", static_cast<int>(status_)},
                                {"checks", nlohmann::ordered_json::array()}};
  for (const doctor::Check& check : checks_) {
    nlohmann::ordered_json one = {{"verdict", FaceOf(check.verdict).name},
                                  {"subject", check.subject},
                                  {"roles", nlohmann::ordered_json::array()},
                                  {"text", Shown(check.what.message)}};
    for (const std::string& role : check.roles) one["roles"].push_back(Shown(role));
    for (const std::string& name : check.identities) one["identities"].push_back(Shown(name));
    const std::string hint = HintOf(check);
    if (!hint.empty()) one["hint"] = Shown(hint);
    all["checks"].push_back(std::move(one));
  }
  return WriteResult(all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                     "\n");
}

}  // namespace credmint::cli
