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

/// One connection to one TPM: a TCTI and the ESAPI context on it.
///
/// Owned by the keys that use it; the last one closes it. Closing flushes every object and session
/// still loaded through it. That also happens at process exit, after the command that runs then;
/// others fail. After a fork the child does nothing at all with it, because the connection and what
/// is loaded belong to the parent: its commands fail, and its copy is leaked on purpose. A child
/// gets a connection of its own from Share().
///
/// A TPM without a resource manager has few slots. When it has none free, what no key needs at this
/// moment is flushed (MayFlush()), and is lost as by a reset.
///
/// A reset of the TPM (a suspended machine, for one) takes away everything that was loaded, and
/// then the TPM gives the same handles to other objects. What is known to be lost, and all that was
/// loaded before it, is neither used nor flushed any more.
///
/// Safe to share between threads. An ESAPI context is not, so commands run one at a time.
///
/// tpm2-tss does the host's part of its sessions with OpenSSL's default library context. In an
/// application that loaded this provider into that context it would come back here for EC keys, so
/// while tpm2-tss runs, the calling thread's default is a private context.
class Tpm final : public ClosedAtExit {
 public:
  /// The connection that this process has over `tcti`, a TCTI configuration that is not empty, or a
  /// new one if it has none that is usable. Sends no TPM command. Fails with kDevice.
  static Result<std::shared_ptr<Tpm>> Share(const std::string& tcti);
  ~Tpm() override;

  /// With which Share() leads here.
  [[nodiscard]] const std::string& tcti() const { return tcti_name_; }

  /// Keeps other threads' commands out for several commands whose objects must not pile up in the
  /// TPM's few slots. Run() inside is allowed.
  [[nodiscard]] std::unique_lock<RecursiveMutex> Hold() const;

  /// Runs one ESAPI call. When the TPM has no free slot and nothing can be flushed, or it is busy
  /// for longer than ESAPI has patience, waits and tries again for at most about three quarters of
  /// a second; a refused auth value is never sent twice. After a refusal that was counted, and in a
  /// lockout, asks by one command what the TPM says about that.
  TpmResult<void> Run(const std::function<TSS2_RC(ESYS_CONTEXT*)>& command);

  /// Like Run(), for a call that loads an object or session; it will be flushed by Release(), or
  /// when the connection closes.
  TpmResult<ESYS_TR> Load(const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command);
  /// Flushes what Load() returned, if it is not lost; for other handles, only ends ESAPI's
  /// knowledge of them.
  void Release(ESYS_TR handle) noexcept;

  /// Says that what Load() returned is gone: a command that named it failed for that reason. Load()
  /// itself notices when the TPM gives out a handle for the second time.
  void MarkLost(ESYS_TR handle);
  /// False for what was lost or released, and for what Load() did not return.
  [[nodiscard]] bool IsLoaded(ESYS_TR handle) const;

  /// Says that what Load() returned can be loaded again: it may be flushed for its slot, except
  /// between Use(handle, true) and Use(handle, false), which may be nested.
  void MayFlush(ESYS_TR handle);
  void Use(ESYS_TR handle, bool begin);

  /// ESAPI's handle of a persistent object or an NV index. Shared by all that opened the same
  /// thing; ESYS_TR_NONE when the TPM turned out to have something else in its place.
  using OpenHandle = std::shared_ptr<std::atomic<ESYS_TR>>;
  /// Looks at what is there, by one TPM command; one more if it is not what it was.
  ///
  /// ESAPI would give the same handle to everybody who opens one thing, and the first that closes
  /// it (tpm2-tss 3), or any failure to open it again (also 4), would take it from the others.
  TpmResult<OpenHandle> OpenPersistent(TPM2_HANDLE handle);
  void ReleasePersistent(const OpenHandle& handle) noexcept;

  void Close() noexcept override;

  /// False once it failed, was closed, or in the child of a fork: a new connection is needed.
  [[nodiscard]] bool IsUsable() const;

  /// The encrypted session that this TPM's keys share, while one of them holds it (auth_session.h).
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
  /// Whether it flushed something that took a slot of the kind that `fault` says is missing.
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
