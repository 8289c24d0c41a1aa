// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/error.h"
#include "pkcs11/module.h"

namespace credmint::pkcs11 {

/// The hint for a module that cannot be initialised with this code. By the name of its file, it
/// names the service that it needs or the configuration that it reads. Empty if nothing is known.
std::string AdviceOnInitializing(const std::string& module_path, CK_RV code);

/// The hint for a module that refuses CKM_EDDSA with a key for it. Empty if nothing is known.
std::string AdviceOnEddsa(const std::string& module_path);

/// Says why a module shows no initialised token (kTokenAbsent), with a hint for each of the causes:
///
/// * there is no slot;
/// * no slot has a token;
/// * no token is initialised;
/// * SoftHSM, perhaps behind p11-kit's proxy, has none in its folder.
///
/// A folder that SoftHSM cannot read makes C_Initialize fail, not this.
Error ExplainNoToken(const Module& module);

}  // namespace credmint::pkcs11
