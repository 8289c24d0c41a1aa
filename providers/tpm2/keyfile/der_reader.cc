// SPDX-License-Identifier: Apache-2.0
#include "tpm2/keyfile/der_reader.h"

#include <openssl/asn1.h>

#include "ossl/handles.h"

namespace credmint::tpm2 {

bool DerElement::IsUniversal(int wanted) const {
  return tag_class == V_ASN1_UNIVERSAL && tag == wanted &&
         constructed == (wanted == V_ASN1_SEQUENCE);
}

std::optional<std::span<const std::uint8_t>> DerElement::Inside(int wanted) const {
  if (!constructed) return std::nullopt;
  DerReader reader(contents);
  const auto inside = reader.Next(wanted);
  return reader.AtEnd() ? inside : std::nullopt;
}

std::optional<std::uint32_t> ReadUint32(std::span<const std::uint8_t> integer) {
  if (integer.size() == 5 && integer.front() == 0) integer = integer.subspan(1);
  if (integer.empty() || integer.size() > 4) return std::nullopt;
  if (integer.size() < 4 && (integer.front() & 0x80U) != 0) return std::nullopt;
  std::uint32_t number = 0;
  for (const std::uint8_t byte : integer) number = (number << 8U) | byte;
  return number;
}

std::optional<DerElement> DerReader::Next() {
  if (rest_.empty()) return std::nullopt;
  const ErrorMark mark;
  DerElement element;
  const unsigned char* cursor = rest_.data();
  long length = 0;
  const int form = ASN1_get_object(&cursor, &length, &element.tag, &element.tag_class,
                                   static_cast<long>(rest_.size()));
  constexpr int kFailed = 0x80;
  constexpr int kIndefinite = 0x01;
  if ((form & (kFailed | kIndefinite)) != 0) return std::nullopt;
  const auto header = static_cast<std::size_t>(cursor - rest_.data());
  element.constructed = (form & V_ASN1_CONSTRUCTED) != 0;
  element.contents = rest_.subspan(header, static_cast<std::size_t>(length));
  element.whole = rest_.first(header + element.contents.size());
  rest_ = rest_.subspan(element.whole.size());
  return element;
}

std::optional<std::span<const std::uint8_t>> DerReader::Next(int tag) {
  const auto element = Next();
  if (!element || !element->IsUniversal(tag)) return std::nullopt;
  return element->contents;
}

std::optional<DerElement> DerReader::NextContextTag() {
  const DerReader before = *this;
  const auto element = Next();
  if (element && element->tag_class == V_ASN1_CONTEXT_SPECIFIC) return element;
  *this = before;
  return std::nullopt;
}

}  // namespace credmint::tpm2
