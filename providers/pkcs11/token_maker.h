// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "common/store_loader.h"
#include "pkcs11/load_request.h"

namespace credmint::pkcs11 {

/// Makes a token of a free slot: one that holds a token without CKF_TOKEN_INITIALIZED. The URI's
/// `token` becomes its label; its other attributes say which slot, if several are free. Both PINs
/// are set. They are typed at the token instead if it has a way for that.
///
/// An initialised token is never touched, as that would destroy its keys. The SO PIN is sent to
/// C_InitToken and, if that succeeds, to C_Login, each once. The flags about it say nothing before:
/// SoftHSM's free token claims that its SO PIN is locked.
///
/// Returns the token as listing.h describes it. Fails with:
///
/// * kUsage if a token has the label already, the URI has no label or names an object, or a PIN is
///   shorter or longer than the token allows
/// * kPinRequired if a PIN is empty that must not be
/// * kKeyNotFound if no slot is free, kKeyAmbiguous if several are
/// * kPinIncorrect or kPinLocked if the token wants another SO PIN: that of its maker
///
/// If it fails after C_InitToken, the token stays, without a user PIN, and the message says so.
Result<std::vector<provider::ListedObject>> MakeToken(const LoadRequest& request,
                                                      const Secret& so_pin, const Secret& user_pin);

}  // namespace credmint::pkcs11
