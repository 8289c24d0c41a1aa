// SPDX-License-Identifier: Apache-2.0
#include "ossl/curve_name.h"

#include <openssl/objects.h>

#include "ossl/der_reader.h"

namespace credmint {

const char* CurveName(ByteView oid) {
  DerReader elements(oid);
  // d2i_ASN1_OBJECT() does not look at the class of the tag.
  if (!elements.Next(V_ASN1_OBJECT) || !elements.AtEnd()) return nullptr;
  const unsigned char* at = oid.data();
  const Handle<ASN1_OBJECT, ASN1_OBJECT_free> object(
      d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(oid.size())));
  const int nid = object ? OBJ_obj2nid(object.get()) : NID_undef;
  return nid != NID_undef ? OBJ_nid2sn(nid) : nullptr;
}

}  // namespace credmint
