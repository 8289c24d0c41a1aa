// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "attestation/attested_key.h"

namespace credmint::cli {

/// An attested key for people, followed by its PEM, which tools find there. `is_proven` says
/// whether the TPM answered a challenge.
///
///     verdict       proven: the key is in this TPM and cannot leave it
///     key           EC prime256v1
///     public key    SHA-256 4f5a...
///     attributes    fixed-tpm, fixed-parent, sensitive-data-origin, user-with-auth, no-da, sign
///     policy        none
///     TPM           manufacturer id:00001014, model swtpm, version id:20191023
///     certificate   serial 02 of CN=swtpm-localca
///     firmware      20191023.00163636
///     clock         4711 ms, 1 resets, 0 restarts, safe
std::string FormatAttestedText(const AttestedKey& key, bool is_proven);

/// The same as one JSON object.
std::string FormatAttestedJson(const AttestedKey& key, bool is_proven);

/// The same for a claim of a token. Its verdict says that nothing proves it.
std::string FormatClaimText(const TokenClaim& claim, EVP_PKEY* key);
std::string FormatClaimJson(const TokenClaim& claim, EVP_PKEY* key);

}  // namespace credmint::cli
