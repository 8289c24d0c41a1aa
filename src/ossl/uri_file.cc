// SPDX-License-Identifier: Apache-2.0
#include "ossl/uri_file.h"

#include <openssl/asn1.h>
#include <openssl/pem.h>

#include <string_view>

#include "ossl/der_element.h"
#include "ossl/encoding.h"

namespace credmint {
namespace {

constexpr std::string_view kVersion = "PKCS#11 Provider URI v1.0";
constexpr std::uint8_t kVisibleString = V_ASN1_VISIBLESTRING;
constexpr std::uint8_t kUtf8String = V_ASN1_UTF8STRING;

void FreeElements(ASN1_SEQUENCE_ANY* elements) { sk_ASN1_TYPE_pop_free(elements, ASN1_TYPE_free); }

/// The text of one element; empty if it is of another type.
std::string_view TextIn(const ASN1_SEQUENCE_ANY* elements, int index, int type) {
  const ASN1_TYPE* const element = sk_ASN1_TYPE_value(elements, index);
  if (ASN1_TYPE_get(element) != type) return {};
  const ASN1_STRING* const text = element->value.asn1_string;
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

}  // namespace

Result<std::string> WriteUriFile(const std::string& uri) {
  const Bytes der = DerElement(kDerSequence, {DerElement(kVisibleString, {AsBytes(kVersion)}),
                                              DerElement(kUtf8String, {AsBytes(uri)})});
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio(bio.get(), kUriFileLabel, "", der.data(), static_cast<long>(der.size())) <= 0) {
    return Fail(ErrorCode::kInternal, "the file with the key's URI cannot be written");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

std::optional<std::string> ReadUriFromDer(ByteView der) {
  const ErrorMark mark;
  const unsigned char* cursor = der.data();
  const Handle<ASN1_SEQUENCE_ANY, FreeElements> elements(
      d2i_ASN1_SEQUENCE_ANY(nullptr, &cursor, static_cast<long>(der.size())));
  if (!elements || sk_ASN1_TYPE_num(elements.get()) != 2) return std::nullopt;
  if (TextIn(elements.get(), 0, V_ASN1_VISIBLESTRING) != kVersion) return std::nullopt;
  const std::string_view uri = TextIn(elements.get(), 1, V_ASN1_UTF8STRING);
  return uri.empty() ? std::nullopt : std::optional<std::string>(uri);
}

std::optional<std::string> ReadUriFile(std::string_view contents) {
  if (contents.find(kUriFileLabel) == std::string_view::npos) return std::nullopt;
  const ErrorMark mark;
  const BioPtr bio(BIO_new_mem_buf(contents.data(), static_cast<int>(contents.size())));
  unsigned char* der = nullptr;
  long size = 0;
  if (!bio ||
      PEM_bytes_read_bio(&der, &size, nullptr, kUriFileLabel, bio.get(), nullptr, nullptr) != 1) {
    return std::nullopt;
  }
  const Handle<unsigned char, FreeOpenssl> owner(der);
  return ReadUriFromDer({der, static_cast<std::size_t>(size)});
}

}  // namespace credmint
