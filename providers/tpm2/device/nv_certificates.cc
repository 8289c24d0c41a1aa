// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/nv_certificates.h"

#include <openssl/asn1.h>

#include <algorithm>
#include <string_view>

#include "common/bio_pem_block.h"
#include "ossl/der_reader.h"
#include "ossl/encoding.h"

namespace credmint::tpm2 {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN ";

std::string_view AsText(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool IsPadding(ByteView bytes) {
  const auto is_all = [bytes](std::uint8_t value) {
    return std::all_of(bytes.begin(), bytes.end(), [value](auto byte) { return byte == value; });
  };
  return is_all(0x00) || is_all(0xff);
}

/// RFC 5280 section 4.1: Certificate ::= SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING }.
bool LooksLikeCertificate(const DerItem& element) {
  if (!element.IsUniversal(V_ASN1_SEQUENCE)) return false;
  DerReader fields(element.contents);
  return fields.Next(V_ASN1_SEQUENCE) && fields.Next(V_ASN1_SEQUENCE) &&
         fields.Next(V_ASN1_BIT_STRING) && fields.AtEnd();
}

tl::unexpected<Error> NoCertificate() {
  return Fail(ErrorCode::kCertificate, "it holds something other than certificates",
              "write the certificate, DER or PEM, with tpm2_nvwrite");
}

Result<std::vector<Bytes>> ReadDer(ByteView contents) {
  std::vector<Bytes> certificates;
  ByteView rest = contents;
  while (!IsPadding(rest)) {
    DerReader reader(rest);
    const auto element = reader.Next();
    if (!element || !LooksLikeCertificate(*element)) return NoCertificate();
    const ByteView::pointer end = element->contents.data() + element->contents.size();
    certificates.emplace_back(rest.data(), end);
    rest = rest.subspan(certificates.back().size());
  }
  if (certificates.empty()) return NoCertificate();
  return certificates;
}

Result<std::vector<Bytes>> ReadPem(ByteView contents) {
  const BioPtr bio(BIO_new_mem_buf(contents.data(), static_cast<int>(contents.size())));
  std::vector<Bytes> certificates;
  while (const auto block = provider::BioPemBlock::Read(bio.get())) {
    const ByteView der = AsBytes(block->contents.Reveal());
    if (block->label == "CERTIFICATE") certificates.emplace_back(der.begin(), der.end());
  }
  if (certificates.empty()) return NoCertificate();
  return certificates;
}

}  // namespace

Result<std::vector<Bytes>> CertificatesInNv(ByteView contents) {
  const bool is_pem = AsText(contents).find(kPemBegin) != std::string_view::npos;
  const bool is_der = !contents.empty() && contents[0] == (V_ASN1_SEQUENCE | V_ASN1_CONSTRUCTED);
  return is_pem && !is_der ? ReadPem(contents) : ReadDer(contents);
}

}  // namespace credmint::tpm2
