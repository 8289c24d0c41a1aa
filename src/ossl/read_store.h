// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"
#include "ossl/passphrase.h"

namespace credmint {

/// The kind of objects that a caller of the store wants.
enum class StoreExpect { kPrivateKey, kCertificate, kName };

/// How to open a store. `properties` is OpenSSL's property query for the loader. For example,
/// "provider=x" excludes OpenSSL's own file loader, which is otherwise tried first. `parameters`
/// are passed to the loader by name, as UTF-8 strings.
struct StoreOptions {
  StoreExpect expect = StoreExpect::kPrivateKey;
  std::string properties;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::pair<std::string, Secret>> secrets;  ///< passed by name, as octet strings
  std::vector<std::pair<std::string, Bytes>> octets;    ///< the same for values that are not secret
  /// Passed by name, as an octet string that holds the address. The key must outlive the load.
  std::optional<std::pair<std::string, EVP_PKEY*>> key;
  PassphraseFunction passphrase;
  StoreDevice device;
};

/// A reference that a store returns instead of an object, with its description.
struct StoreName {
  std::string uri;
  std::string description;
};

/// All objects of the expected kind in a store, in its order.
struct StoreContents {
  std::vector<StoreName> names;
  std::vector<PkeyPtr> keys;
  std::vector<X509Ptr> certificates;
};

/// Opens a URI through the loader registered for its scheme.
///
/// Fails with:
///
/// - The provider's own error.
/// - The passphrase function's error if that failed, so that OpenSSL's wording does not hide "no
///   PIN given".
/// - kMalformed if OpenSSL does not recognise the contents.
/// - kKeyNotFound if there is no object of that kind.
Result<StoreContents> OpenStore(const LibraryContext& context, const std::string& uri,
                                const StoreOptions& options);

/// The same for contents in memory, given to the loader registered for `scheme`. OpenSSL's own
/// loader, "file", reads PEM and DER in every usual wrapping, including PKCS#12.
Result<StoreContents> ReadStore(const LibraryContext& context, const Secret& contents,
                                const std::string& scheme, const StoreOptions& options);

}  // namespace credmint
