// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/csr.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/whole_file.h"
#include "cli/options/option_groups.h"
#include "cli/options/start_opener.h"
#include "cli/options/text_option.h"
#include "cli/output/csr_text.h"
#include "cli/output/help_text.h"
#include "cli/output/output.h"
#include "enrolment/certificate_request.h"
#include "identity/identity_opener.h"

namespace credmint::cli {
namespace {

using NameKind = AlternativeName::Kind;

/// The names of one option.
struct GivenNames {
  const char* option;
  NameKind kind;
  const std::vector<std::string>& texts;
};

Result<X509NamePtr> SubjectOf(const std::string& text) {
  if (text.empty()) {
    return Fail(ErrorCode::kUsage, "--subject is missing", "give the name to certify: /CN=web");
  }
  auto subject = ParseSubject(text);
  if (!subject) return Fail(std::move(subject), "--subject");
  return subject;
}

Result<std::vector<AlternativeName>> AlternativeNamesOf(std::span<const GivenNames> given) {
  std::vector<AlternativeName> names;
  for (const auto& [option, kind, texts] : given) {
    for (const std::string& text : texts) {
      auto name = ParseAlternativeName(kind, text);
      if (!name) return Fail(std::move(name), option);
      names.push_back(*std::move(name));
    }
  }
  return names;
}

void AddNames(CLI::App& command, const char* name, std::vector<std::string>& values,
              const char* description, const char* value) {
  command.add_option(name, values, description)
      ->check(PlainText())
      ->allow_extra_args(false)
      ->option_text(value)
      ->group(kRequestGroup);
}

}  // namespace

CsrCommand::CsrCommand(CLI::App& app)
    : app_(app.add_subcommand("csr", "Make a certificate request for a key")) {
  app_->preparse_callback([this](std::size_t) {
    SetHelp(*app_, {.needs = "--private-key and --subject",
                    .example = "credmint csr --private-key handle:0x81000002 --subject /CN=web"});
    AddText(*app_, "--subject", subject_, "Name to certify: /CN=web or /C=DE/O=Example/CN=web")
        ->option_text("NAME")
        ->group(kRequestGroup);
    AddNames(*app_, "--dns", dns_, "Host name to certify as well; repeatable", "NAME");
    AddNames(*app_, "--ip", ip_, "IP address to certify as well; repeatable", "ADDRESS");
    AddNames(*app_, "--uri", uri_, "URI to certify as well; repeatable", "URI");
    AddNames(*app_, "--email", email_, "Email address to certify as well; repeatable", "ADDRESS");
    AddPlace(*app_, "--out", out_, "New file for the request (default: stdout)", Place::kPath)
        ->group(kRequestGroup);
    CLI::Option* text =
        app_->add_flag("--text", text_, "Describe the request for people")->group(kRequestGroup);
    app_->add_flag("--json", json_, "Print JSON")->excludes(text)->group(kRequestGroup);
    AddPrivateKeyFlags(*app_, key_);
    AddProcessFlags(*app_, process_);
  });
}

Result<void> CsrCommand::Run() const {
  StartLog(process_);
  auto identity = WithoutPlace(ParseIdentity(key_));
  if (!identity) return Fail(std::move(identity));
  if (!(*identity)->private_key) {
    return Fail(ErrorCode::kUsage, "--private-key is missing",
                "give a key file, a pkcs11: URI, handle:0x81… or a TSS2 PEM file");
  }
  const auto subject = SubjectOf(subject_);
  if (!subject) return Fail(Error(subject.error()));
  const auto given = std::to_array<GivenNames>({{"--dns", NameKind::kDns, dns_},
                                                {"--ip", NameKind::kIp, ip_},
                                                {"--uri", NameKind::kUri, uri_},
                                                {"--email", NameKind::kEmail, email_}});
  const auto names = AlternativeNamesOf(given);
  if (!names) return Fail(names);
  if (!out_.empty()) {
    if (auto is_new = CheckIsNewFile(out_); !is_new) return is_new;
  }
  auto started = StartOpener(*std::move(identity), process_);
  if (!started) return Fail(std::move(started));
  const auto key = started->opener.OpenKey();
  if (!key) return Fail(key);
  if (auto strong = started->opener.CheckKeyStrength((*key)->get()); !strong) return strong;
  const auto request = MakeCertificateRequest(*started->library, **key, subject->get(), *names);
  if (!request) return Fail(request);
  if (!out_.empty()) {
    if (auto written = WriteNewFile(out_, request->Pem()); !written) return written;
  }
  if (text_) return WriteResult(FormatRequestText(*request, **key, subject->get(), *names));
  if (json_) return WriteResult(FormatRequestJson(*request, **key, subject->get(), *names));
  return out_.empty() ? WriteResult(request->Pem()) : Result<void>();
}

}  // namespace credmint::cli
