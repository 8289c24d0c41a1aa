#include "cli/read_certificate_data.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "identity/certificate_source.h"
#include "identity/inventory.h"
#include "identity/refusals.h"
#include "ossl/encoding.h"

namespace credmint::cli {
namespace {

std::string KeyType(const Certificate& certificate) {
  const EVP_PKEY* key = certificate.public_key();
  return key != nullptr ? EVP_PKEY_get0_type_name(key) : "";
}

/// AWS's tool lists three digests for every key; a key that brings its own hash has just its name.
std::vector<std::string> SupportedAlgorithms(const std::string& type) {
  if (type != "RSA" && type != "EC") return {type};
  return {type + "SHA256", type + "SHA384", type + "SHA512"};
}

std::string DescribeAsJson(const Certificate& certificate) {
  const std::string type = KeyType(certificate);
  nlohmann::ordered_json json;
  json["keyType"] = type;
  json["certificateData"] = Base64(certificate.Der());
  json["serialNumber"] = certificate.SerialDecimal();
  json["supportedAlgorithms"] = SupportedAlgorithms(type);
  return json.dump() + "\n";
}

/// SHA-1 because that is the number AWS's tool prints and people compare.
std::string Fingerprint(const LibraryContext& context, const Certificate& certificate) {
  const Bytes der = certificate.Der();
  std::array<std::uint8_t, 20> digest{};
  std::size_t size = digest.size();
  const bool hashed = EVP_Q_digest(context.get(), "SHA1", nullptr, der.data(), der.size(),
                                   digest.data(), &size) == 1;
  return hashed ? Hex(digest) : "";
}

/// The URI that selects a certificate; empty if it is not in the inventory.
std::string UriOf(const Certificate& certificate, const Inventory& inventory) {
  for (const InventoryEntry& entry : inventory) {
    if (entry.certificate && *entry.certificate == certificate) return entry.uri;
  }
  return {};
}

std::string DescribeAsList(const LibraryContext& context,
                           const std::vector<Certificate>& certificates,
                           const Inventory& inventory) {
  std::string text = "Matching identities\n";
  int number = 0;
  for (const Certificate& certificate : certificates) {
    text += fmt::format("{}) {} \"{}\"\n", ++number, Fingerprint(context, certificate),
                        certificate.Subject());
    const std::string uri = UriOf(certificate, inventory);
    if (!uri.empty()) text += fmt::format("\tURI: {}\n", uri);
  }
  return text;
}

}  // namespace

ReadCertificateDataCommand::ReadCertificateDataCommand(CLI::App& app)
    : app_(app.add_subcommand("read-certificate-data", "Show what a certificate is")) {
  app_->preparse_callback([this](std::size_t) { AddCertificateFlags(*app_, key_); });
}

Result<void> ReadCertificateDataCommand::Run() const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto options = MakeCertificateOptions(key_);
  if (!options) return Fail(std::move(options));
  auto opener = MakeKeyOpener(*library, key_, Prompting::kAtTerminal);
  if (!opener) return Fail(std::move(opener));
  const auto found = CertificateSource(*opener, *std::move(options)).Find();
  if (!found) return tl::unexpected(found.error());
  if (found->place.is_file()) {
    const Certificate& first = found->certificates.front();
    if (auto known = CheckKeyIsKnown(first); !known) {
      return Fail(std::move(known), "certificate " + first.Subject());
    }
    return WriteResult(DescribeAsJson(first));
  }
  const auto inventory = opener->List(found->place.Clone(), false);
  return WriteResult(
      DescribeAsList(*library, found->certificates, inventory ? *inventory : Inventory()));
}

}  // namespace credmint::cli
