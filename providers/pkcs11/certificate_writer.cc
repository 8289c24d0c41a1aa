// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/certificate_writer.h"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/printable.h"
#include "pkcs11/certificate_template.h"
#include "pkcs11/key_search.h"
#include "pkcs11/key_template.h"
#include "pkcs11/object_uri.h"
#include "pkcs11/provider/listing.h"

namespace credmint::pkcs11 {
namespace {

using provider::ListedObject;
using provider::PublicKey;
using Handles = std::vector<CK_OBJECT_HANDLE>;

constexpr std::size_t kLongestCertificate = 16384;

/// A certificate that is on the token. One that cannot be read has no DER.
struct StoredCertificate {
  CK_OBJECT_HANDLE handle;
  ObjectNames names;
  Bytes der;
};

std::string LabelText(const ObjectNames& names) {
  return Printable(std::string(names.label.begin(), names.label.end()));
}

Result<std::vector<StoredCertificate>> ReadStored(const Session& session) {
  const auto objects = FindAll(session, CKO_CERTIFICATE);
  if (!objects) return Fail(objects);
  std::vector<StoredCertificate> stored;
  for (const CK_OBJECT_HANDLE object : *objects) {
    auto der = ReadCertificate(session, object);
    stored.push_back({object, ReadNames(session, object), der ? *std::move(der) : Bytes()});
  }
  return stored;
}

/// The SHA-1 of the subjectPublicKey, for keys of any type.
Bytes IdentifierOf(const X509* certificate) {
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate);
  Bytes digest(SHA_DIGEST_LENGTH);
  SHA1(bits->data, static_cast<std::size_t>(bits->length), digest.data());
  return digest;
}

/// The last common name of the subject; empty if it has none.
Bytes CommonName(const X509* certificate) {
  const X509_NAME* subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) last = i;
  if (last < 0) return {};
  unsigned char* text = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (size < 0) return {};
  Bytes name(text, text + size);
  OPENSSL_free(text);
  return name;
}

tl::unexpected<Error> CannotCreate(const Slot& slot, CK_RV result) {
  Error error = CkError("CreateObject", result).In(slot.Name());
  if (result == CKR_DEVICE_MEMORY) error.hint = "it may be full: delete what nobody uses";
  if (result == CKR_TOKEN_WRITE_PROTECTED) error.hint = "the certificate can stay in a file";
  return Fail(std::move(error));
}

tl::unexpected<Error> CannotWrite(Error error) {
  if (!error.HasHint()) error.SetHint("the certificate can stay in a file");
  return Fail(std::move(error));
}

/// Finds the names that the certificate of a key gets.
class Naming {
 public:
  Naming(const LoadRequest& request, const Session& session, const PublicKey& key)
      : request_(request), session_(session), key_(key) {}

  [[nodiscard]] Result<ObjectNames> Find() const;

 private:
  [[nodiscard]] std::optional<CK_OBJECT_HANDLE> ThatBelongs(const Handles& keys) const;
  [[nodiscard]] Result<PublicKey> HalfOf(CK_OBJECT_HANDLE key) const;
  [[nodiscard]] Result<ObjectNames> OfUri(Bytes id) const;

  const LoadRequest& request_;
  const Session& session_;
  const PublicKey& key_;
};

Result<PublicKey> Naming::HalfOf(CK_OBJECT_HANDLE key) const {
  const auto facts = ReadPrivateKeyFacts(session_, key);
  if (!facts) return Fail(facts);
  return ReadPublicKey(session_, key, *facts);
}

std::optional<CK_OBJECT_HANDLE> Naming::ThatBelongs(const Handles& keys) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](CK_OBJECT_HANDLE key) {
    const auto half = HalfOf(key);
    return half && *half == key_;
  });
  return found == keys.end() ? std::nullopt : std::optional(*found);
}

/// Label and id of the URI, where it has them.
Result<ObjectNames> Naming::OfUri(Bytes id) const {
  const std::string label = request_.uri.Label();
  if (label.empty()) {
    return Fail(ErrorCode::kUsage, "the URI gives the certificate no label",
                "add object=LABEL to the URI, as in pkcs11:token=prod;object=web");
  }
  Bytes own = request_.uri.Id();
  return ObjectNames{own.empty() ? std::move(id) : std::move(own), {label.begin(), label.end()}};
}

Result<ObjectNames> Naming::Find() const {
  const auto meant = FindMatching(request_, session_, CKO_PRIVATE_KEY);
  if (!meant) return Fail(meant);
  auto key = ThatBelongs(*meant);
  // The caller has opened the key, even if the token does not show its public half.
  if (!key && meant->size() == 1 && !HalfOf(meant->front())) key = meant->front();
  if (key) return ReadNames(session_, *key);
  const bool is_narrow = !request_.uri.ObjectTemplate().empty();
  if (!meant->empty() && is_narrow) {
    return Fail(ErrorCode::kKeyMismatch,
                fmt::format("the certificate is not that of the private key on {}",
                            session_.slot().Name()));
  }
  const auto all = is_narrow ? FindAll(session_, CKO_PRIVATE_KEY) : meant;
  if (!all) return Fail(all);
  if (const auto other = ThatBelongs(*all)) return OfUri(ReadNames(session_, *other).id);
  return OfUri(KeyIdentifier(key_));
}

class CertificateWriter {
 public:
  CertificateWriter(const Session& session, const NewCertificates& wanted, ObjectNames names,
                    std::vector<StoredCertificate> stored)
      : session_(session),
        wanted_(wanted),
        names_(std::move(names)),
        der_(DerOf(wanted.chain.front().get())),
        stored_(std::move(stored)) {}

  /// Fails with kUsage if another key's certificate has the label.
  [[nodiscard]] Result<void> CheckLabel(const PublicKey& key) const;
  Result<CK_OBJECT_HANDLE> Write();

 private:
  [[nodiscard]] bool SharesName(const StoredCertificate& one) const;
  [[nodiscard]] const StoredCertificate* FindStored(const Bytes& der) const;
  [[nodiscard]] const StoredCertificate* FindNamed() const;
  [[nodiscard]] ObjectNames NamesOfIssuer(const X509* issuer) const;
  [[nodiscard]] Result<CK_OBJECT_HANDLE> Create(const Session& session, const X509* certificate,
                                                const ObjectNames& names) const;
  [[nodiscard]] Result<void> Compare(const Session& session, CK_OBJECT_HANDLE object,
                                     const X509* certificate, const ObjectNames& names) const;
  Result<void> WriteIssuers(const Session& session);
  [[nodiscard]] Handles Earlier() const;
  [[nodiscard]] bool IsDone() const;

  const Session& session_;
  const NewCertificates& wanted_;
  ObjectNames names_;
  Bytes der_;
  std::vector<StoredCertificate> stored_;
};

Result<void> CertificateWriter::CheckLabel(const PublicKey& key) const {
  const auto replaced =
      wanted_.replaced.empty() ? Result<PublicKey>(key) : ReadCertifiedKey(wanted_.replaced);
  if (!replaced) return Fail(replaced);
  for (const StoredCertificate& one : stored_) {
    if (!SharesName(one)) continue;
    const auto certified = ReadCertifiedKey(one.der);
    if (certified && (*certified == key || *certified == *replaced)) continue;
    return Fail(ErrorCode::kUsage,
                fmt::format("{} has a certificate of another key with the label {}: {}",
                            session_.slot().Name(), LabelText(names_),
                            ObjectUri(session_.slot(), CKO_CERTIFICATE, one.names)),
                "it is never replaced: name another label for the new one, object=LABEL");
  }
  return {};
}

/// The id replaces a missing label.
bool CertificateWriter::SharesName(const StoredCertificate& one) const {
  if (one.names.label != names_.label) return false;
  return !names_.label.empty() || one.names.id == names_.id;
}

const StoredCertificate* CertificateWriter::FindStored(const Bytes& der) const {
  const auto found =
      std::find_if(stored_.begin(), stored_.end(), [&](const auto& one) { return one.der == der; });
  return found == stored_.end() ? nullptr : &*found;
}

/// The same certificate, where a mint finds it by the key's label or id.
const StoredCertificate* CertificateWriter::FindNamed() const {
  const auto found = std::find_if(stored_.begin(), stored_.end(), [&](const auto& one) {
    return one.der == der_ && one.names.label == names_.label && one.names.id == names_.id;
  });
  return found == stored_.end() ? nullptr : &*found;
}

/// An issuer with the label of the key's certificate would look like another key's.
ObjectNames CertificateWriter::NamesOfIssuer(const X509* issuer) const {
  constexpr std::string_view kSuffix = " (CA)";
  Bytes label = CommonName(issuer);
  if (label.empty() || label == names_.label) {
    label.insert(label.end(), kSuffix.begin() + (label.empty() ? 1 : 0), kSuffix.end());
  }
  return {IdentifierOf(issuer), std::move(label)};
}

Result<void> CertificateWriter::Compare(const Session& session, CK_OBJECT_HANDLE object,
                                        const X509* certificate, const ObjectNames& names) const {
  const auto der = ReadCertificate(session, object);
  const ObjectNames shown = ReadNames(session, object);
  const bool same = der && *der == DerOf(certificate) && shown.id == names.id &&
                    shown.label == names.label &&
                    !ReadFlag(session, object, CKA_PRIVATE).value_or(false);
  if (same) return {};
  return Fail(ErrorCode::kDevice,
              fmt::format("{} shows another certificate than was written", session.slot().Name()));
}

Result<CK_OBJECT_HANDLE> CertificateWriter::Create(const Session& session, const X509* certificate,
                                                   const ObjectNames& names) const {
  CertificateTemplate attributes(certificate, names);
  CK_OBJECT_HANDLE object = 0;
  const CK_RV created =
      session.Call(&CK_FUNCTION_LIST::C_CreateObject, attributes.attributes().data(),
                   static_cast<CK_ULONG>(attributes.attributes().size()), &object);
  if (created != CKR_OK) return CannotCreate(session.slot(), created);
  auto compared = Compare(session, object, certificate, names);
  if (compared) return object;
  const auto removed = DestroyObject(session, object);
  compared.error().message += removed ? "; it was removed again" : "; it could not be removed";
  return Fail(std::move(compared));
}

Result<void> CertificateWriter::WriteIssuers(const Session& session) {
  for (auto issuer = wanted_.chain.begin() + 1; issuer != wanted_.chain.end(); ++issuer) {
    const ObjectNames names = NamesOfIssuer(issuer->get());
    Bytes der = DerOf(issuer->get());
    if (FindStored(der) != nullptr) continue;
    const auto created = Create(session, issuer->get(), names);
    if (!created) return Fail(Error(created.error()).In("writing issuer " + LabelText(names)));
    stored_.push_back({*created, names, std::move(der)});
  }
  return {};
}

/// CheckLabel() has made sure that they belong to the same key, or to the one that is replaced.
Handles CertificateWriter::Earlier() const {
  Handles earlier;
  if (wanted_.keep_old) return earlier;
  for (const StoredCertificate& one : stored_) {
    if (SharesName(one) && one.der != der_) earlier.push_back(one.handle);
  }
  return earlier;
}

bool CertificateWriter::IsDone() const {
  return FindNamed() != nullptr && Earlier().empty() &&
         std::all_of(wanted_.chain.begin(), wanted_.chain.end(),
                     [&](const X509Ptr& one) { return FindStored(DerOf(one.get())) != nullptr; });
}

Result<CK_OBJECT_HANDLE> CertificateWriter::Write() {
  if (IsDone()) return FindNamed()->handle;
  const auto writing = session_.slot().OpenWritingSession();
  if (!writing) return CannotWrite(writing.error());
  if (auto issuers = WriteIssuers(*writing); !issuers) return Fail(std::move(issuers));
  const StoredCertificate* same = FindNamed();
  auto object =
      same != nullptr ? same->handle : Create(*writing, wanted_.chain.front().get(), names_);
  if (!object) return object;
  for (const CK_OBJECT_HANDLE earlier : Earlier()) {
    auto removed = DestroyObject(*writing, earlier);
    if (removed) continue;
    return Fail(std::move(removed),
                "the new certificate is there, and an earlier one cannot be removed");
  }
  return object;
}

}  // namespace

Result<std::vector<X509Ptr>> ParseCertificates(ByteView der) {
  const ErrorMark mark;
  const unsigned char* cursor = der.data();
  const unsigned char* const end = cursor + der.size();
  std::vector<X509Ptr> certificates;
  while (cursor < end) {
    const unsigned char* const start = cursor;
    X509Ptr certificate(d2i_X509(nullptr, &cursor, end - cursor));
    if (!certificate) return Fail(ErrorCode::kCertificate, "it is not an X.509 certificate");
    if (cursor - start > static_cast<std::ptrdiff_t>(kLongestCertificate)) {
      return Fail(ErrorCode::kCertificate,
                  fmt::format("it is longer than {} bytes", kLongestCertificate));
    }
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) return Fail(ErrorCode::kCertificate, "there is no certificate");
  return certificates;
}

Result<std::vector<ListedObject>> WriteCertificates(const Pkcs11Provider& provider,
                                                    const LoadRequest& request,
                                                    const provider::PassphraseCallback& passphrase,
                                                    const NewCertificates& certificates) {
  const auto key = ReadCertifiedKey(DerOf(certificates.chain.front().get()));
  if (!key) return Fail(key);
  const auto slot = FindOneSlot(provider.slots(), request);
  if (!slot) return Fail(slot);
  const auto session = (*slot)->OpenSession();
  if (!session) return Fail(session);
  if (auto logged_in = LogIn(request, passphrase, **slot, *session); !logged_in) {
    return Fail(std::move(logged_in));
  }
  auto names = Naming(request, *session, *key).Find();
  if (!names) return Fail(std::move(names));
  auto stored = ReadStored(*session);
  if (!stored) return Fail(std::move(stored));
  CertificateWriter writer(*session, certificates, *std::move(names), *std::move(stored));
  if (auto free = writer.CheckLabel(*key); !free) return Fail(std::move(free));
  const auto object = writer.Write();
  if (!object) return Fail(object);
  return std::vector{DescribeObject(*session, CKO_CERTIFICATE, *object, provider.core().context())};
}

}  // namespace credmint::pkcs11
