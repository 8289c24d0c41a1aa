// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <tss2/tss2_esys.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/closed_at_exit.h"
#include "base/error.h"
#include "base/mutex.h"
#include "ossl/handles.h"
#include "tpm2/device/tpm_error.h"

namespace credmint::tpm2 {

class TpmObject;

/// One connection to one TPM: a TCTI and the ESAPI context on it. Safe to share between threads. An
/// ESAPI context is not, so commands run one at a time.
///
/// The keys that use a connection own it. The last one closes it, which flushes every object and
/// session still loaded through it. Process exit closes it, too, after the command that is running;
/// later commands fail.
///
/// After a fork, connection and loaded objects belong to the parent. In the child all commands
/// fail, and its copy is leaked on purpose. The child gets its own connection from Share().
///
/// A TPM without a resource manager has few slots. If none is free, whatever no key needs at the
/// moment is flushed (MayFlush()). It is then lost, as after a reset.
///
/// A reset of the TPM, such as after a suspend, discards everything that was loaded. The TPM then
/// reuses the same handles for other objects. So anything known to be lost is neither used nor
/// flushed, and neither is anything loaded before it.
///
/// tpm2-tss does the host's part of its sessions with OpenSSL's default library context. If an
/// application loaded this provider into that context, operations on EC keys would come back here.
/// While tpm2-tss runs, a private context is therefore the calling thread's default.
class Tpm final : public ClosedAtExit {
 public:
  /// The connection of this process over `tcti`, or a new one if there is none that is usable.
  /// `tcti` is a TCTI configuration and not empty. Sends no TPM command. Fails with kDevice.
  static Result<std::shared_ptr<Tpm>> Share(const std::string& tcti);
  ~Tpm() override;

  /// The argument of Share() that returns this connection.
  [[nodiscard]] const std::string& tcti() const { return tcti_name_; }

  /// Keeps out other threads' commands while several commands run. Use it so that their objects do
  /// not pile up in the TPM's few slots. Run() may be called inside.
  [[nodiscard]] std::unique_lock<RecursiveMutex> Hold() const;

  /// Runs one ESAPI call.
  ///
  /// Retries if the TPM has no free slot and nothing can be flushed, or if it stays busy longer
  /// than ESAPI waits. That takes about three quarters of a second at most. Never sends a refused
  /// auth value twice.
  ///
  /// After a counted refusal, and in a lockout, asks the TPM for its lockout state with one more
  /// command.
  TpmResult<void> Run(const std::function<TSS2_RC(ESYS_CONTEXT*)>& command);

  /// Like Run(), for a call that loads an object or session. Release() flushes what was loaded, as
  /// does closing the connection.
  TpmResult<ESYS_TR> Load(const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command);
  /// Flushes what Load() returned, unless it is lost. For other handles, only makes ESAPI forget
  /// them.
  void Release(ESYS_TR handle) noexcept;

  /// Records that what Load() returned is gone, because a command that named it failed for that
  /// reason. Load() itself notices if the TPM returns a handle for the second time.
  void MarkLost(ESYS_TR handle);
  /// False for anything lost or released, and for handles not returned by Load().
  [[nodiscard]] bool IsLoaded(ESYS_TR handle) const;

  /// Allows flushing what Load() returned if its slot is needed, because it can be loaded again. It
  /// is not flushed between Use(handle, true) and Use(handle, false), which may be nested.
  void MayFlush(ESYS_TR handle);
  void Use(ESYS_TR handle, bool begin);

  /// ESAPI's handle of a persistent object or an NV index, shared by all who opened it. It becomes
  /// ESYS_TR_NONE if the TPM turns out to hold something else in that place.
  using OpenHandle = std::shared_ptr<std::atomic<ESYS_TR>>;
  /// Opens a persistent object or an NV index, and checks what it is. One TPM command, two if it
  /// has changed.
  ///
  /// ESAPI would return the same handle to everyone who opens the same object. The first to close
  /// it (tpm2-tss 3), or a failure to open it again (also tpm2-tss 4), would take it from the
  /// others.
  TpmResult<OpenHandle> OpenPersistent(TPM2_HANDLE handle);
  /// The same without a command, from what Esys_TR_Serialize() wrote about what it was earlier. If
  /// the handle is open, one command as before.
  TpmResult<OpenHandle> ReopenPersistent(TPM2_HANDLE handle, ByteView written);
  void ReleasePersistent(const OpenHandle& handle) noexcept;

  void Close() noexcept override;

  /// False if it has failed, was closed, or this is the child of a fork. A new connection is needed
  /// then.
  [[nodiscard]] bool IsUsable() const;

  /// The encrypted session that this TPM's keys share, for as long as one of them holds it
  /// (auth_session.h).
  std::weak_ptr<const TpmObject> session;

 private:
  static void FreeTcti(TSS2_TCTI_CONTEXT* tcti);
  static void FreeEsys(ESYS_CONTEXT* esys);
  using TctiPtr = std::unique_ptr<TSS2_TCTI_CONTEXT, void (*)(TSS2_TCTI_CONTEXT*)>;
  using EsysPtr = Handle<ESYS_CONTEXT, FreeEsys>;

  class OutsideCall;
  class Held;
  struct Loaded {
    ESYS_TR handle;
    TPM2_HANDLE tpm_handle;
    bool may_be_flushed = false;
    int users = 0;
  };
  struct Open {
    OpenHandle handle;
    int users = 0;
  };

  Tpm(std::string name, LibCtxPtr crypto, TctiPtr tcti, EsysPtr esys);
  static Result<std::shared_ptr<Tpm>> Connect(const std::string& tcti);
  static Result<TctiPtr> ConnectTcti(const std::string& tcti);
  [[nodiscard]] bool IsOtherProcess() const;
  [[nodiscard]] std::vector<Loaded>::iterator Find(ESYS_TR handle) CREDMINT_REQUIRES(mutex_);
  void Flush(ESYS_TR handle) noexcept CREDMINT_REQUIRES(mutex_);
  /// Whether it flushed something to free a slot of the kind that `fault` reports missing.
  [[nodiscard]] bool FlushUnused(TpmFault fault) noexcept CREDMINT_REQUIRES(mutex_);
  [[nodiscard]] TpmResult<bool> IsStill(TPM2_HANDLE handle, ESYS_TR open);
  [[nodiscard]] std::optional<LockoutState> AskLockoutState() const CREDMINT_REQUIRES(mutex_);

  const pid_t process_;
  const std::string tcti_name_;
  mutable RecursiveMutex mutex_;
  const LibCtxPtr crypto_;
  TctiPtr tcti_ CREDMINT_GUARDED_BY(mutex_);
  EsysPtr esys_ CREDMINT_GUARDED_BY(mutex_);
  std::vector<Loaded> loaded_ CREDMINT_GUARDED_BY(mutex_);  // in the order of loading
  std::map<TPM2_HANDLE, Open> open_ CREDMINT_GUARDED_BY(mutex_);
  std::atomic<bool> failed_ = false;
  std::atomic<bool> closing_ = false;
};

}  // namespace credmint::tpm2
