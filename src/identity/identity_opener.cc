// SPDX-License-Identifier: Apache-2.0
#include "identity/identity_opener.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/changing_files.h"
#include "base/log.h"
#include "identity/refusals.h"

namespace credmint {
namespace {

/// Uses only its own secrets: those of the key it helps must never be tried on it.
Result<std::shared_ptr<const SigningKey>> OpenPolicyKey(const LibraryContext& context,
                                                        const IdentitySpec& spec,
                                                        const PromptFunction& ask) {
  PinSources pins;
  if (spec.policy_key_secret) pins.user = spec.policy_key_secret->Clone();
  pins.prompted = PromptedSecrets(ask);
  KeyOpener keys(context, std::move(pins), spec.parameters);
  keys.SetSandbox(spec.sandbox);
  auto key = keys.OpenKey(spec.policy_key->Clone());
  if (!key) return Fail(std::move(key), "the policy's key");
  return key;
}

/// Whether the secret of the key can be a token's PIN. That of a file or of a TPM's key is not. A
/// token that has only the certificate would count it as a wrong try.
bool IsOnToken(const IdentitySpec& spec) {
  const auto& key = spec.private_key ? spec.private_key : spec.certificate.certificate;
  return !key || (key->scheme() != nullptr ? key->scheme()->rfc7512 : !key->is_file());
}

/// `certificates` is not empty. Returns an issuer only if there is nothing else.
const Certificate& LatestExpiring(std::span<const Certificate> certificates) {
  return *std::max_element(
      certificates.begin(), certificates.end(), [](const Certificate& a, const Certificate& b) {
        return std::make_tuple(!a.IsCa(), a.NotAfter()) < std::make_tuple(!b.IsCa(), b.NotAfter());
      });
}

/// Checks this first: a key that this OpenSSL does not know would fail later with a worse message.
Result<void> CheckSomeKeyIsKnown(std::span<const Certificate> certificates) {
  Result<void> first;
  for (const Certificate& certificate : certificates) {
    auto known = CheckKeyIsKnown(certificate);
    if (known) return {};
    if (first) first = Fail(std::move(known), "certificate " + certificate.Subject());
  }
  return first;
}

}  // namespace

Result<IdentityOpener> IdentityOpener::Create(const LibraryContext& context,
                                              std::shared_ptr<const IdentitySpec> spec,
                                              const PromptFunction& ask) {
  PinSources pins(spec->secrets);
  pins.user_opens_tokens = IsOnToken(*spec);
  pins.prompted = PromptedSecrets(ask);
  KeyOpener keys(context, std::move(pins), spec->parameters);
  keys.SetSandbox(spec->sandbox);
  if (spec->policy_key) {
    auto signer = OpenPolicyKey(context, *spec, ask);
    if (!signer) return Fail(std::move(signer));
    keys.SetPolicySigner(*std::move(signer));
  }
  return IdentityOpener(std::move(spec), std::move(keys));
}

Result<std::shared_ptr<const SigningKey>> IdentityOpener::OpenKey(
    std::span<const Certificate> certificates) {
  if (spec_->private_key) return keys_.OpenKey(spec_->private_key->Clone(), certificates);
  if (!spec_->certificate.certificate) return Fail(ErrorCode::kUsage, "no key is named");
  const KeyReference& place = *spec_->certificate.certificate;
  auto key = keys_.OpenKey(place.ForPrivateKey(), certificates);
  if (key || key.error().code != ErrorCode::kKeyNotFound) return key;
  auto other = OpenKeyBeside(place, certificates);
  if (other || (other.error().code == ErrorCode::kKeyAmbiguous && certificates.size() > 1)) {
    return other;
  }
  key.error().SetRemedy(Remedy::kNameKeyApart);
  return key;
}

/// Finds a key that belongs to one of the certificates but has another name.
Result<std::shared_ptr<const SigningKey>> IdentityOpener::OpenKeyBeside(
    const KeyReference& place, std::span<const Certificate> belonging) {
  auto key = keys_.OpenKey(place.ForAll().ForPrivateKey(), belonging);
  if (!key) return key;
  const ErrorMark mark;
  const bool belongs =
      std::any_of(belonging.begin(), belonging.end(), [&](const Certificate& certificate) {
        return certificate.public_key() != nullptr &&
               EVP_PKEY_eq((*key)->get(), certificate.public_key()) == 1;
      });
  if (belongs) return key;
  return Fail(ErrorCode::kKeyNotFound, "no key there belongs to the certificate");
}

/// If several certificates remain and each has a key, takes the certificate that expires last, if
/// requested.
Result<std::shared_ptr<const SigningKey>> IdentityOpener::OpenKeyOf(
    CertificateSource& source, const CertificateCandidates& candidates) {
  const std::vector<Certificate>& certificates = candidates.certificates;
  auto key = OpenKey(certificates);
  if (key || key.error().code != ErrorCode::kKeyAmbiguous || certificates.size() == 1) return key;
  if (spec_->certificate.latest_expiring) return OpenKey({&LatestExpiring(certificates), 1});
  std::string others = std::move(key.error().hint);
  key.error().SetRemedy(Remedy::kNameCertificate);
  key.error().hint = source.Describe(candidates);
  if (!others.empty()) key.error().AddHint("or " + others);
  return key;
}

Result<void> IdentityOpener::CheckKeyStrength(const EVP_PKEY* key) const {
  return spec_->allow_weak_key ? Result<void>() : CheckStrength(key);
}

/// Uses `device_key` if it is set. Otherwise opens a key, and stores it there if it is a device's.
Result<std::shared_ptr<const Identity>> IdentityOpener::Open(
    std::shared_ptr<const SigningKey>& device_key) {
  const KeyOpener::Opening opening(keys_);
  CertificateSource source = certificates();
  const auto candidates = source.Find();
  if (!candidates) return Fail(candidates);
  if (auto known = CheckSomeKeyIsKnown(candidates->certificates); !known) {
    return Fail(std::move(known));
  }
  auto key = device_key ? device_key : OpenKeyOf(source, *candidates);
  if (!key) return Fail(std::move(key));
  if (!(*key)->IsInMemory() && !(*key)->wrapped()) device_key = *key;
  const auto now = std::chrono::system_clock::now();
  auto chain = source.ChainFor(**key, *candidates, now);
  if (!chain) return Fail(std::move(chain));
  auto identity = CheckIdentity(*std::move(key), *std::move(chain), now);
  if (!identity) return Fail(std::move(identity));
  const Certificate& leaf = identity->leaf();
  if (auto strong = CheckKeyStrength(leaf.public_key()); !strong) {
    return Fail(std::move(strong), "certificate " + leaf.Subject());
  }
  return std::make_shared<const Identity>(*std::move(identity));
}

Result<std::shared_ptr<const Identity>> IdentityOpener::Open() {
  std::shared_ptr<const SigningKey> device_key;
  return Open(device_key);
}

Result<std::shared_ptr<const Identity>> IdentityOpener::OpenPatiently(
    std::chrono::milliseconds patience) {
  const CertificateOptions& certificate = spec_->certificate;
  ChangingFiles files(
      PathsIn({&certificate.certificate, &spec_->private_key, &certificate.intermediates}),
      patience);
  std::shared_ptr<const SigningKey> device_key;
  while (true) {
    files.Look();
    auto identity = Open(device_key);
    if (identity) return identity;
    const auto settled = SettlingTime(identity.error().code);
    if (!settled || !files.WaitForChange(*settled)) return identity;
    LogDebug(fmt::format("trying again, because a replacement may be in progress: {}",
                         identity.error().message));
  }
}

std::vector<std::string> PathsIn(
    std::initializer_list<const std::optional<KeyReference>*> references) {
  std::vector<std::string> paths;
  for (const std::optional<KeyReference>* reference : references) {
    if (*reference && (*reference)->is_path()) paths.push_back((*reference)->text());
  }
  return paths;
}

std::optional<std::chrono::milliseconds> SettlingTime(ErrorCode failure) {
  switch (failure) {
    case ErrorCode::kKeyMismatch:
      return std::chrono::milliseconds(1000);
    case ErrorCode::kSecretUnreadable:
    case ErrorCode::kLocalIo:  // missing, or cut to nothing until somebody goes on
      return std::chrono::milliseconds(500);
    case ErrorCode::kMalformed:
    case ErrorCode::kCertificate:
    case ErrorCode::kKeyNotFound:
      return std::chrono::milliseconds(200);
    default:
      return std::nullopt;
  }
}

}  // namespace credmint
