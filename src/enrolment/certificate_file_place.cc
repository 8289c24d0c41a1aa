// SPDX-License-Identifier: Apache-2.0
#include "enrolment/certificate_file_place.h"

#include <openssl/pem.h>
#include <sys/stat.h>

#include <string>

#include "base/whole_file.h"
#include "identity/file_form.h"
#include "identity/referenced_file.h"
#include "ossl/error_queue.h"
#include "ossl/pkcs12.h"

namespace credmint {
namespace {

bool MayHoldKey(const Secret& contents) {
  switch (RecogniseFile(contents.Reveal())) {
    case FileForm::kPrivateKey:
    case FileForm::kOpensshKey:
    case FileForm::kPuttyKey:
    case FileForm::kJavaKeystore:
      return true;
    default:
      return contents.Reveal().find("PRIVATE KEY") != std::string_view::npos ||
             IsPkcs12(contents) || FindSchemeOfFile(contents.Reveal()) != nullptr;
  }
}

bool IsSameKey(const Certificate& a, const Certificate& b) {
  const ErrorMark mark;
  return a.public_key() != nullptr && b.public_key() != nullptr &&
         EVP_PKEY_eq(a.public_key(), b.public_key()) == 1;
}

Result<void> CheckMayReplace(KeyOpener& keys, const KeyReference& path, const Secret& earlier,
                             const Certificate& leaf, bool overwrite) {
  if (MayHoldKey(earlier)) {
    return Fail(ErrorCode::kUsage, "the file may hold a private key, which would be lost",
                "name another file");
  }
  if (overwrite) return {};
  const auto certificates = keys.OpenCertificates(path.Clone());
  if (!certificates) {
    return Fail(ErrorCode::kUsage, "the file holds something other than certificates",
                Remedy::kOverwrite);
  }
  if (IsSameKey(certificates->front(), leaf)) return {};
  return Fail(ErrorCode::kUsage, "the file holds a certificate of another key", Remedy::kOverwrite);
}

}  // namespace

std::string PemOfChain(const CertificateChain& chain) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), chain.leaf.get()) != 1) return {};
  for (const Certificate& issuer : chain.issuers) {
    if (PEM_write_bio_X509(bio.get(), issuer.get()) != 1) return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<void> PutIntoFile(KeyOpener& keys, const KeyReference& path, const CertificateChain& chain,
                         bool overwrite) {
  const std::string pem = PemOfChain(chain);
  if (pem.empty()) return Fail(TakeOpensslError(ErrorCode::kInternal));
  struct stat status {};
  if (stat(path.text().c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
    const auto earlier = ReadReferenced(path);
    if (!earlier) return Fail(Error(earlier.error()));
    if (earlier->Reveal() == pem) return {};
    auto may = CheckMayReplace(keys, path, *earlier, chain.leaf, overwrite);
    if (!may) return may;
  }
  return ReplaceFile(path.text(), pem);
}

}  // namespace credmint
