#include "cli/read_certificate_data.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "cli/output.h"
#include "identity/certificate_source.h"
#include "identity/key_reference.h"
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

std::string DescribeAsList(const LibraryContext& context,
                           const std::vector<Certificate>& certificates) {
  std::string text = "Matching identities\n";
  int number = 0;
  for (const Certificate& certificate : certificates) {
    text += fmt::format("{}) {} \"{}\"\n", ++number, Fingerprint(context, certificate),
                        certificate.Subject());
  }
  return text;
}

}  // namespace

ReadCertificateDataCommand::ReadCertificateDataCommand(CLI::App& app)
    : app_(app.add_subcommand("read-certificate-data", "Show what a certificate is")) {
  AddCertificateFlags(*app_, key_);
}

Result<void> ReadCertificateDataCommand::Run() const {
  auto library = StartLibrary(key_);
  if (!library) return Fail(std::move(library));
  auto options = MakeCertificateOptions(key_);
  if (!options) return Fail(std::move(options));
  auto opener = MakeKeyOpener(*library, key_);
  if (!opener) return Fail(std::move(opener));
  const auto certificates = CertificateSource(*opener, *std::move(options)).LoadAll();
  if (!certificates) return tl::unexpected(certificates.error());
  const auto reference = KeyReference::Parse(key_.certificate, KeyReference::Use::kCertificate);
  return WriteResult(reference->is_file() ? DescribeAsJson(certificates->front())
                                          : DescribeAsList(*library, *certificates));
}

}  // namespace credmint::cli
