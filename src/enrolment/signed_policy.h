// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "identity/key_opener.h"
#include "identity/key_reference.h"
#include "identity/signing_key.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"

namespace credmint {

/// A policy for the key in a file, which the key's authority has yet to sign.
struct UnsignedPolicy {
  std::string key_file;    ///< the path
  std::string out = {};    ///< the path of a new file; empty: `key_file` is replaced
  std::string state = {};  ///< as DeviceChange::key_state
  Bytes policy = {};       ///< as DeviceChange::key_policy
  bool keep_old = false;   ///< earlier signed policies stay
};

/// The public half of an authority for policies: what a file with a public key (PEM) holds, or that
/// of a private key. Fails as KeyOpener::OpenKey().
Result<std::shared_ptr<const SigningKey>> OpenPublicAuthority(const LibraryContext& context,
                                                              KeyOpener& keys,
                                                              KeyReference reference);

/// Has `authority` sign the policy, and writes it into the key's file. The file is replaced as a
/// whole, and keeps its mode; only its owner can read a new one.
///
/// Fails with kUsage if `authority` is not that of the key, or if there is no policy; with
/// kLocalIo; and as KeyOpener::Change() otherwise.
Result<void> SignPolicy(KeyOpener& keys, std::shared_ptr<const SigningKey> authority,
                        UnsignedPolicy policy);

}  // namespace credmint
