// SPDX-License-Identifier: Apache-2.0
#include "ossl/certificate_usages.h"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

#include "ossl/error_queue.h"

namespace credmint {
namespace {

struct Usage {
  std::uint32_t flag;
  const char* name;
};

constexpr std::array kUsages = {
    Usage{KU_DIGITAL_SIGNATURE, "digitalSignature"},
    Usage{KU_NON_REPUDIATION, "nonRepudiation"},
    Usage{KU_KEY_ENCIPHERMENT, "keyEncipherment"},
    Usage{KU_DATA_ENCIPHERMENT, "dataEncipherment"},
    Usage{KU_KEY_AGREEMENT, "keyAgreement"},
    Usage{KU_KEY_CERT_SIGN, "keyCertSign"},
    Usage{KU_CRL_SIGN, "cRLSign"},
    Usage{KU_ENCIPHER_ONLY, "encipherOnly"},
    Usage{KU_DECIPHER_ONLY, "decipherOnly"},
};

std::string DottedNumber(const ASN1_OBJECT* object) {
  std::array<char, 80> dotted{};
  OBJ_obj2txt(dotted.data(), static_cast<int>(dotted.size()), object, 1);
  return dotted.data();
}

std::string ObjectName(const ASN1_OBJECT* object) {
  const int nid = OBJ_obj2nid(object);
  return nid != NID_undef ? OBJ_nid2sn(nid) : DottedNumber(object);
}

/// Each of the extended key usages, as `text` words it.
std::vector<std::string> ReadExtended(const Certificate& certificate,
                                      std::string (*text)(const ASN1_OBJECT*)) {
  const ErrorMark mark;
  const Handle<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate.get(), NID_ext_key_usage, nullptr, nullptr)));
  std::vector<std::string> texts;
  for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
    texts.push_back(text(sk_ASN1_OBJECT_value(usages.get(), i)));
  }
  return texts;
}

}  // namespace

std::vector<std::string> KeyUsages(const Certificate& certificate) {
  std::vector<std::string> names;
  if ((X509_get_extension_flags(certificate.get()) & EXFLAG_KUSAGE) == 0) return names;
  const std::uint32_t flags = X509_get_key_usage(certificate.get());
  for (const Usage& usage : kUsages) {
    if ((flags & usage.flag) != 0) names.emplace_back(usage.name);
  }
  return names;
}

std::vector<std::string> ExtendedKeyUsages(const Certificate& certificate) {
  return ReadExtended(certificate, ObjectName);
}

bool HasExtendedKeyUsage(const Certificate& certificate, std::string_view dotted) {
  const std::vector<std::string> usages = ReadExtended(certificate, DottedNumber);
  return std::find(usages.begin(), usages.end(), dotted) != usages.end();
}

}  // namespace credmint
