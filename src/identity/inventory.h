// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ossl/certificate.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// One thing that a back end or a file shows: a module, a slot, a token, file or TPM, a private or
/// public key, a certificate, or an object that is neither, in this order, each followed by what is
/// inside it.
struct InventoryEntry {
  enum class Kind {
    kModule,
    kSlot,
    kToken,
    kFile,
    kTpm,
    kPrivateKey,
    kPublicKey,
    kCertificate,
    kOther
  };

  Kind kind = Kind::kModule;
  std::string uri;     ///< selects it, as far as a URI can; holds no PIN; empty if none can
  bool unique = true;  ///< false if another object has this URI too
  std::string label;   ///< UTF-8
  std::string id;      ///< hexadecimal
  std::vector<std::string> flags;
  /// What else is said about it, by name, for showing.
  std::vector<std::pair<std::string, std::string>> facts;
  std::shared_ptr<EVP_PKEY> public_key;    ///< of a key or certificate, if known
  std::optional<Certificate> certificate;  ///< of a certificate that can be read
};

using Inventory = std::vector<InventoryEntry>;

/// The names of a store with their descriptions, JSON objects with the members `kind`, `label`,
/// `id`, `flags`, `publicKey`, `certificate` and others. Entries of unknown kinds are left out;
/// fails with kInternal on what is no JSON object.
Result<Inventory> ReadInventory(const LibraryContext& context, const std::vector<StoreName>& names);

/// The keys and certificates of a file, which all go by its path. `unusable` says why a private key
/// that is in there could not be opened; empty if none or all could.
Inventory FileInventory(const std::string& path, std::span<const PkeyPtr> keys,
                        const std::vector<Certificate>& certificates, const std::string& unusable);

/// Whether two entries are about the same key pair, by their public keys.
bool BelongTogether(const InventoryEntry& a, const InventoryEntry& b);

}  // namespace credmint
