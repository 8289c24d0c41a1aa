// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/provider/store.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/store.h>
#include <openssl/x509.h>

#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "common/ml_dsa.h"
#include "common/params.h"
#include "common/store_loader.h"
#include "pkcs11/certificate_writer.h"
#include "pkcs11/key_maker.h"
#include "pkcs11/key_remover.h"
#include "pkcs11/key_statement.h"
#include "pkcs11/object_loader.h"
#include "pkcs11/provider/listing.h"
#include "pkcs11/provider/settings.h"
#include "pkcs11/token_maker.h"

namespace credmint::pkcs11 {
namespace {

using provider::HasParam;
using provider::OctetsParam;
using provider::PassphraseCallback;
using provider::SecretParam;
using provider::StoreObjects;
using provider::TextParam;

constexpr const char* kContextPinParam = "pkcs11-context-pin";
constexpr const char* kPublicKeyParam = "pkcs11-public-key";
constexpr const char* kOpeningParam = "pkcs11-opening-began";
constexpr const char* kInventoryParam = "pkcs11-inventory";
constexpr const char* kCreateKeyParam = "pkcs11-create-key";
constexpr const char* kKeyIdParam = "pkcs11-key-id";
constexpr const char* kKeyBesideParam = "pkcs11-key-beside";
constexpr const char* kDeleteKeyParam = "pkcs11-delete-key";
constexpr const char* kStoreCertificateParam = "pkcs11-store-certificate";
constexpr const char* kKeepCertificatesParam = "pkcs11-keep-certificates";
constexpr const char* kAttestParam = "pkcs11-attest";
constexpr const char* kReplacedCertificateParam = "pkcs11-replaced-certificate";
constexpr const char* kSoPinParam = "pkcs11-init-so-pin";
constexpr const char* kUserPinParam = "pkcs11-init-user-pin";

/// Nanoseconds of the steady clock, which all processes of the machine share. Anything else is a
/// time that never comes.
std::chrono::steady_clock::time_point ReadTime(std::string_view text) {
  std::int64_t nanoseconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), nanoseconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::chrono::steady_clock::time_point::max();
  }
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(nanoseconds));
}

class Loader final : public provider::StoreLoader {
 public:
  Loader(const Pkcs11Provider& provider, Uri uri)
      : StoreLoader(provider),
        provider_(provider),
        request_{std::move(uri), {}, {}, false, false} {}

 private:
  Result<void> Set(const OSSL_PARAM params[]) override;
  Result<StoreObjects> Find(const PassphraseCallback& passphrase) override;

  [[nodiscard]] Wanted WhatIsWanted() const;

  const Pkcs11Provider& provider_;
  LoadRequest request_;
  [[nodiscard]] Result<std::vector<provider::ListedObject>> ListOrChange(
      const LoadRequest& request, const PassphraseCallback& passphrase) const;

  std::string inventory_;
  std::string created_type_;
  Bytes created_id_;
  bool created_beside_ = false;
  std::string deletion_;  ///< "look" or "1"
  std::optional<NewCertificates> certificates_;
  bool keep_certificates_ = false;
  bool attests_ = false;
  Bytes replaced_certificate_;
  std::optional<Secret> so_pin_;
  std::optional<Secret> user_pin_;
  std::optional<Secret> context_pin_;
};

Result<void> Loader::Set(const OSSL_PARAM params[]) {
  if (auto path = TextParam(params, kModulePathParam)) request_.module_path = *std::move(path);
  if (auto type = TextParam(params, kCreateKeyParam)) created_type_ = *std::move(type);
  if (auto id = OctetsParam(params, kKeyIdParam)) created_id_.assign(id->begin(), id->end());
  if (TextParam(params, kKeyBesideParam) == "1") created_beside_ = true;
  if (auto what = TextParam(params, kDeleteKeyParam)) deletion_ = *std::move(what);
  if (TextParam(params, kKeepCertificatesParam) == "1") keep_certificates_ = true;
  if (const auto der = OctetsParam(params, kStoreCertificateParam)) {
    auto chain = ParseCertificates(*der);
    if (!chain) return Fail(std::move(chain));
    certificates_ = NewCertificates{*std::move(chain)};
  }
  if (HasParam(params, kAttestParam)) attests_ = true;
  if (const auto der = OctetsParam(params, kReplacedCertificateParam)) {
    replaced_certificate_.assign(der->begin(), der->end());
  }
  if (auto pin = SecretParam(params, kSoPinParam)) so_pin_ = *std::move(pin);
  if (auto pin = SecretParam(params, kUserPinParam)) user_pin_ = *std::move(pin);
  if (const auto began = TextParam(params, kOpeningParam)) request_.recent = ReadTime(*began);
  if (auto what = TextParam(params, kInventoryParam)) inventory_ = *std::move(what);
  if (TextParam(params, kAllowFinalTryParam) == "1") request_.allow_final_try = true;
  if (TextParam(params, kRememberPinParam) == "1") request_.remember_pin = true;
  if (auto pin = SecretParam(params, kContextPinParam)) context_pin_ = *std::move(pin);
  if (const auto der = OctetsParam(params, kPublicKeyParam)) {
    request_.public_keys = provider::ReadPublicKeys(*der);
  }
  return {};
}

/// Combines the URI's type with what the application expects.
Wanted Loader::WhatIsWanted() const {
  const auto type = request_.uri.object_class();
  const auto allows = [&](CK_OBJECT_CLASS object_class, int info) {
    return (!type || *type == object_class) && (expected() == 0 || expected() == info);
  };
  Wanted wanted;
  wanted.private_key = allows(CKO_PRIVATE_KEY, OSSL_STORE_INFO_PKEY);
  wanted.certificates = allows(CKO_CERTIFICATE, OSSL_STORE_INFO_CERT);
  // A public key must be asked for explicitly: otherwise it would hide a missing private key.
  wanted.public_key = type == CKO_PUBLIC_KEY || expected() == OSSL_STORE_INFO_PUBKEY;
  return wanted;
}

/// Does what the parameters say instead of finding objects. Returns names.
Result<std::vector<provider::ListedObject>> Loader::ListOrChange(
    const LoadRequest& request, const PassphraseCallback& passphrase) const {
  if (!created_type_.empty()) {
    if (provider::IsMlDsa(created_type_)) {
      return Fail(provider::WhyNoMlDsa(provider_.core().context(), created_type_, "a token"));
    }
    const auto type = FindNewKeyType(created_type_);
    if (!type) return Fail(type);
    return MakeKey(provider_, request, passphrase, *type, created_id_, created_beside_);
  }
  if (!deletion_.empty()) return RemoveKey(provider_, request, passphrase, deletion_ == "1");
  if (certificates_) return WriteCertificates(provider_, request, passphrase, *certificates_);
  if (attests_) {
    auto stated = StateKey(provider_, request, passphrase);
    if (!stated) return Fail(std::move(stated));
    return std::vector{*std::move(stated)};
  }
  if (so_pin_) return MakeToken(request, *so_pin_, user_pin_ ? user_pin_->Clone() : Secret());
  return TakeInventory(provider_, request, passphrase, inventory_ == "all");
}

Result<StoreObjects> Loader::Find(const PassphraseCallback& passphrase) {
  auto request = std::make_shared<const LoadRequest>(provider_.Complete(request_));
  if (certificates_) {
    certificates_->keep_old = keep_certificates_;
    certificates_->replaced = std::move(replaced_certificate_);
  }
  const bool lists_or_changes = !inventory_.empty() || !created_type_.empty() ||
                                !deletion_.empty() || certificates_ || attests_ || so_pin_;
  if (lists_or_changes) {
    auto listed = ListOrChange(*request, passphrase);
    if (!listed) return Fail(std::move(listed));
    return StoreObjects{{}, {}, *std::move(listed)};
  }
  auto loaded =
      ObjectLoader(provider_, std::move(request), passphrase, context_pin_).Load(WhatIsWanted());
  if (!loaded) return Fail(std::move(loaded));
  StoreObjects objects;
  for (auto* key : {&loaded->private_key, &loaded->public_key}) {
    if (*key) objects.keys.push_back(std::move(*key));
  }
  objects.certificates = std::move(loaded->certificates);
  return objects;
}

void* Open(void* context, const char* text) noexcept {
  const auto& provider = Pkcs11Provider::From(context);
  return provider::OpenStore(provider, [&]() -> Result<std::unique_ptr<Loader>> {
    auto uri = Uri::Parse(text);
    if (!uri) return Fail(std::move(uri), "PKCS#11 URI");
    return std::make_unique<Loader>(provider, *std::move(uri));
  });
}

const OSSL_PARAM* SettableParams(void* /*provider*/) noexcept {
  static const OSSL_PARAM kParams[] = {
      OSSL_PARAM_int(OSSL_STORE_PARAM_EXPECT, nullptr),
      OSSL_PARAM_utf8_string(kModulePathParam, nullptr, 0),
      OSSL_PARAM_octet_string(kContextPinParam, nullptr, 0),
      OSSL_PARAM_octet_string(kPublicKeyParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kOpeningParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kInventoryParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kCreateKeyParam, nullptr, 0),
      OSSL_PARAM_octet_string(kKeyIdParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeyBesideParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kDeleteKeyParam, nullptr, 0),
      OSSL_PARAM_octet_string(kStoreCertificateParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kKeepCertificatesParam, nullptr, 0),
      OSSL_PARAM_octet_string(kReplacedCertificateParam, nullptr, 0),
      OSSL_PARAM_octet_string(kAttestParam, nullptr, 0),
      OSSL_PARAM_octet_string(kSoPinParam, nullptr, 0),
      OSSL_PARAM_octet_string(kUserPinParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kAllowFinalTryParam, nullptr, 0),
      OSSL_PARAM_utf8_string(kRememberPinParam, nullptr, 0),
      OSSL_PARAM_END};
  return kParams;
}

}  // namespace

const OSSL_DISPATCH* Store() {
  static const auto kTable = provider::StoreTable(Open, SettableParams);
  return kTable.data();
}

}  // namespace credmint::pkcs11
