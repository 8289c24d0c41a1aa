// SPDX-License-Identifier: Apache-2.0
#include "attestation/endorsement_certificate.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <vector>

#include "base/printable.h"
#include "ossl/certificate_usages.h"

namespace credmint {
namespace {

using StorePtr = Handle<X509_STORE, X509_STORE_free>;
using StoreContextPtr = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;
using NamesPtr = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

/// Does not free the certificates.
void FreeStack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
using StackPtr = Handle<STACK_OF(X509), FreeStack>;

constexpr const char* kEndorsementUsage = "2.23.133.8.1";  // tcg-kp-EKCertificate
constexpr int kSecurityLevel = 2;                          // 112 bits

std::string DottedName(const ASN1_OBJECT* object) {
  std::array<char, 80> text{};
  OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  return text.data();
}

/// Whether the only critical extensions that OpenSSL does not process are subject directory
/// attributes.
bool HasOnlyKnownCritical(const X509* certificate) {
  for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
    X509_EXTENSION* const extension = X509_get_ext(certificate, i);
    const bool is_unknown =
        X509_EXTENSION_get_critical(extension) != 0 && X509_supported_extension(extension) == 0;
    if (!is_unknown) continue;
    if (OBJ_obj2nid(X509_EXTENSION_get_object(extension)) != NID_subject_directory_attributes) {
      return false;
    }
  }
  return true;
}

int JudgeError(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  const bool is_extension =
      X509_STORE_CTX_get_error(store) == X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION;
  const X509* const certificate = X509_STORE_CTX_get_current_cert(store);
  return is_extension && certificate != nullptr && HasOnlyKnownCritical(certificate) ? 1 : 0;
}

Result<void> CheckUse(const Certificate& endorsement) {
  if (endorsement.IsCa()) {
    return Fail(ErrorCode::kAttestation, "the TPM's certificate is one of a CA");
  }
  const std::uint32_t usage = X509_get_key_usage(endorsement.get());
  if ((usage & (KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT)) == 0) {
    return Fail(ErrorCode::kAttestation,
                "the TPM's certificate is not for a key that decrypts (keyUsage)");
  }
  const bool is_for_endorsement = HasExtendedKeyUsage(endorsement, kEndorsementUsage);
  if (!is_for_endorsement && !ExtendedKeyUsages(endorsement).empty()) {
    return Fail(ErrorCode::kAttestation,
                "the TPM's certificate is not for an endorsement key (extendedKeyUsage)");
  }
  // Older ones have no purpose. A certificate that does not even name a TPM may be one of a key in
  // software, which answers any challenge.
  if (!is_for_endorsement && ReadTpmModel(endorsement).manufacturer.empty()) {
    return Fail(ErrorCode::kAttestation,
                "the TPM's certificate does not say that its key is an endorsement key",
                "it needs the extendedKeyUsage 2.23.133.8.1, or the manufacturer of a TPM in "
                "subjectAltName");
  }
  return {};
}

Result<void> CheckPath(const LibraryContext& context, const std::vector<Certificate>& chain,
                       std::span<const Certificate> trusted) {
  const ErrorMark mark;
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr checking(X509_STORE_CTX_new_ex(context.get(), nullptr));
  const StackPtr between(sk_X509_new_null());
  bool ready = store && checking && between;
  for (const Certificate& one : trusted) {
    ready = ready && X509_STORE_add_cert(store.get(), one.get()) == 1;
  }
  for (const Certificate& one : chain) ready = ready && sk_X509_push(between.get(), one.get()) > 0;
  ready = ready &&
          X509_STORE_CTX_init(checking.get(), store.get(), chain.front().get(), between.get()) == 1;
  if (!ready) return Fail(ErrorCode::kInternal, "OpenSSL cannot check a certificate");
  X509_VERIFY_PARAM* const rules = X509_STORE_CTX_get0_param(checking.get());
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_auth_level(rules, kSecurityLevel);
  X509_STORE_CTX_set_verify_cb(checking.get(), JudgeError);
  if (X509_verify_cert(checking.get()) == 1) return {};
  return Fail(ErrorCode::kAttestation,
              fmt::format("the TPM's certificate is not one of a trusted manufacturer: {}",
                          X509_verify_cert_error_string(X509_STORE_CTX_get_error(checking.get()))),
              "trust the root of the TPM's manufacturer, and add the issuers between, if the TPM "
              "does not hold them");
}

}  // namespace

TpmModel ReadTpmModel(const Certificate& endorsement) {
  const ErrorMark mark;
  TpmModel model;
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(endorsement.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DIRNAME) continue;
    for (int j = 0; j < X509_NAME_entry_count(name->d.directoryName); ++j) {
      const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name->d.directoryName, j);
      const std::string kind = DottedName(X509_NAME_ENTRY_get_object(entry));
      const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(entry);
      const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                             static_cast<std::size_t>(ASN1_STRING_length(value)));
      if (kind == "2.23.133.2.1") model.manufacturer = text;
      if (kind == "2.23.133.2.2") model.model = text;
      if (kind == "2.23.133.2.3") model.version = text;
    }
  }
  return model;
}

Result<Certificate> CheckEndorsement(const LibraryContext& context,
                                     std::span<const Bytes> certificates,
                                     std::span<const Certificate> trusted) {
  std::vector<Certificate> chain;
  for (const Bytes& der : certificates) {
    auto certificate = Certificate::FromDer(context, der);
    if (!certificate) {
      return Fail(ErrorCode::kAttestation, "a certificate in it cannot be read");
    }
    chain.push_back(*std::move(certificate));
  }
  if (chain.empty()) return Fail(ErrorCode::kAttestation, "it has no certificate of a TPM");
  if (auto good = CheckPath(context, chain, trusted); !good) return Fail(std::move(good));
  if (auto good = CheckUse(chain.front()); !good) return Fail(std::move(good));
  if (chain.front().public_key() == nullptr) {
    return Fail(ErrorCode::kAttestation, "the key of the TPM's certificate is of no known type");
  }
  return chain.front();
}

}  // namespace credmint
