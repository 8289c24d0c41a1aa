// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <p11-kit/pkcs11.h>

namespace credmint::pkcs11 {

/// The fields of fixed width in what a module says of itself, of slots and of tokens are filled up
/// with blanks (PKCS#11 v2.40 section 3). Some modules fill them up with NULs, or have NULs between
/// words (tpm2-pkcs11's model), and other programs list these as blanks. To us, too, a NUL is a
/// blank there, so that what is copied from a list matches.
///
/// A field that begins with a NUL stays as it is: in a URI of p11-kit it is one that is not given.
void BlankNuls(CK_INFO& info);
void BlankNuls(CK_SLOT_INFO& info);
void BlankNuls(CK_TOKEN_INFO& info);

}  // namespace credmint::pkcs11
