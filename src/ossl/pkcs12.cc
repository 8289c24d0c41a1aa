// SPDX-License-Identifier: Apache-2.0
#include "ossl/pkcs12.h"

#include <openssl/pkcs12.h>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "ossl/error_queue.h"
#include "ossl/fips.h"
#include "ossl/stores.h"

namespace credmint {
namespace {

using Pkcs12Ptr = Handle<PKCS12, PKCS12_free>;
using KeyInfoPtr = Handle<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free>;

void FreeSafes(STACK_OF(PKCS7) * safes) { sk_PKCS7_pop_free(safes, PKCS7_free); }
void FreeBags(STACK_OF(PKCS12_SAFEBAG) * bags) {
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}
using SafesPtr = Handle<STACK_OF(PKCS7), FreeSafes>;
using BagsPtr = Handle<STACK_OF(PKCS12_SAFEBAG), FreeBags>;

Pkcs12Ptr Parse(const LibraryContext& context, const Secret& contents) {
  Pkcs12Ptr file(PKCS12_init_ex(NID_pkcs7_data, context.get(), nullptr));
  const auto* cursor = reinterpret_cast<const unsigned char*>(contents.Reveal().data());
  PKCS12* raw = file.get();
  if (!file || d2i_PKCS12(&raw, &cursor, static_cast<long>(contents.size())) == nullptr) {
    static_cast<void>(file.release());  // d2i_PKCS12 freed it
  }
  return file;
}

/// A passphrase in the form that OpenSSL's functions take. No passphrase and an empty one derive
/// different keys.
struct Passphrase {
  const char* text;
  int size;
};

/// One attempt to read the file, with one passphrase.
class Reader {
 public:
  Reader(const LibraryContext& context, PKCS12* file, StoreExpect expect, Passphrase passphrase)
      : context_(&context), file_(file), expect_(expect), passphrase_(passphrase) {}

  /// Whether the passphrase is right. Without a MAC only Read() can tell.
  [[nodiscard]] bool FitsMac() const {
    return PKCS12_verify_mac(file_, passphrase_.text, passphrase_.size) == 1;
  }

  /// Whether reading succeeded. On failure OpenSSL's queue has the reason.
  bool Read() {
    const SafesPtr safes(PKCS12_unpack_authsafes(file_));
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
      if (!ReadSafe(sk_PKCS7_value(safes.get(), i))) return false;
    }
    return safes != nullptr;
  }

  StoreContents TakeContents() { return std::move(contents_); }

 private:
  bool ReadSafe(PKCS7* safe) {
    if (PKCS7_type_is_data(safe)) return ReadBags(BagsPtr(PKCS12_unpack_p7data(safe)).get());
    if (!PKCS7_type_is_encrypted(safe)) return true;
    const BagsPtr bags(PKCS12_unpack_p7encdata(safe, passphrase_.text, passphrase_.size));
    return ReadBags(bags.get());
  }

  bool ReadBags(const STACK_OF(PKCS12_SAFEBAG) * bags) {
    if (bags == nullptr) return false;
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
      if (!ReadBag(sk_PKCS12_SAFEBAG_value(bags, i))) return false;
    }
    return true;
  }

  bool ReadBag(PKCS12_SAFEBAG* bag) {
    switch (PKCS12_SAFEBAG_get_nid(bag)) {
      case NID_keyBag:
        return AddKey(PKCS12_SAFEBAG_get0_p8inf(bag));
      case NID_pkcs8ShroudedKeyBag:
        return AddEncryptedKey(bag);
      case NID_certBag:
        return AddCertificate(bag);
      case NID_safeContentsBag:
        return ReadBags(PKCS12_SAFEBAG_get0_safes(bag));
      default:
        return true;
    }
  }

  bool AddEncryptedKey(PKCS12_SAFEBAG* bag) {
    if (expect_ != StoreExpect::kPrivateKey) return true;
    const KeyInfoPtr key(
        PKCS12_decrypt_skey_ex(bag, passphrase_.text, passphrase_.size, context_->get(), nullptr));
    return key && AddKey(key.get());
  }

  bool AddKey(const PKCS8_PRIV_KEY_INFO* info) {
    if (expect_ != StoreExpect::kPrivateKey) return true;
    PkeyPtr key(EVP_PKCS82PKEY_ex(info, context_->get(), nullptr));
    if (!key) return false;
    contents_.keys.push_back(std::move(key));
    return true;
  }

  bool AddCertificate(PKCS12_SAFEBAG* bag) {
    if (expect_ != StoreExpect::kCertificate) return true;
    if (PKCS12_SAFEBAG_get_bag_nid(bag) != NID_x509Certificate) return true;
    X509Ptr certificate(PKCS12_SAFEBAG_get1_cert(bag));
    if (!certificate) return false;
    std::vector<X509Ptr>& all = contents_.certificates;
    const bool has_key = PKCS12_SAFEBAG_get0_attr(bag, NID_localKeyID) != nullptr;
    all.insert(has_key ? all.begin() + with_key_++ : all.end(), std::move(certificate));
    return true;
  }

  const LibraryContext* context_;
  PKCS12* file_;
  StoreExpect expect_;
  Passphrase passphrase_;
  StoreContents contents_;
  std::ptrdiff_t with_key_ = 0;  // number of leading certificates that belong to keys
};

/// The MAC of nearly every file takes PKCS12KDF, which FIPS does not allow, whatever the
/// passphrase.
std::optional<Error> RefusedByFips() {
  std::string missing;
  if (!ObeysFips()) return std::nullopt;
  TakeOpensslError(ErrorCode::kMalformed, missing);
  if (missing.empty()) return std::nullopt;
  Error error = NotAllowedByFips(missing);
  error.hint =
      "where FIPS is not demanded, convert it to PEM with an encrypted key: "
      "openssl pkcs12 -in OLD -out NEW";
  return error;
}

/// `otherwise`, unless OpenSSL lacks an algorithm.
Error Failure(Error otherwise) {
  std::string missing;
  TakeOpensslError(otherwise.code, missing);
  if (missing.empty()) return otherwise;
  return {ErrorCode::kKeyUnusable,
          "it is encrypted with an algorithm that OpenSSL has only in its legacy provider",
          "convert it to PEM with an encrypted key: openssl pkcs12 -legacy -in OLD -out NEW"};
}

Result<StoreContents> Finish(Reader reader, StoreExpect expect) {
  if (!reader.Read()) return Fail(Failure({ErrorCode::kMalformed, "it is damaged", {}}));
  StoreContents contents = reader.TakeContents();
  if (!contents.keys.empty() || !contents.certificates.empty()) return contents;
  return Fail(ErrorCode::kKeyNotFound, expect == StoreExpect::kPrivateKey
                                           ? "it holds no private key"
                                           : "it holds no certificate");
}

}  // namespace

bool IsPkcs12(const Secret& contents) {
  const ErrorMark mark;
  const auto* cursor = reinterpret_cast<const unsigned char*>(contents.Reveal().data());
  return Pkcs12Ptr(d2i_PKCS12(nullptr, &cursor, static_cast<long>(contents.size()))) != nullptr;
}

Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                 const StoreOptions& options) {
  if (!options.device.name.empty() && context.stores() != nullptr) {
    return context.stores()->ReadPkcs12(context, contents, options);
  }
  const StoreExpect expect = options.expect;
  ERR_clear_error();
  const Pkcs12Ptr file = Parse(context, contents);
  if (!file) return Fail(Failure({ErrorCode::kMalformed, "it is damaged", {}}));
  const bool has_mac = PKCS12_mac_present(file.get()) == 1;
  const auto fits = [&](const Passphrase& tried) {
    Reader reader(context, file.get(), expect, tried);
    return has_mac ? reader.FitsMac() : reader.Read();
  };
  for (const Passphrase empty : {Passphrase{"", 0}, Passphrase{nullptr, 0}}) {
    const ErrorMark mark;
    if (fits(empty)) return Finish({context, file.get(), expect, empty}, expect);
    if (auto refused = RefusedByFips()) return Fail(*std::move(refused));
  }
  if (!options.passphrase) return Fail(ErrorCode::kPinRequired, "no passphrase was given");
  const auto answer = options.passphrase({PassphraseKind::kFile, {}});
  if (!answer) return Fail(answer);
  const Passphrase given{answer->Reveal().data(), static_cast<int>(answer->size())};
  if (fits(given)) return Finish({context, file.get(), expect, given}, expect);
  return Fail(Failure(WrongPassphrase()));
}

}  // namespace credmint
