// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ossl/certificate.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"

namespace credmint {

/// One thing in a back end or a file: a module, slot, token, file, TPM, private key, public key,
/// certificate, or other object. Entries are in this order, each followed by what it contains.
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
  std::string uri;     ///< selects it and holds no PIN; empty if no URI can
  bool unique = true;  ///< false if another object has the same URI
  /// Easier to read; selects the same with the same options. Empty if there is none.
  std::string short_uri;
  std::string label;  ///< UTF-8
  std::string id;     ///< hexadecimal
  std::vector<std::string> flags;
  /// Further facts, by name, for display.
  std::vector<std::pair<std::string, std::string>> facts;
  std::shared_ptr<EVP_PKEY> public_key;    ///< of a key or certificate, if known
  std::optional<Certificate> certificate;  ///< if this is one and it can be read
  std::string key_file;  ///< of a new key that its device does not keep: the contents of its file
  std::string evidence;  ///< a device's statement about a key, or its answer: a JSON object

  [[nodiscard]] bool HasFlag(std::string_view flag) const;
};

using Inventory = std::vector<InventoryEntry>;

/// Parses the names of a store. Their descriptions are JSON objects with the members `kind`,
/// `label`, `id`, `shortUri`, `flags`, `publicKey`, `certificate`, `keyFile`, `evidence` and
/// others.
///
/// Ignores entries of unknown kinds. Fails with kInternal on a description that is not a JSON
/// object.
Result<Inventory> ReadInventory(const LibraryContext& context, const std::vector<StoreName>& names);

/// The keys and certificates of a file, all named by its path. `unusable` says why a private key in
/// the file could not be opened; empty if all could be opened or there is none.
Inventory FileInventory(const std::string& path, std::span<const PkeyPtr> keys,
                        const std::vector<Certificate>& certificates, const std::string& unusable);

/// Whether two entries belong to the same key pair, judging by their public keys.
bool BelongTogether(const InventoryEntry& a, const InventoryEntry& b);

}  // namespace credmint
