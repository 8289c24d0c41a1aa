// SPDX-License-Identifier: Apache-2.0
#include "tpm2/provider/store.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <string.h>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/read_file.h"
#include "common/params.h"
#include "common/store_loader.h"
#include "tpm2/device/nv_certificates.h"
#include "tpm2/device/nv_index.h"
#include "tpm2/device/nv_uri.h"
#include "tpm2/device/nv_writer.h"
#include "tpm2/provider/attest_request.h"
#include "tpm2/provider/listing.h"
#include "tpm2/provider/tpm_change.h"
#include "tpm2/signing/key_loader.h"
#include "tpm2/signing/persistent_search.h"

namespace credmint::tpm2 {
namespace {

using provider::HasParam;
using provider::PassphraseCallback;
using provider::SecretParam;
using provider::StoreObjects;

constexpr const char* kTctiParam = "tcti";
constexpr const char* kParentAuthParam = "tpm2-parent-auth";
constexpr const char* kPolicyAuthParam = "tpm2-policy-auth";
constexpr const char* kPolicySignerParam = "tpm2-policy-signer";
constexpr const char* kHasAuthParam = "tpm2-has-auth";
constexpr const char* kAskAuthParam = "tpm2-ask-auth";
constexpr const char* kInventoryParam = "tpm2-inventory";
constexpr const char* kPublicKeyParam = "tpm2-public-key";
constexpr const char* kStoreCertificateParam = "tpm2-store-certificate";
constexpr const char* kOverwriteParam = "tpm2-overwrite";
constexpr std::string_view kTss2Scheme = "tss2:";

/// A scheme with nothing behind it, for an inventory or for the key of a certificate.
struct WholeTpm {
  Error error;  ///< the error of any other use
  bool has_keys = false;
  bool has_auth = false;
};

/// "tss2:" without a path, which is valid only to make a new key file.
struct NoFileYet {};

using Source = std::variant<HandleUri, NvUri, WholeTpm, Tss2KeyFile, NoFileYet>;

/// The value is the address of an EVP_PKEY, as in OpenSSL's references to keys. `signer` takes a
/// reference of its own.
void SetSigner(const OSSL_PARAM params[], std::shared_ptr<EVP_PKEY>& signer) {
  const auto address = provider::OctetsParam(params, kPolicySignerParam);
  EVP_PKEY* key = nullptr;
  if (!address || address->size() != sizeof(void*)) return;
  memcpy(&key, address->data(), sizeof(void*));
  if (EVP_PKEY_up_ref(key) == 1) signer.reset(key, EVP_PKEY_free);
}

Result<StoreObjects> Only(Result<std::unique_ptr<provider::Key>> key) {
  if (!key) return Fail(std::move(key));
  StoreObjects objects;
  objects.keys.push_back(*std::move(key));
  return objects;
}

class Loader final : public provider::StoreLoader {
 public:
  Loader(const Tpm2Provider& provider, Source source)
      : StoreLoader(provider), provider_(provider), source_(std::move(source)) {}

 private:
  Result<void> Set(const OSSL_PARAM params[]) override;
  Result<StoreObjects> Find(const PassphraseCallback& passphrase) override;

  [[nodiscard]] bool IsExpected() const;
  [[nodiscard]] Result<StoreObjects> TakeInventory() const;
  [[nodiscard]] Result<StoreObjects> MakeChange() const;
  [[nodiscard]] Result<StoreObjects> SignPolicy() const;
  [[nodiscard]] Result<StoreObjects> Attest(const PassphraseCallback& passphrase) const;
  [[nodiscard]] Result<StoreObjects> StoreCertificate() const;
  [[nodiscard]] Result<StoreObjects> ReadCertificates(const NvUri& uri,
                                                      const PassphraseCallback& passphrase) const;
  [[nodiscard]] Result<StoreObjects> FindByHalf(const WholeTpm& whole,
                                                const PassphraseCallback& passphrase) const;
  [[nodiscard]] Result<StoreObjects> FindKey(const HandleUri& uri,
                                             const PassphraseCallback& passphrase) const;
  [[nodiscard]] Result<StoreObjects> FindKey(const Tss2KeyFile& file,
                                             const PassphraseCallback& passphrase) const;

  const Tpm2Provider& provider_;
  Source source_;
  std::optional<std::string> tcti_;
  KeySecrets secrets_;
  bool inventory_ = false;
  std::vector<provider::PublicKey> public_keys_;
  TpmChange change_;
  AttestRequest attest_;
  Bytes certificates_;  ///< to store
  bool overwrite_ = false;
  Secret owner_auth_;
};

Result<void> Loader::Set(const OSSL_PARAM params[]) {
  if (auto auth = SecretParam(params, kParentAuthParam)) secrets_.parent_auth = *std::move(auth);
  if (auto auth = SecretParam(params, kPolicyAuthParam)) secrets_.policy_auth = *std::move(auth);
  SetSigner(params, secrets_.policy_signer);
  auto* file = std::get_if<Tss2KeyFile>(&source_);
  if (file != nullptr && HasParam(params, kHasAuthParam)) {
    file->empty_auth = false;  // tpm2_encodeobject up to 5.4 writes the opposite
  }
  if (HasParam(params, kAskAuthParam)) secrets_.ask_auth = true;
  if (HasParam(params, kInventoryParam)) inventory_ = true;
  if (const auto der = provider::OctetsParam(params, kPublicKeyParam)) {
    public_keys_ = provider::ReadPublicKeys(*der);
  }
  change_.Set(params);
  attest_.Set(params);
  if (const auto der = provider::OctetsParam(params, kStoreCertificateParam)) {
    certificates_.assign(der->begin(), der->end());
  }
  if (HasParam(params, kOverwriteParam)) overwrite_ = true;
  if (auto auth = SecretParam(params, kOwnerAuthParam)) owner_auth_ = *std::move(auth);
  if (auto tcti = provider::TextParam(params, kTctiParam)) {
    tcti_ = *std::move(tcti);
  } else if (HasParam(params, kTctiParam)) {
    return Fail(ErrorCode::kUsage, "the parameter 'tcti' is not text");
  }
  return {};
}

/// Whether the application may want what the source yields.
bool Loader::IsExpected() const {
  const bool certificate = std::holds_alternative<NvUri>(source_);
  const int yields = certificate ? OSSL_STORE_INFO_CERT : OSSL_STORE_INFO_PKEY;
  return expected() == 0 || expected() == yields;
}

Result<StoreObjects> Loader::Find(const PassphraseCallback& passphrase) {
  if (change_.IsWanted()) return MakeChange();
  if (change_.WantsSignedPolicy()) return SignPolicy();
  if (attest_.IsWanted()) return Attest(passphrase);
  if (!certificates_.empty()) return StoreCertificate();
  if (inventory_) return TakeInventory();
  if (!IsExpected()) return StoreObjects();
  if (const auto* whole = std::get_if<WholeTpm>(&source_)) return FindByHalf(*whole, passphrase);
  if (std::holds_alternative<NoFileYet>(source_)) {
    return Fail(ErrorCode::kMalformed, "tss2: is not followed by the path of a key file");
  }
  if (const auto* uri = std::get_if<NvUri>(&source_)) return ReadCertificates(*uri, passphrase);
  if (const auto* uri = std::get_if<HandleUri>(&source_)) return FindKey(*uri, passphrase);
  return FindKey(std::get<Tss2KeyFile>(source_), passphrase);
}

Result<StoreObjects> Loader::TakeInventory() const {
  std::optional<TPM2_HANDLE> only;
  if (const auto* uri = std::get_if<HandleUri>(&source_)) only = uri->handle;
  if (const auto* uri = std::get_if<NvUri>(&source_)) only = uri->index;
  auto taken = tpm2::TakeInventory(provider_, tcti_, secrets_.parent_auth, only);
  if (!taken) return Fail(std::move(taken));
  return StoreObjects{{}, {}, *std::move(taken)};
}

Result<StoreObjects> Loader::MakeChange() const {
  if (const auto* whole = std::get_if<WholeTpm>(&source_)) return Fail(whole->error);
  const auto* uri = std::get_if<HandleUri>(&source_);
  if (uri == nullptr && !std::holds_alternative<NoFileYet>(source_)) {
    return Fail(ErrorCode::kUsage, "only keys in the TPM and new key files can be made or deleted");
  }
  auto made = change_.Make(uri == nullptr ? std::nullopt : std::optional(uri->handle), provider_,
                           tcti_, secrets_);
  if (!made) return Fail(std::move(made));
  return StoreObjects{{}, {}, {*std::move(made)}};
}

Result<StoreObjects> Loader::SignPolicy() const {
  const auto* file = std::get_if<Tss2KeyFile>(&source_);
  if (file == nullptr) return Fail(ErrorCode::kUsage, "policies are signed for key files only");
  auto made = change_.SignPolicy(*file, provider_, tcti_, secrets_.policy_signer.get());
  if (!made) return Fail(std::move(made));
  return StoreObjects{{}, {}, {*std::move(made)}};
}

Result<StoreObjects> Loader::Attest(const PassphraseCallback& passphrase) const {
  const KeyLoader loader(provider_, tcti_, passphrase, secrets_);
  Result<provider::ListedObject> stated =
      Fail(ErrorCode::kUsage, "it names no key, so there is nothing to attest",
           "name a key in the TPM, as in handle:0x81000002, or its file");
  if (attest_.IsChallenge()) {
    stated = attest_.Answer(provider_, tcti_);
  } else if (const auto* uri = std::get_if<HandleUri>(&source_)) {
    stated = attest_.Attest(provider_, loader, *uri);
  } else if (const auto* file = std::get_if<Tss2KeyFile>(&source_)) {
    stated = attest_.Attest(provider_, loader, *file);
  }
  if (!stated) return Fail(std::move(stated));
  StoreObjects objects;
  objects.inventory.push_back(*std::move(stated));
  return objects;
}

Result<StoreObjects> Loader::StoreCertificate() const {
  const auto* uri = std::get_if<NvUri>(&source_);
  if (uri == nullptr) return Fail(ErrorCode::kUsage, "it is not an NV index");
  if (uri->has_auth) {
    return Fail(ErrorCode::kUsage, "an index with a certificate gets no auth value of its own",
                "leave out ?pass");
  }
  const auto certificates = CertificatesInNv(certificates_);
  if (!certificates) return Fail(certificates);
  const auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(tpm);
  NvWriter writer(*tpm, provider_.digests(), owner_auth_);
  auto written = writer.Put(uri->index, certificates_, overwrite_);
  if (!written) return Fail(std::move(written));
  return StoreObjects{{}, {}, {DescribeNvCertificate(uri->index, certificates->front())}};
}

Result<StoreObjects> Loader::ReadCertificates(const NvUri& uri,
                                              const PassphraseCallback& passphrase) const {
  const auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(tpm);
  const auto index = NvIndex::Open(*tpm, uri.index, provider_.digests());
  if (!index) return Fail(index);
  std::optional<Secret> auth;
  if (uri.has_auth) {
    auto asked = passphrase.Ask({PassphraseKind::kTpmAuth, index->name()});
    if (!asked) return Fail(std::move(asked));
    auth = *std::move(asked);
  }
  const auto contents = index->Read(auth, secrets_.parent_auth);
  if (!contents) return Fail(contents);
  auto certificates = CertificatesInNv(*contents);
  if (!certificates) return Fail(std::move(certificates), index->name());
  return StoreObjects{{}, *std::move(certificates), {}};
}

Result<StoreObjects> Loader::FindKey(const HandleUri& uri,
                                     const PassphraseCallback& passphrase) const {
  return Only(KeyLoader(provider_, tcti_, passphrase, secrets_).Load(uri, public_keys_));
}

Result<StoreObjects> Loader::FindKey(const Tss2KeyFile& file,
                                     const PassphraseCallback& passphrase) const {
  return Only(KeyLoader(provider_, tcti_, passphrase, secrets_).Load(file));
}

Result<StoreObjects> Loader::FindByHalf(const WholeTpm& whole,
                                        const PassphraseCallback& passphrase) const {
  if (!whole.has_keys || public_keys_.empty()) return Fail(whole.error);
  const auto tpm = provider_.Connect(tcti_);
  if (!tpm) return Fail(tpm);
  const auto handle = FindPersistent(*tpm, public_keys_, provider_.digests());
  if (!handle) return Fail(handle);
  return FindKey(HandleUri{*handle, whole.has_auth}, passphrase);
}

template <typename Place>
Result<std::unique_ptr<Loader>> MakeLoader(const Tpm2Provider& provider, Result<Place> place) {
  if (!place) return Fail(std::move(place));
  return std::make_unique<Loader>(provider, *std::move(place));
}

/// Opens a handle, an NV index, or all of either kind.
template <typename Uri>
void* OpenUri(void* context, const char* uri) noexcept {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return provider::OpenStore(provider, [&] {
    auto parsed = Uri::Parse(uri);
    std::string_view bare = uri;
    const bool has_keys = std::is_same_v<Uri, HandleUri>;
    const bool has_auth = has_keys && TakePassSuffix(bare);
    if (!parsed && bare.ends_with(':')) {
      return MakeLoader(provider, Result<WholeTpm>(WholeTpm{parsed.error(), has_keys, has_auth}));
    }
    return MakeLoader(provider, std::move(parsed));
  });
}

Result<std::unique_ptr<Loader>> ParseFile(const Tpm2Provider& provider, Result<Secret> contents) {
  if (!contents) return Fail(std::move(contents));
  return MakeLoader(provider, Tss2KeyFile::Parse(contents->Reveal()));
}

void* OpenFile(void* context, const char* uri) noexcept {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return provider::OpenStore(provider, [&] {
    if (uri == kTss2Scheme) return MakeLoader(provider, Result<NoFileYet>(NoFileYet()));
    return ParseFile(provider, ReadFile(uri + kTss2Scheme.size(), kMaxKeyFileSize));
  });
}

void* AttachFile(void* context, OSSL_CORE_BIO* bio) noexcept {
  const Tpm2Provider& provider = Tpm2Provider::From(context);
  return provider::OpenStore(
      provider, [&] { return ParseFile(provider, provider.core().ReadAll(bio, kMaxKeyFileSize)); });
}

const OSSL_PARAM* SettableParams(void* /*provider*/) noexcept {
  static const OSSL_PARAM kParams[] = {OSSL_PARAM_utf8_string(kTctiParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kParentAuthParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kPolicyAuthParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kPolicySignerParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kHasAuthParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kAskAuthParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kInventoryParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kPublicKeyParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kCreateKeyParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kDeleteKeyParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kKeyParentParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kKeyPcrsParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kKeyPolicyParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kKeyAuthorityParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kSignPolicyParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kKeyNodaParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kKeyAuthParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kAttestParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kChallengeParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kEndorsementAuthParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kStoreCertificateParam, nullptr, 0),
                                       OSSL_PARAM_utf8_string(kOverwriteParam, nullptr, 0),
                                       OSSL_PARAM_octet_string(kOwnerAuthParam, nullptr, 0),
                                       OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
                                       OSSL_PARAM_END};
  return kParams;
}

}  // namespace

const OSSL_DISPATCH* HandleStore() {
  static const auto kTable = provider::StoreTable(OpenUri<HandleUri>, SettableParams);
  return kTable.data();
}

const OSSL_DISPATCH* NvStore() {
  static const auto kTable = provider::StoreTable(OpenUri<NvUri>, SettableParams);
  return kTable.data();
}

const OSSL_DISPATCH* Tss2Store() {
  static const auto kTable = provider::StoreTable(OpenFile, SettableParams, AttachFile);
  return kTable.data();
}

}  // namespace credmint::tpm2
