// SPDX-License-Identifier: Apache-2.0
#include "doctor/identity_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "base/read_file.h"
#include "base/time_left.h"
#include "base/timestamp.h"
#include "identity/expiry_stage.h"
#include "identity/identity_opener.h"
#include "identity/refusals.h"

namespace credmint::doctor {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// The hint for something that a login would have shown.
constexpr const char* kWithLogin = "the login would tell";

std::string DescribeKind(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  const ErrorMark mark;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    return fmt::format("{} {}", EVP_PKEY_get0_type_name(key), group.data());
  }
  return fmt::format("{} {}", EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key));
}

/// Whether the reference is to something that its device may hide until a login.
bool MayBeHidden(const std::optional<KeyReference>& reference) {
  return reference && reference->scheme() != nullptr && reference->scheme()->rfc7512;
}

/// A failure because of what only a login can show.
bool NeedsLogin(const ExaminedIdentity& identity, const Login& login, const Error& failure) {
  if (login.is_allowed || !HasDeviceSecret(*identity.spec)) return false;
  if (!DeviceOf(KeyOf(*identity.spec))) return false;  // the secret is a file's passphrase
  switch (failure.code) {
    case ErrorCode::kPinRequired:
    case ErrorCode::kContextPinRequired:
    case ErrorCode::kPolicyUnmet:
      return true;
    case ErrorCode::kKeyNotFound:
      return MayBeHidden(identity.spec->private_key) ||
             MayBeHidden(identity.spec->certificate.certificate);
    default:
      return false;
  }
}

void CheckSource(const Topic& topic, std::string_view purpose, const SecretSource& source) {
  if (auto checked = source.Check(); !checked) {
    return topic.Fail(Error(std::move(checked).error()).In(purpose));
  }
  if (source.descriptor()) {
    return topic.Skip(fmt::format("{}: {} can be read once", purpose, source.shown()), "");
  }
  topic.Ok(fmt::format("{}: {} can be read", purpose, source.shown()));
}

void CheckPinOf(const Topic& topic, const std::optional<KeyReference>& reference) {
  if (!reference) return;
  KeyReference copy = reference->Clone();
  const auto pin = copy.TakePin();
  if (!pin) return;
  if (pin->file.empty()) {
    return topic.Warn(fmt::format("the URI {} has its PIN in it", copy.shown()),
                      "write the PIN into a file of mode 0600, and name that with pin-source");
  }
  CheckSource(topic, "PIN of the URI", SecretSource::FromFile(pin->file));
}

/// The checks of one key and its certificate, in the order of a mint.
class Opening {
 public:
  Opening(const Observer& observer, const Login& login, ExaminedIdentity& identity,
          IdentityOpener& opener)
      : observer_(observer), login_(login), identity_(identity), opener_(opener) {}

  void Run() {
    CertificateSource source = opener_.certificates();
    auto candidates = source.Find();
    if (candidates) Identify(*candidates);
    if (!candidates) ReportNoCertificate(candidates.error());
    auto key = OpenKey(source, candidates);
    if (!key) {
      if (candidates) ReportLeafAlone(source, *candidates);
      return;
    }
    if (!candidates) return;
    auto chain = source.ChainFor(**key, *candidates, now_);
    if (!chain) return AboutCertificate().Fail(std::move(chain).error());
    ReportChain(*chain);
    Prove(*std::move(key), *std::move(chain));
  }

 private:
  [[nodiscard]] Topic AboutKey() const { return doctor::About(observer_, "key", identity_); }
  [[nodiscard]] Topic AboutCertificate() const {
    return doctor::About(observer_, "certificate", identity_);
  }

  void Identify(const CertificateCandidates& candidates) const {
    for (const auto* certificates : {&candidates.certificates, &candidates.unselected}) {
      for (const Certificate& certificate : *certificates) {
        observer_.identified(certificate.Subject());
        observer_.identified(certificate.Issuer());
        observer_.identified(certificate.SerialHex());
      }
    }
  }

  /// Opens the key, and reports it. Without a login, the parent of a TPM's key is not given its
  /// auth value. Loading the key without it would count as a wrong try.
  Result<std::shared_ptr<const SigningKey>> OpenKey(
      CertificateSource& source, const Result<CertificateCandidates>& candidates) {
    if (!login_.is_allowed && identity_.spec->secrets.parent) {
      AboutKey().Skip("its parent's auth value is not sent", kWithLogin);
      return Fail(ErrorCode::kPinRequired, "");
    }
    auto key = candidates ? opener_.OpenKeyOf(source, *candidates) : opener_.OpenKey();
    ReportKey(key);
    return key;
  }

  void ReportKey(const Result<std::shared_ptr<const SigningKey>>& key) const {
    const Topic topic = AboutKey();
    if (!key && NeedsLogin(identity_, login_, key.error())) {
      return topic.Skip("it is seen only after a login", kWithLogin);
    }
    if (!key) return topic.Fail(key.error());
    const EVP_PKEY* const pkey = (*key)->get();
    if (auto strong = opener_.CheckKeyStrength(pkey); !strong) {
      return topic.Fail(std::move(strong).error());
    }
    if ((*key)->IsInMemory()) return ReportKeyFile(topic, pkey);
    const std::vector<std::string> flags = FlagsOf(**key);
    const std::string text = fmt::format("{}, in its device{}{}", DescribeKind(pkey),
                                         flags.empty() ? "" : ": ", fmt::join(flags, ", "));
    if (std::find(flags.begin(), flags.end(), "extractable") == flags.end()) return topic.Ok(text);
    topic.Warn(text, "a key that can be extracted is no safer than a file: make another");
  }

  void ReportKeyFile(const Topic& topic, const EVP_PKEY* key) const {
    const KeyReference& reference = KeyOf(*identity_.spec);
    const std::string text = fmt::format("{} in {}", DescribeKind(key), reference.shown());
    const std::string open = reference.is_path() ? DescribeOpenKeyFile(reference.text()) : "";
    if (open.empty()) return topic.Ok(text);
    topic.Warn(fmt::format("{}: {}", text, open), "chmod 600 the file");
  }

  /// The flags by which the device describes the key; none if it hides them without a login, or
  /// does not store the key. The login by which the key was opened stands.
  [[nodiscard]] std::vector<std::string> FlagsOf(const SigningKey& key) const {
    const auto place = key.wrapped() ? std::nullopt : DeviceOf(KeyOf(*identity_.spec));
    if (!place) return {};
    const bool logged_in = login_.is_allowed && HasDeviceSecret(*identity_.spec);
    const auto inventory =
        opener_.keys().List(place->ForPrivateKey(), logged_in && place->scheme()->rfc7512);
    if (!inventory) return {};
    for (const InventoryEntry& entry : *inventory) {
      const bool is_it = entry.kind == InventoryEntry::Kind::kPrivateKey && entry.public_key &&
                         EVP_PKEY_eq(entry.public_key.get(), key.get()) == 1;
      if (is_it) return entry.flags;
    }
    return {};
  }

  void ReportNoCertificate(Error failure) const {
    if (NeedsLogin(identity_, login_, failure)) {
      return AboutCertificate().Skip("it is seen only after a login", kWithLogin);
    }
    AboutCertificate().Fail(std::move(failure));
  }

  /// Reports what can be said of a certificate whose key is not at hand.
  void ReportLeafAlone(CertificateSource& source, const CertificateCandidates& candidates) const {
    if (candidates.certificates.size() > 1) {
      return AboutCertificate().Skip(fmt::format("there are {}", candidates.certificates.size()),
                                     "the key tells which one is meant");
    }
    const auto chain = source.ChainOf(candidates.certificates.front(), candidates, now_);
    if (!chain) return AboutCertificate().Fail(chain.error());
    ReportChain(*chain);
  }

  void ReportChain(const CertificateChain& chain) const {
    const Topic topic = AboutCertificate();
    const std::string subject = fmt::format("certificate {}", chain.leaf.Subject());
    const auto refusals = ChainRefusals(chain, now_);
    for (const Error& refusal : refusals) topic.Fail(Error(refusal).In(subject));
    for (const Error& doubt : ChainDoubts(chain)) topic.Warn(Error(doubt).In(subject));
    for (const Certificate& issuer : chain.issuers) ReportIssuer(topic, issuer, chain.leaf);
    if (!refusals.empty()) return;
    const std::string text = fmt::format(
        "{}, serial {}: {} left, until {}; {}", chain.leaf.Subject(), chain.leaf.SerialHex(),
        TimeLeft(chain.leaf.NotAfter(), now_), FormatTimestamp(chain.leaf.NotAfter()), Sent(chain));
    if (ExpiryStageAt(chain.leaf, now_) == ExpiryStage::kFar) return topic.Ok(text);
    topic.Warn(text, "renew it with its CA");
  }

  void ReportIssuer(const Topic& topic, const Certificate& issuer, const Certificate& leaf) const {
    if (ExpiryStageAt(issuer, now_) == ExpiryStage::kExpired) {
      return topic.Fail({ErrorCode::kCertificate,
                         fmt::format("its issuer {} expired on {}", issuer.Subject(),
                                     FormatTimestamp(issuer.NotAfter())),
                         "have the CA certified again, and give the new certificate"});
    }
    if (issuer.NotAfter() >= leaf.NotAfter()) return;
    topic.Warn(fmt::format("its issuer {} has {} left, less than the certificate itself",
                           issuer.Subject(), TimeLeft(issuer.NotAfter(), now_)),
               "have the CA certified again");
  }

  /// The chain as it will be sent.
  static std::string Sent(const CertificateChain& chain) {
    const Certificate& last = chain.issuers.empty() ? chain.leaf : chain.issuers.back();
    return fmt::format("sent with {} issuers, which end at {}", chain.issuers.size(),
                       last.Issuer());
  }

  void Prove(std::shared_ptr<const SigningKey> key, CertificateChain chain) {
    const EVP_PKEY* const pkey = key->get();
    auto proven = CheckIdentity(std::move(key), std::move(chain), now_);
    if (!proven && proven.error().code == ErrorCode::kKeyMismatch) {
      return AboutCertificate().Fail(std::move(proven).error());
    }
    if (!proven || !opener_.CheckKeyStrength(pkey)) return;  // reported above
    identity_.identity = std::make_shared<const Identity>(*std::move(proven));
  }

  const Observer& observer_;
  const Login& login_;
  ExaminedIdentity& identity_;
  IdentityOpener& opener_;
  const TimePoint now_ = std::chrono::system_clock::now();
};

}  // namespace

void CheckSecrets(const Observer& observer, const ExaminedIdentity& identity) {
  const Topic topic = About(observer, "secrets", identity);
  const SecretSources& secrets = identity.spec->secrets;
  // A passphrase may not be needed; the key tells.
  const bool is_needed = DeviceOf(KeyOf(*identity.spec)).has_value();
  if (secrets.user && is_needed) CheckSource(topic, "PIN or auth value", *secrets.user);
  if (secrets.context) CheckSource(topic, "PIN for each signature", *secrets.context);
  if (secrets.parent) CheckSource(topic, "auth value of the parent", *secrets.parent);
  if (secrets.policy) CheckSource(topic, "auth value of the policy", *secrets.policy);
  if (identity.spec->policy_key_secret) {
    CheckSource(topic, "secret of the policy's key", *identity.spec->policy_key_secret);
  }
  CheckPinOf(topic, identity.spec->private_key);
  CheckPinOf(topic, identity.spec->certificate.certificate);
  CheckPinOf(topic, identity.spec->certificate.intermediates);
  CheckPinOf(topic, identity.spec->policy_key);
}

void CheckKeyAndCertificate(const Observer& observer, const LibraryContext& context,
                            const Login& login, ExaminedIdentity& identity) {
  if (!identity.is_reachable) {
    return About(observer, "key", identity).Skip("its device does not answer", "");
  }
  auto opener = login.is_allowed ? IdentityOpener::Create(context, identity.spec, login.ask)
                                 : IdentityOpener::Create(context, WithoutLogin(*identity.spec));
  if (!opener) return About(observer, "key", identity).Fail(std::move(opener).error());
  Opening(observer, login, identity, *opener).Run();
}

void CheckSignature(const Observer& observer, const ExaminedIdentity& identity) {
  const Topic topic = About(observer, "signature", identity);
  if (!identity.identity) return topic.Skip("there is no key that could make one", "");
  const auto start = steady_clock::now();
  const auto signature = identity.identity->Sign("credmint doctor");
  if (!signature) return topic.Fail(signature.error());
  topic.Ok(
      fmt::format("made and verified in {:.1f} ms",
                  std::chrono::duration<double, std::milli>(steady_clock::now() - start).count()));
}

}  // namespace credmint::doctor
