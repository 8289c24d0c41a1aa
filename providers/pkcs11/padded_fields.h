// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

namespace credmint::pkcs11 {

/// Replaces NULs by blanks in the fixed-width fields that describe a module, slot or token.
///
/// PKCS#11 pads these fields with blanks (v2.40 section 3). Some modules pad them with NULs, or put
/// NULs between words, as tpm2-pkcs11 does in its model. Other programs list such NULs as blanks.
/// Treating them as blanks here makes a copied text match.
///
/// A field that begins with a NUL stays unchanged: in a URI of p11-kit, it means "not given".
void BlankNuls(CK_INFO& info);
void BlankNuls(CK_SLOT_INFO& info);
void BlankNuls(CK_TOKEN_INFO& info);

}  // namespace credmint::pkcs11
