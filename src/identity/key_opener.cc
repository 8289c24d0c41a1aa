// SPDX-License-Identifier: Apache-2.0
#include "identity/key_opener.h"

#include <fmt/format.h>
#include <openssl/x509.h>

#include <algorithm>
#include <string>

#include "base/log.h"
#include "base/shown_value.h"
#include "identity/file_failure.h"
#include "identity/file_form.h"
#include "identity/named_device.h"
#include "identity/referenced_file.h"
#include "ossl/certificate_file.h"
#include "ossl/pem_blocks.h"
#include "ossl/pkcs12.h"
#include "ossl/plain_key.h"
#include "ossl/stores.h"
#include "ossl/uri_file.h"

namespace credmint {
namespace {

std::string OnlyFrom(const Scheme& scheme) { return fmt::format("provider={}", scheme.provider); }

/// A second check besides OnlyFrom(): the key must be the provider's, not a copy in memory.
/// Stores in other processes check the keys that they open themselves.
Result<void> CheckProvider(const PkeyPtr& key, const Scheme& scheme,
                           const LibraryContext& context) {
  const OSSL_PROVIDER* provider = EVP_PKEY_get0_provider(key.get());
  const std::string_view wanted = context.stores() != nullptr ? kRemoteProvider : scheme.provider;
  if (provider != nullptr && wanted == OSSL_PROVIDER_get0_name(provider)) return {};
  return Fail(ErrorCode::kInternal, "the key did not come from its device");
}

Result<StoreContents> CheckKeys(Result<StoreContents> contents, const Scheme& scheme,
                                const LibraryContext& context) {
  if (!contents) return contents;
  for (const PkeyPtr& key : contents->keys) {
    if (auto checked = CheckProvider(key, scheme, context); !checked) {
      return Fail(std::move(checked));
    }
  }
  return contents;
}

std::string Clause(const KeyReference& reference, StoreExpect expect) {
  return fmt::format("opening {} {}", expect == StoreExpect::kPrivateKey ? "key" : "certificate",
                     reference.shown());
}

/// A bare scheme stands for the whole device.
std::string ListingClause(const KeyReference& reference) {
  const std::string shown = reference.shown();
  return shown.ends_with(':') ? fmt::format("listing {}", reference.scheme()->device)
                              : fmt::format("listing {}", shown);
}

/// The DER SubjectPublicKeyInfo of each certificate, one after the other.
Bytes PublicKeysOf(std::span<const Certificate> certificates) {
  Bytes all;
  for (const Certificate& certificate : certificates) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate.get()), &der);
    if (size > 0) all.insert(all.end(), der, der + size);
    OPENSSL_free(der);
  }
  return all;
}

/// The request with a name that people understand. OpenSSL's words for a file ("PKCS12 import pass
/// phrase") are not.
PassphraseRequest Named(const PassphraseRequest& request, const KeyReference& reference) {
  if (request.kind != PassphraseKind::kFile) return request;
  return {reference.is_file() ? PassphraseKind::kFile : PassphraseKind::kForeign,
          reference.shown()};
}

std::unique_ptr<PinSource> SourceOf(std::optional<ReferencedPin> pin) {
  if (!pin) return nullptr;
  return std::make_unique<PinSource>(pin->file.empty()
                                         ? SecretSource::FromSecret(std::move(pin->value))
                                         : SecretSource::FromFile(pin->file));
}

bool BelongsToOne(const EVP_PKEY* key, std::span<const Certificate> certificates) {
  const ErrorMark mark;
  return std::any_of(certificates.begin(), certificates.end(), [&](const Certificate& one) {
    return one.public_key() != nullptr && EVP_PKEY_eq(key, one.public_key()) == 1;
  });
}

/// The keys of a device in a PEM file; empty for any other file.
std::vector<std::string_view> WrappedBlocks(const Secret& file) {
  std::vector<std::string_view> blocks;
  for (const PemBlock& block : FindPemBlocks(file.Reveal())) {
    if (FindSchemeOfFile(block.text) != nullptr) blocks.push_back(block.text);
  }
  return blocks;
}

/// The only key, or the only one that belongs to one of the certificates.
Result<PkeyPtr> OnlyKey(Result<StoreContents> contents, std::span<const Certificate> certificates) {
  if (!contents) return Fail(std::move(contents));
  std::vector<PkeyPtr>& keys = contents->keys;
  const std::size_t count = keys.size();
  if (count > 1) {
    std::erase_if(keys, [&](const PkeyPtr& key) { return !BelongsToOne(key.get(), certificates); });
  }
  if (keys.size() == 1) return std::move(keys.front());
  const std::string message = fmt::format("it holds {} private keys", count);
  if (!keys.empty()) return Fail(ErrorCode::kKeyAmbiguous, message, Remedy::kSelectCertificate);
  return Fail(ErrorCode::kKeyAmbiguous, message, "give the one that is meant in a file of its own");
}

/// A warning about the file's permissions. A key that only its device can use is no secret.
std::string WarningOf(const KeyReference& reference, const Secret& file) {
  if (!reference.is_path() || FindSchemeOfFile(file.Reveal()) != nullptr) return {};
  return DescribeOpenKeyFile(reference.text());
}

/// Null if the file needs a store. A provider of the user's may want to open any key.
PkeyPtr OpenPlainKey(const LibraryContext& context, const Secret& file,
                     const StoreOptions& options) {
  const bool wants_key = options.expect == StoreExpect::kPrivateKey;
  return wants_key && options.device.name.empty() ? ReadPlainKey(context, file) : nullptr;
}

/// A file that is named for a change is that of a device's key.
Error NotOfDevice(const DeviceChange& change) {
  if (change.kind == DeviceChange::Kind::kSignPolicy) {
    return {ErrorCode::kUsage, "it is not the file of a device's key", {}};
  }
  return {ErrorCode::kKeyUnusable, "it is not a file whose key only a device can use",
          "only keys in a TPM or on a token can be attested; any other file can be copied"};
}

}  // namespace

void KeyOpener::ForgetSecrets() {
  pins_.Forget();
  if (Stores* const stores = context_->stores()) stores->ForgetInterrupted();
}

Result<std::shared_ptr<const SigningKey>> KeyOpener::OpenKey(
    KeyReference reference, std::span<const Certificate> certificates) {
  if (auto has_keys = reference.CheckHasKeys(); !has_keys) {
    return Fail(std::move(has_keys), Clause(reference, StoreExpect::kPrivateKey));
  }
  if (reference.is_file()) return OpenKeyFile(std::move(reference), certificates);
  Wanted wanted{.public_keys = PublicKeysOf(certificates)};
  KeyReference again = reference.ForPrivateKey();
  auto contents = Load(reference, wanted);
  if (!contents && contents.error().code == ErrorCode::kContextPinRequired) {
    contents = LoadWithContextPin(std::move(again), std::move(wanted));
  }
  auto key = OnlyKey(std::move(contents), {});
  if (!key) return Fail(std::move(key), Clause(reference, StoreExpect::kPrivateKey));
  return std::make_shared<const SigningKey>(*context_, *std::move(key));
}

Result<std::shared_ptr<const SigningKey>> KeyOpener::OpenKeyFile(
    KeyReference reference, std::span<const Certificate> certificates) {
  auto contents = ReadReferenced(reference, FileAccess::kNotWrittenByAll);
  if (!contents) return Fail(std::move(contents), Clause(reference, StoreExpect::kPrivateKey));
  if (const auto uri = ReadUriFile(contents->Reveal())) {
    auto place = PlaceInFile(*uri);
    auto key = place ? OpenKey(*std::move(place), certificates) : Fail(std::move(place));
    if (!key) return Fail(std::move(key), Clause(reference, StoreExpect::kPrivateKey));
    return key;
  }
  if (const std::string warning = WarningOf(reference, *contents); !warning.empty()) {
    LogWarning(fmt::format("the private key in {}: {}", reference.shown(), warning));
  }
  const auto blocks = WrappedBlocks(*contents);
  if (blocks.size() > 1) return OpenOneOf(reference, blocks, certificates);
  return OpenKey(std::make_shared<const WrappedKey>(std::move(reference), *std::move(contents)),
                 certificates);
}

/// The secret that is given is then that of the key which the file names.
Result<KeyReference> KeyOpener::PlaceInFile(const std::string& uri) {
  auto reference = KeyReference::Parse(uri, KeyReference::Use::kPrivateKey);
  if (!reference) return Fail(std::move(reference), "the URI in the file");
  if (reference->scheme() == nullptr || !reference->scheme()->rfc7512) {
    return Fail(ErrorCode::kMalformed, "the file names no key on a token");
  }
  if (NamesDevice(*reference) && !IsDeviceGiven(*reference->scheme(), parameters_)) {
    return Fail(ErrorCode::kUsage,
                fmt::format("the file names {}, and must not decide which code runs",
                            reference->scheme()->device),
                Remedy::kNameModule);
  }
  pins_.user_opens_tokens = true;
  return reference;
}

/// While a key is replaced, its file holds the new one and the earlier one.
Result<std::shared_ptr<const SigningKey>> KeyOpener::OpenOneOf(
    const KeyReference& reference, const std::vector<std::string_view>& blocks,
    std::span<const Certificate> certificates) {
  for (const std::string_view block : blocks) {
    auto key = OpenKey(std::make_shared<const WrappedKey>(reference.Clone(), Secret(block)), {});
    if (!key || BelongsToOne((*key)->get(), certificates)) return key;
  }
  return Fail(ErrorCode::kKeyAmbiguous,
              fmt::format("{}: it holds {} private keys, and none belongs to the certificate",
                          Clause(reference, StoreExpect::kPrivateKey), blocks.size()),
              "give the one that is meant in a file of its own");
}

Result<std::shared_ptr<const SigningKey>> KeyOpener::OpenKey(
    const std::shared_ptr<const WrappedKey>& file, std::span<const Certificate> certificates) {
  KeyReference reference = file->reference.Clone();
  auto key = OnlyKey(Load(reference, file->contents, Wanted()), certificates);
  if (!key) return Fail(std::move(key), Clause(reference, StoreExpect::kPrivateKey));
  const bool is_wrapped = FindSchemeOfFile(file->contents.Reveal()) != nullptr;
  return std::make_shared<const SigningKey>(*context_, *std::move(key),
                                            is_wrapped ? file : nullptr);
}

Result<std::vector<Certificate>> KeyOpener::OpenCertificates(KeyReference reference) {
  const auto file = reference.is_file() ? ReadReferenced(reference) : Secret();
  if (!file) {
    return Fail(Error(file.error()).In(Clause(reference, StoreExpect::kCertificate)));
  }
  auto certificates = CertificatesOf(reference, *file);
  if (certificates) return certificates;
  Error error = std::move(certificates).error();
  if (error.code == ErrorCode::kKeyNotFound || error.code == ErrorCode::kMalformed) {
    error.code = ErrorCode::kCertificate;
  }
  return Fail(std::move(error).In(Clause(reference, StoreExpect::kCertificate)));
}

/// Reads certificates from `file`, the contents of a file, or from anything else that the reference
/// names.
Result<std::vector<Certificate>> KeyOpener::CertificatesOf(KeyReference& reference,
                                                           const Secret& file) {
  auto blocks = ReadCertificateFile(*context_, file);
  if (!blocks) return Fail(ExplainBlock(std::move(blocks).error(), file));
  if (!blocks->empty()) return blocks;
  auto contents = Load(reference, file, {.expect = StoreExpect::kCertificate});
  if (!contents) return Fail(std::move(contents));
  // Made again, because OpenSSL stores a loader's property query in what it loads. With the query
  // of a token, the certificate could not even be verified.
  std::vector<Certificate> certificates;
  for (X509Ptr& x509 : contents->certificates) {
    auto certificate = Certificate::FromDer(*context_, Certificate(std::move(x509)).Der());
    if (!certificate) return Fail(std::move(certificate), reference.shown());
    certificates.push_back(*std::move(certificate));
  }
  return certificates;
}

Result<Inventory> KeyOpener::List(KeyReference reference, bool log_in) {
  if (reference.is_file()) {
    auto inventory = ListFile(reference, log_in);
    if (!inventory) return Fail(std::move(inventory), "listing " + reference.shown());
    return inventory;
  }
  if (reference.scheme() == nullptr || reference.scheme()->inventory_parameter.empty()) {
    return Fail(ErrorCode::kUsage,
                fmt::format("{}: only what is on a token, in a TPM or in a file can be listed",
                            reference.shown()));
  }
  auto contents =
      Load(reference, {.expect = StoreExpect::kName, .inventory = log_in ? "all" : "public"});
  if (!contents) {
    return Fail(std::move(contents), ListingClause(reference));
  }
  return ReadInventory(*context_, contents->names);
}

Result<Inventory> KeyOpener::Change(KeyReference reference, const DeviceChange& change) {
  const bool may_be_file = change.MayBeFile() && reference.is_file();
  if (reference.scheme() == nullptr && !may_be_file) {
    return Fail(ErrorCode::kUsage, "it is not in a device");
  }
  auto contents = Load(reference, {.expect = StoreExpect::kName, .change = &change});
  if (!contents) return Fail(std::move(contents));
  return ReadInventory(*context_, contents->names);
}

/// A key that cannot be opened hides no certificate, as on a token without login.
Result<Inventory> KeyOpener::ListFile(KeyReference& reference, bool log_in) {
  const auto file = ReadReferenced(reference);
  if (!file) return Fail(file);
  if (const auto uri = ReadUriFile(file->Reveal())) {
    auto place = PlaceInFile(*uri);
    if (!place) return Fail(std::move(place));
    return List(*std::move(place), log_in);
  }
  auto keys = Load(reference, *file, Wanted());
  const ErrorCode failure = keys ? ErrorCode::kInternal : keys.error().code;
  if (failure == ErrorCode::kPinIncorrect) return Fail(std::move(keys));
  const bool no_key = failure == ErrorCode::kMalformed || failure == ErrorCode::kKeyNotFound;
  auto found = CertificatesOf(reference, *file);
  // A damaged certificate is reported, not omitted.
  if (!found && found.error().code == ErrorCode::kCertificate) return Fail(std::move(found));
  if (!keys && !found) {
    if (!no_key) return Fail(std::move(keys));
    if (auto explained = ExplainFileForm(file->Reveal(), StoreExpect::kCertificate)) {
      return Fail(*std::move(explained));
    }
    return Fail(ErrorCode::kMalformed,
                "it holds neither a private key nor a certificate that can be read",
                "expected PEM, DER, PKCS#7, PKCS#12 or a TPM key file");
  }
  const std::vector<Certificate> certificates =
      found ? *std::move(found) : std::vector<Certificate>();
  Inventory inventory =
      FileInventory(reference.descriptor() == 0 ? "-" : reference.text(),
                    keys ? std::span<const PkeyPtr>(keys->keys) : std::span<const PkeyPtr>(),
                    certificates, keys || no_key ? "" : keys.error().message);
  const std::string warning = no_key ? "" : WarningOf(reference, *file);
  if (!warning.empty()) inventory.front().facts.emplace_back("warning", warning);
  return inventory;
}

/// The session and login of the first attempt still exist, so the token is not logged in to again.
Result<StoreContents> KeyOpener::LoadWithContextPin(KeyReference reference, Wanted wanted) {
  const auto own = SourceOf(reference.TakePin());
  const bool own_serves = own && pins_.reuse_user_for_context && !pins_.context;
  if (!own_serves && !pins_.HasSource(PassphraseKind::kContextPin)) {
    return LoadAskingContextPin(reference, std::move(wanted));
  }
  auto pin = own_serves ? own->Get() : pins_.Answer({PassphraseKind::kContextPin, "the key"});
  if (!pin) return Fail(std::move(pin));
  if (pin->empty()) {
    return Fail(ErrorCode::kPinIncorrect, "the context-specific PIN given is empty");
  }
  wanted.context_pin = *std::move(pin);  // the key has its copy, and no other key gets it
  return Load(reference, wanted);
}

/// The store asks, because it knows the token's name. OpenSSL would answer a second question with
/// the first answer. So a question for the token PIN, which means that the login was lost, gets no
/// answer.
Result<StoreContents> KeyOpener::LoadAskingContextPin(const KeyReference& reference,
                                                      Wanted wanted) {
  wanted.context_pin.reset();
  return LoadUri(reference, wanted, [&](const PassphraseRequest& request) -> Result<Secret> {
    if (request.kind == PassphraseKind::kContextPin) {
      return pins_.Answer(request, reference.place());
    }
    return Fail(ErrorCode::kDevice, fmt::format("{} has ended the login", request.subject));
  });
}

Result<StoreContents> KeyOpener::Load(KeyReference& reference, const Wanted& wanted) {
  const auto file = reference.is_file() ? ReadReferenced(reference) : Secret();
  if (!file) return Fail(file);
  return Load(reference, *file, wanted);
}

/// A PIN in the reference is for this reference only.
Result<StoreContents> KeyOpener::Load(KeyReference& reference, const Secret& file,
                                      const Wanted& wanted) {
  const auto own = SourceOf(reference.TakePin());
  std::optional<PassphraseRequest> asked;
  const auto passphrase = [&](const PassphraseRequest& request) {
    if (own && request.kind == PassphraseKind::kTokenPin) {
      auto pin = own->Get();
      if (pin) pins_.NoteInReference(*pin);
      return pin;
    }
    asked = Named(request, reference);
    return pins_.Answer(*asked, reference.place());
  };
  for (;;) {
    auto contents = reference.is_file() ? LoadFile(file, wanted, passphrase)
                                        : LoadUri(reference, wanted, passphrase);
    const bool refused = !contents && contents.error().code == ErrorCode::kPinIncorrect && asked;
    if (!refused || !pins_.Refuse(*asked, reference.place())) return contents;
  }
}

Result<StoreContents> KeyOpener::LoadFile(const Secret& file, const Wanted& wanted,
                                          const PassphraseFunction& passphrase) {
  StoreOptions options;
  options.expect = wanted.expect;
  options.passphrase = passphrase;
  const bool for_device = wanted.change != nullptr || options.expect == StoreExpect::kPrivateKey;
  const Scheme* scheme = for_device ? FindSchemeOfFile(file.Reveal()) : nullptr;
  if (scheme == nullptr && wanted.change != nullptr) {
    return Fail(NotOfDevice(*wanted.change));
  }
  if (scheme == nullptr) {
    options.device = context_->other_device();
    if (PkeyPtr key = OpenPlainKey(*context_, file, options)) {
      StoreContents plain;
      plain.keys.push_back(std::move(key));
      return plain;
    }
    auto contents = IsPkcs12(file) ? ReadPkcs12(*context_, file, options)
                                   : ReadStore(*context_, file, "file", options);
    if (contents) return contents;
    return Fail(ExplainFile(std::move(contents).error(), file, options.expect));
  }
  if (scheme->init == nullptr) {
    return Fail(ErrorCode::kUsage,
                fmt::format("this build cannot use a {} file", scheme->pem_label));
  }
  if (auto set = SetParameters(*scheme, wanted, options); !set) return Fail(std::move(set));
  options.device = DeviceOf(*scheme, {}, options, sandbox_);
  return CheckKeys(ReadStore(*context_, file, std::string(scheme->name), options), *scheme,
                   *context_);
}

Result<StoreContents> KeyOpener::LoadUri(const KeyReference& reference, const Wanted& wanted,
                                         const PassphraseFunction& passphrase) {
  StoreOptions options;
  options.expect = wanted.expect;
  options.passphrase = passphrase;
  const Scheme* scheme = reference.scheme();
  if (scheme == nullptr) {
    options.device = context_->other_device();
    auto contents = OpenStore(*context_, reference.text(), options);
    if (contents || contents.error().code != ErrorCode::kMalformed) return contents;
    // OpenSSL's message repeats the URI.
    if (reference.shown() == reference.text()) LogDebug(contents.error().message);
    return Fail(ErrorCode::kMalformed,
                "it is not a file, and no OpenSSL provider can open such a URI",
                Remedy::kLoadProvider);
  }
  if (auto set = SetParameters(*scheme, wanted, options); !set) return Fail(std::move(set));
  std::string uri = reference.text();
  const bool uses_key = options.expect == StoreExpect::kPrivateKey ||
                        (wanted.change != nullptr && wanted.change->UsesKey());
  const bool add_suffix = pins_.user && uses_key && !scheme->secret_suffix.empty() &&
                          !uri.ends_with(scheme->secret_suffix);
  if (add_suffix) uri += scheme->secret_suffix;
  options.device = DeviceOf(*scheme, uri, options, sandbox_);
  return CheckKeys(OpenStore(*context_, uri, options), *scheme, *context_);
}

Result<void> KeyOpener::SetParameters(const Scheme& scheme, const Wanted& wanted,
                                      StoreOptions& options) {
  options.properties = OnlyFrom(scheme);
  options.parameters = parameters_;
  if (!scheme.public_key_parameter.empty() && !wanted.public_keys.empty()) {
    options.octets.emplace_back(scheme.public_key_parameter, wanted.public_keys);
  }
  if (!scheme.inventory_parameter.empty() && !wanted.inventory.empty()) {
    options.parameters.emplace_back(scheme.inventory_parameter, wanted.inventory);
  }
  if (!scheme.opening_parameter.empty() && opening_began_) {
    const std::chrono::nanoseconds began = opening_began_->time_since_epoch();
    options.parameters.emplace_back(scheme.opening_parameter, std::to_string(began.count()));
  }
  const bool wants_key = wanted.expect == StoreExpect::kPrivateKey;
  if (wants_key && !scheme.has_auth_parameter.empty() && pins_.user) {
    options.parameters.emplace_back(scheme.has_auth_parameter, "1");
  }
  if (!scheme.ask_auth_parameter.empty() && !pins_.user) {
    options.parameters.emplace_back(scheme.ask_auth_parameter, "1");
  }
  if (!scheme.policy_signer_parameter.empty() && signer_) {
    options.key.emplace(scheme.policy_signer_parameter, signer_->get());
  }
  if (wanted.change != nullptr) {
    if (auto set = SetChange(scheme, *wanted.change, options); !set) return set;
  }
  return SetSecrets(scheme, wanted, options);
}

Result<void> KeyOpener::SetSecrets(const Scheme& scheme, const Wanted& wanted,
                                   StoreOptions& options) {
  if (!scheme.context_pin_parameter.empty() && wanted.context_pin) {
    options.secrets.emplace_back(scheme.context_pin_parameter, wanted.context_pin->Clone());
  }
  if (!scheme.parent_auth_parameter.empty() && pins_.parent) {
    auto auth = pins_.parent->Get();
    if (!auth) return Fail(std::move(auth), "the auth value of the key's parent");
    options.secrets.emplace_back(scheme.parent_auth_parameter, *std::move(auth));
  }
  if (!scheme.policy_auth_parameter.empty() && pins_.policy) {
    auto auth = pins_.policy->Get();
    if (!auth) return Fail(std::move(auth), "the auth value for the key's policy");
    options.secrets.emplace_back(scheme.policy_auth_parameter, *std::move(auth));
  }
  return {};
}

}  // namespace credmint
