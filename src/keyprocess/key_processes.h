// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/closed_at_exit.h"
#include "base/guarded.h"
#include "keyprocess/key_process.h"
#include "keyprocess/launcher.h"
#include "keyprocess/refused_secrets.h"
#include "ossl/stores.h"

namespace credmint::keyprocess {

/// Opens stores in key processes: one process for each module or TPM, started when it is first
/// needed and again when it has ended.
///
/// The first restart comes at once. Then there is a pause, which doubles up to five seconds until a
/// process has made a signature.
class KeyProcesses final : public Stores, private ClosedAtExit {
 public:
  KeyProcesses(std::unique_ptr<Launcher> launcher, Manners manners);
  ~KeyProcesses() override;

  Result<StoreContents> Open(const LibraryContext& context, const std::string& uri,
                             const StoreOptions& options) override;
  Result<StoreContents> Read(const LibraryContext& context, const Secret& contents,
                             const std::string& scheme, const StoreOptions& options) override;
  Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                   const StoreOptions& options) override;
  void Close() noexcept override;
  Result<void> Prepare(const LibraryContext& context, const StoreDevice& device) override;
  std::vector<StoreFigures> Figures() override;
  void ForgetInterrupted() override;
  void SetHidden(std::vector<std::string> hidden) override;

 private:
  /// One module or TPM.
  struct Device {
    std::shared_ptr<KeyProcess> process;
    std::shared_ptr<KeyProcessFigures> figures = std::make_shared<KeyProcessFigures>();
    std::chrono::milliseconds pause{0};
    std::chrono::steady_clock::time_point not_before;
    std::string shown;
    int misses = 0;  ///< failures in a row to find a key
  };

  Result<StoreContents> Load(const LibraryContext& context, const Place& place,
                             const StoreOptions& given);
  void NoteOutcome(const std::string& name, const std::shared_ptr<KeyProcess>& process,
                   std::optional<ErrorCode> failure);
  static void Replace(Device& device);
  Result<std::shared_ptr<KeyProcess>> Running(const StoreDevice& wanted);
  const pid_t owner_ = getpid();
  std::unique_ptr<Launcher> launcher_;
  const Manners manners_;
  Guarded<std::vector<std::string>> hidden_;
  RefusedSecrets refused_;
  std::atomic<bool> closed_ = false;
  Guarded<std::map<std::string, Device>> devices_;
};

}  // namespace credmint::keyprocess
