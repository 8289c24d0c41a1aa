// SPDX-License-Identifier: Apache-2.0
#include "ossl/der_reader.h"

#include <openssl/asn1.h>

#include "ossl/error_queue.h"

namespace credmint {

bool DerItem::IsUniversal(int wanted) const {
  return tag_class == V_ASN1_UNIVERSAL && tag == wanted &&
         constructed == (wanted == V_ASN1_SEQUENCE);
}

std::optional<ByteView> DerItem::Inside(int wanted) const {
  if (!constructed) return std::nullopt;
  DerReader reader(contents);
  const auto inside = reader.Next(wanted);
  return reader.AtEnd() ? inside : std::nullopt;
}

std::optional<DerItem> DerReader::Next() {
  if (rest_.empty()) return std::nullopt;
  const ErrorMark mark;
  DerItem element;
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

std::optional<ByteView> DerReader::Next(int tag) {
  const auto element = Next();
  if (!element || !element->IsUniversal(tag)) return std::nullopt;
  return element->contents;
}

std::optional<DerItem> DerReader::NextContextTag() {
  const DerReader before = *this;
  const auto element = Next();
  if (element && element->tag_class == V_ASN1_CONTEXT_SPECIFIC) return element;
  *this = before;
  return std::nullopt;
}

std::optional<DerItem> DerReader::NextContextTag(int tag) {
  const DerReader before = *this;
  const auto element = NextContextTag();
  if (element && element->tag == tag) return element;
  *this = before;
  return std::nullopt;
}

}  // namespace credmint
