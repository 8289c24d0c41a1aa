// SPDX-License-Identifier: Apache-2.0
#include "enrolment/certificate_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <utility>

#include "enrolment/certificate_file_place.h"
#include "identity/inventory.h"
#include "identity/signing_key.h"
#include "ossl/error_queue.h"

namespace credmint {
namespace {

using EntryKind = InventoryEntry::Kind;

bool CertifiesKey(const Certificate& certificate, const EVP_PKEY* key) {
  const ErrorMark mark;
  return certificate.public_key() != nullptr && EVP_PKEY_eq(certificate.public_key(), key) == 1;
}

/// The public half that belongs to one of the certificates, or else the first. Null if none is
/// shown.
std::shared_ptr<EVP_PKEY> ShownHalf(const Inventory& inventory,
                                    std::span<const Certificate> certificates) {
  std::shared_ptr<EVP_PKEY> shown;
  for (const InventoryEntry& entry : inventory) {
    const bool is_key = entry.kind == EntryKind::kPrivateKey || entry.kind == EntryKind::kPublicKey;
    if (!is_key || !entry.public_key) continue;
    const bool belongs = std::any_of(
        certificates.begin(), certificates.end(),
        [&](const Certificate& one) { return CertifiesKey(one, entry.public_key.get()); });
    if (belongs) return entry.public_key;
    if (!shown) shown = entry.public_key;
  }
  return shown;
}

/// The key, or its public half alone if its device shows that without a login.
Result<std::shared_ptr<const SigningKey>> OpenHalf(const LibraryContext& context,
                                                   IdentityOpener& opener,
                                                   std::span<const Certificate> certificates) {
  const auto& reference = opener.spec()->private_key;
  if (reference && reference->scheme() != nullptr) {
    const auto listed = opener.keys().List(reference->ForAnyType(), false);
    const auto shown = listed ? ShownHalf(*listed, certificates) : nullptr;
    if (shown && EVP_PKEY_up_ref(shown.get()) == 1) {
      return std::make_shared<const SigningKey>(context, PkeyPtr(shown.get()));
    }
  }
  return opener.OpenKey(certificates);
}

Bytes DerOfAll(const CertificateChain& chain) {
  Bytes all = chain.leaf.Der();
  for (const Certificate& issuer : chain.issuers) {
    const Bytes der = issuer.Der();
    all.insert(all.end(), der.begin(), der.end());
  }
  return all;
}

}  // namespace

Result<CertificateChain> CheckImport(const LibraryContext& context, IdentityOpener& opener) {
  const auto now = std::chrono::system_clock::now();
  CertificateSource source = opener.certificates();
  const auto candidates = source.Find();
  if (!candidates) return Fail(candidates);
  auto key = OpenHalf(context, opener, candidates->certificates);
  if (!key) return Fail(std::move(key));
  auto chain = source.ChainFor(**key, *candidates, now);
  if (!chain) return Fail(std::move(chain));
  const auto identity = CheckIdentity(*std::move(key), *std::move(chain), now);
  if (!identity) return Fail(identity);
  if (auto strong = opener.CheckKeyStrength(identity->leaf().public_key()); !strong) {
    return Fail(std::move(strong), "certificate " + identity->leaf().Subject());
  }
  return identity->chain();
}

Result<std::string> ImportCertificate(KeyOpener& keys, KeyReference to,
                                      const CertificateChain& chain, ImportWishes wishes) {
  const std::string clause = "writing the certificate to " + to.shown();
  if (to.is_path()) {
    auto put = PutIntoFile(keys, to, chain, wishes.overwrite || wishes.replaced);
    if (!put) return Fail(std::move(put), clause);
    return to.text();
  }
  const DeviceChange change{.kind = DeviceChange::Kind::kStoreCertificate,
                            .certificates = DerOfAll(chain),
                            .keep_old = wishes.keep_old,
                            .overwrite = wishes.overwrite,
                            .replaced = wishes.replaced ? wishes.replaced->Der() : Bytes(),
                            .owner_auth = std::move(wishes.owner_auth)};
  auto written = keys.Change(std::move(to), change);
  if (!written) return Fail(std::move(written), clause);
  const bool has_certificate =
      !written->empty() && written->front().kind == EntryKind::kCertificate;
  if (has_certificate) return std::move(written->front().uri);
  return Fail(ErrorCode::kInternal, clause + ": the device names no certificate");
}

}  // namespace credmint
