// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/handles.h"
#include "ossl/library_context.h"
#include "ossl/passphrase.h"

namespace credmint {

/// Which objects a caller of the store wants.
enum class StoreExpect { kPrivateKey, kCertificate, kName };

/// How to open a store. `properties` is OpenSSL's property query for the loader ("provider=x" keeps
/// OpenSSL's own file loader, which is asked first otherwise, out of it); `parameters` go to the
/// loader by name as UTF-8 strings.
struct StoreOptions {
  StoreExpect expect = StoreExpect::kPrivateKey;
  std::string properties;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::vector<std::pair<std::string, Secret>> secrets;  ///< likewise, as octet strings
  std::vector<std::pair<std::string, Bytes>> octets;    ///< the same for what is no secret
  PassphraseFunction passphrase;
};

/// A reference that a store gives instead of an object, and what it says about it.
struct StoreName {
  std::string uri;
  std::string description;
};

/// Everything of the expected kind that the store held, in its order.
struct StoreContents {
  std::vector<StoreName> names;
  std::vector<PkeyPtr> keys;
  std::vector<X509Ptr> certificates;
};

/// Opens a URI through whichever loader is registered for its scheme.
///
/// Fails with the provider's own error; with the passphrase function's error if that one failed
/// (so "no PIN given" is not hidden behind OpenSSL's words for it); with kMalformed when OpenSSL
/// could make nothing of the contents; with kKeyNotFound when there is no object of that kind.
Result<StoreContents> OpenStore(const LibraryContext& context, const std::string& uri,
                                const StoreOptions& options);

/// The same for contents already in memory, given to the loader registered for `scheme` ("file" is
/// OpenSSL's own, which reads PEM and DER in every usual wrapping, PKCS#12 among them).
Result<StoreContents> ReadStore(const LibraryContext& context, const Secret& contents,
                                const std::string& scheme, const StoreOptions& options);

}  // namespace credmint
