// SPDX-License-Identifier: Apache-2.0
#include "cli/output/certificate_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/printable.h"
#include "base/timestamp.h"
#include "cli/output/key_text.h"
#include "identity/refusals.h"
#include "ossl/certificate_usages.h"
#include "ossl/encoding.h"
#include "ossl/helper_name.h"

namespace credmint::cli {
namespace {

using TimePoint = std::chrono::system_clock::time_point;

std::string KeyType(const Certificate& certificate) {
  const EVP_PKEY* key = certificate.public_key();
  return key != nullptr ? EVP_PKEY_get0_type_name(key) : "";
}

/// AWS's tool lists three digests for every key; a key with a built-in hash has its name only.
std::vector<std::string> SupportedAlgorithms(const std::string& type) {
  if (type != "RSA" && type != "EC") return {type};
  return {type + "SHA256", type + "SHA384", type + "SHA512"};
}

/// SHA-1, because AWS's tool prints it and people compare the two.
std::string Fingerprint(const LibraryContext& context, const Certificate& certificate) {
  const Bytes der = certificate.Der();
  std::array<std::uint8_t, 20> digest{};
  std::size_t size = digest.size();
  const bool hashed = EVP_Q_digest(context.get(), "SHA1", nullptr, der.data(), der.size(),
                                   digest.data(), &size) == 1;
  return hashed ? Hex(digest) : "";
}

/// The serial number without the leading zeros that SerialHex() has for whole bytes.
std::string SerialNumber(const Certificate& certificate) {
  const std::string hex = certificate.SerialHex();
  return hex.substr(std::min(hex.find_first_not_of('0'), hex.size() - 1));
}

std::string Name(const X509_NAME* name) { return PrintableUtf8(HelperName(name)); }

std::string Days(std::chrono::system_clock::duration time) {
  const auto days = std::chrono::floor<std::chrono::days>(time).count();
  return fmt::format("{} day{}", days, days == 1 ? "" : "s");
}

std::string Validity(const Certificate& certificate, TimePoint now) {
  const TimePoint begin = certificate.NotBefore();
  const TimePoint end = certificate.NotAfter();
  const std::string span = fmt::format("{} to {}", FormatTimestamp(begin), FormatTimestamp(end));
  if (now < begin) return span + ", not yet";
  if (now > end) return fmt::format("{}, expired {} ago", span, Days(now - end));
  return fmt::format("{}, {} left", span, Days(end - now));
}

std::string Usages(const Certificate& certificate) {
  std::vector<std::string> all = KeyUsages(certificate);
  for (std::string& usage : ExtendedKeyUsages(certificate)) all.push_back(std::move(usage));
  return all.empty() ? "none named" : fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

std::string FormatCertificateJson(const Certificate& certificate) {
  const std::string type = KeyType(certificate);
  nlohmann::ordered_json json;
  json["keyType"] = type;
  json["certificateData"] = Base64(certificate.Der());
  json["serialNumber"] = certificate.SerialDecimal();
  json["supportedAlgorithms"] = SupportedAlgorithms(type);
  return json.dump() + "\n";
}

std::string FormatCertificateMatch(const LibraryContext& context, int number,
                                   const Certificate& certificate, const std::string& uri) {
  return fmt::format("{}) Hex Fingerprint: {}\nSubject: {}\nIssuer: {}\nSerial Number: {}\n{}\n",
                     number, Fingerprint(context, certificate),
                     Name(X509_get_subject_name(certificate.get())),
                     Name(X509_get_issuer_name(certificate.get())), SerialNumber(certificate),
                     uri.empty() ? "" : fmt::format("URI: {}\n", uri));
}

std::string FormatCertificateText(const Certificate& certificate, const std::string& uri,
                                  TimePoint now) {
  std::string text =
      fmt::format("subject  {}\nissuer   {}\nserial   {}\nvalid    {}\nkey      {}\nusages   {}\n",
                  PrintableUtf8(certificate.Subject()), PrintableUtf8(certificate.Issuer()),
                  certificate.SerialHex(), Validity(certificate, now),
                  DescribeKey(certificate.public_key()), Usages(certificate));
  if (!uri.empty()) text += fmt::format("uri      {}\n", uri);
  std::vector<Error> refusals = LeafRefusals(certificate, now);
  if (const EVP_PKEY* key = certificate.public_key(); key != nullptr) {
    if (auto strong = CheckStrength(key); !strong) refusals.push_back(std::move(strong).error());
  }
  if (refusals.empty()) text += "as leaf  no problem found\n";
  for (const Error& refusal : refusals) {
    text += fmt::format("as leaf  refused: {}\n", refusal.message);
  }
  return text;
}

}  // namespace credmint::cli
