// SPDX-License-Identifier: Apache-2.0
#include "cli/output/csr_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "base/printable.h"
#include "cli/output/key_text.h"
#include "ossl/certificate.h"

namespace credmint::cli {
namespace {

std::vector<std::string> TextsOf(std::span<const AlternativeName> names) {
  std::vector<std::string> texts;
  for (const AlternativeName& name : names) texts.push_back(name.shown);
  return texts;
}

}  // namespace

std::string FormatRequestText(const CertificateRequest& request, const SigningKey& key,
                              const X509_NAME* subject, std::span<const AlternativeName> names) {
  const std::vector<std::string> texts = TextsOf(names);
  return fmt::format("subject    {}\nnames      {}\nkey        {}\nsignature  {}\n{}",
                     PrintableUtf8(Rfc2253Name(subject)),
                     texts.empty() ? "none" : fmt::format("{}", fmt::join(texts, ", ")),
                     DescribeKey(key.get()), request.algorithm, request.Pem());
}

std::string FormatRequestJson(const CertificateRequest& request, const SigningKey& key,
                              const X509_NAME* subject, std::span<const AlternativeName> names) {
  nlohmann::ordered_json json;
  json["subject"] = Rfc2253Name(subject);
  json["names"] = TextsOf(names);
  json["key"] = DescribeKey(key.get());
  json["signatureAlgorithm"] = request.algorithm;
  json["request"] = request.Pem();
  return json.dump() + "\n";
}

}  // namespace credmint::cli
