// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/secret.h"
#include "ossl/library_context.h"
#include "ossl/read_store.h"
#include "ossl/store_figures.h"

namespace credmint {

/// The provider of the keys that Stores opens.
inline constexpr const char* kRemoteProvider = "credmint-remote";

/// Opens stores elsewhere than in this process. The functions are those of read_store.h and
/// pkcs12.h. `options.device` says where. Safe to share between threads.
class Stores {
 public:
  virtual ~Stores() = default;

  virtual Result<StoreContents> Open(const LibraryContext& context, const std::string& uri,
                                     const StoreOptions& options) = 0;
  virtual Result<StoreContents> Read(const LibraryContext& context, const Secret& contents,
                                     const std::string& scheme, const StoreOptions& options) = 0;
  virtual Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                           const StoreOptions& options) = 0;

  /// Starts what opens the stores of a device, and loads the providers that it names. Fails with
  /// kUsage if one cannot be loaded.
  virtual Result<void> Prepare(const LibraryContext& context, const StoreDevice& device) = 0;

  /// Ends what opens stores. Calls that run fail with kDeviceLost or kDevice; so do later ones.
  virtual void Close() noexcept = 0;

  /// The figures of each device that has been used.
  virtual std::vector<StoreFigures> Figures() = 0;

  /// Replaces the list of files and folders that no device may read (SandboxRules::hidden).
  virtual void SetHidden(std::vector<std::string> hidden) = 0;

  /// Lets secrets be tried again whose outcome is unknown, because a process ended meanwhile.
  virtual void ForgetInterrupted() = 0;
};

}  // namespace credmint
