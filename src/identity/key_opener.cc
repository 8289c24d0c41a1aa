#include "identity/key_opener.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/read_file.h"

namespace credmint {
namespace {

std::string OnlyFrom(const Scheme& scheme) { return fmt::format("provider={}", scheme.provider); }

/// Belt and braces for OnlyFrom(): the key must be in the provider's hands, not a copy in memory.
Result<void> CheckProvider(const PkeyPtr& key, const Scheme& scheme) {
  const OSSL_PROVIDER* provider = EVP_PKEY_get0_provider(key.get());
  if (provider != nullptr && scheme.provider == OSSL_PROVIDER_get0_name(provider)) return {};
  return Fail(ErrorCode::kInternal, "the key did not come from its device");
}

std::string Clause(const KeyReference& reference, StoreExpect expect) {
  return fmt::format("opening {} {}", expect == StoreExpect::kPrivateKey ? "key" : "certificate",
                     reference.text());
}

/// OpenSSL's words for undecodable input ("unsupported") help nobody.
Error ExplainFile(Error error, StoreExpect expect) {
  if (error.code != ErrorCode::kMalformed) return error;
  LogDebug(fmt::format("OpenSSL says: {}", error.message));
  error.message = expect == StoreExpect::kPrivateKey ? "it is not a private key that can be read"
                                                     : "it is not a certificate that can be read";
  error.hint = expect == StoreExpect::kPrivateKey
                   ? "expected PEM or DER of PKCS#8, PKCS#1, SEC1, PKCS#12 or a TPM key file"
                   : "expected PEM, DER or PKCS#12";
  return error;
}

}  // namespace

Result<std::shared_ptr<const SigningKey>> KeyOpener::OpenKey(KeyReference reference) {
  auto contents = Load(reference, StoreExpect::kPrivateKey);
  if (!contents) return Fail(std::move(contents), Clause(reference, StoreExpect::kPrivateKey));
  if (contents->keys.size() != 1) {
    return Fail(ErrorCode::kKeyAmbiguous,
                fmt::format("{} holds {} private keys", reference.text(), contents->keys.size()));
  }
  return std::make_shared<const SigningKey>(*context_, std::move(contents->keys.front()));
}

Result<std::vector<Certificate>> KeyOpener::OpenCertificates(KeyReference reference) {
  auto contents = Load(reference, StoreExpect::kCertificate);
  if (!contents) {
    Error error = std::move(contents).error();
    if (reference.is_file() && error.code == ErrorCode::kKeyNotFound) {
      error.code = ErrorCode::kCertificate;
    }
    return tl::unexpected(std::move(error).In(Clause(reference, StoreExpect::kCertificate)));
  }
  std::vector<Certificate> certificates;
  for (X509Ptr& x509 : contents->certificates) certificates.emplace_back(std::move(x509));
  return certificates;
}

Result<StoreContents> KeyOpener::Load(KeyReference& reference, StoreExpect expect) {
  if (auto pin = reference.TakePin()) {
    pins_.user = pin->file.empty() ? PinSource::FromSecret(std::move(pin->value))
                                   : PinSource::FromFile(pin->file);
  }
  StoreOptions options;
  options.expect = expect;
  options.passphrase = [this](const PassphraseRequest& request) { return pins_.Answer(request); };
  return reference.is_file() ? LoadFile(reference.text(), std::move(options))
                             : LoadUri(reference, std::move(options));
}

Result<StoreContents> KeyOpener::LoadFile(const std::string& path, StoreOptions options) {
  const auto file = ReadFile(path);
  if (!file) return tl::unexpected(file.error());
  const Scheme* scheme =
      options.expect == StoreExpect::kPrivateKey ? FindSchemeOfFile(file->Reveal()) : nullptr;
  if (scheme == nullptr) {
    auto contents = ReadStore(*context_, *file, "file", options);
    if (!contents) return tl::unexpected(ExplainFile(std::move(contents).error(), options.expect));
    return contents;
  }
  if (scheme->init == nullptr) {
    return Fail(ErrorCode::kUsage,
                fmt::format("this build cannot use a {} file", scheme->pem_label));
  }
  options.properties = OnlyFrom(*scheme);
  options.parameters = parameters_;
  auto contents = ReadStore(*context_, *file, std::string(scheme->name), options);
  if (!contents) return contents;
  for (const PkeyPtr& key : contents->keys) {
    if (auto checked = CheckProvider(key, *scheme); !checked) return Fail(std::move(checked));
  }
  return contents;
}

Result<StoreContents> KeyOpener::LoadUri(const KeyReference& reference, StoreOptions options) {
  const Scheme* scheme = reference.scheme();
  if (scheme == nullptr) return OpenStore(*context_, reference.text(), options);
  options.properties = OnlyFrom(*scheme);
  options.parameters = parameters_;
  std::string uri = reference.text();
  const bool add_suffix =
      pins_.user && !scheme->secret_suffix.empty() && !uri.ends_with(scheme->secret_suffix);
  if (add_suffix) uri += scheme->secret_suffix;
  auto contents = OpenStore(*context_, uri, options);
  if (!contents) return contents;
  for (const PkeyPtr& key : contents->keys) {
    if (auto checked = CheckProvider(key, *scheme); !checked) return Fail(std::move(checked));
  }
  return contents;
}

}  // namespace credmint
