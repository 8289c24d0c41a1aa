// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tpm.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include "base/foreign_call.h"
#include "base/foreign_code.h"
#include "base/guarded.h"
#include "ossl/fips.h"
#include "tpm2/device/handle_uri.h"
#include "tpm2/device/stream_tcti.h"
#include "tpm2/device/tabrmd.h"
#include "tpm2/device/tcti.h"
#include "tpm2/device/tcti_needs.h"
#include "tpm2/device/tpm_object.h"
#include "tpm2/device/tss2_library.h"
#include "tpm2/device/tss_log.h"

namespace credmint::tpm2 {
namespace {

using std::chrono::milliseconds;
constexpr std::array<milliseconds, 4> kWaits = {milliseconds(50), milliseconds(100),
                                                milliseconds(200), milliseconds(400)};

/// The connections of one process. A child leaves its parent's alone, lock included.
struct Connections {
  explicit Connections(pid_t process_id) : process(process_id) {}
  const pid_t process;
  Guarded<std::map<std::string, std::weak_ptr<Tpm>>> tpms;
};

// Mutable and never destroyed, because exit handlers may free keys.
constinit std::atomic<Connections*> connections = nullptr;

Connections& ConnectionsOfThisProcess() {
  Connections* known = connections;
  const pid_t process = getpid();
  if (known != nullptr && known->process == process) return *known;
  auto fresh = std::make_unique<Connections>(process);
  if (connections.compare_exchange_strong(known, fresh.get())) known = fresh.release();
  return *known;
}

bool IsSession(TPM2_HANDLE handle) {
  const TPM2_HANDLE kind = handle >> TPM2_HR_SHIFT;
  return kind == TPM2_HT_HMAC_SESSION || kind == TPM2_HT_POLICY_SESSION;
}

}  // namespace

/// Surrounds every call into tpm2-tss, to confine it to its own part of OpenSSL.
///
/// Also frees what OpenSSL keeps there for the thread. OpenSSL would look for it at the end of the
/// thread, when another thread may have closed the connection (OPENSSL_thread_stop_ex(3)).
class Tpm::OutsideCall {
 public:
  explicit OutsideCall(OSSL_LIB_CTX* crypto)
      : crypto_(crypto), before_(OSSL_LIB_CTX_set0_default(crypto)) {}
  ~OutsideCall() {
    OSSL_LIB_CTX_set0_default(before_);
    OPENSSL_thread_stop_ex(crypto_);
  }
  OutsideCall(const OutsideCall&) = delete;
  OutsideCall& operator=(const OutsideCall&) = delete;

 private:
  ErrorMark mark_;
  OSSL_LIB_CTX* crypto_;
  OSSL_LIB_CTX* before_;
};

/// Hold(), in a form that clang's analysis understands.
class CREDMINT_SCOPED_CAPABILITY Tpm::Held {
 public:
  explicit Held(const Tpm& tpm) CREDMINT_ACQUIRE(tpm.mutex_) CREDMINT_NOT_CHECKED
      : hold_(tpm.Hold()) {}
  ~Held() CREDMINT_RELEASE() {}  // NOLINT(modernize-use-equals-default): the attribute

  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::unique_lock<RecursiveMutex> hold_;
};

void Tpm::FreeTcti(TSS2_TCTI_CONTEXT* tcti) { Tss2().Tss2_TctiLdr_Finalize(&tcti); }
void Tpm::FreeEsys(ESYS_CONTEXT* esys) { Tss2().Esys_Finalize(&esys); }

Result<std::shared_ptr<Tpm>> Tpm::Share(const std::string& tcti) {
  const auto tpms = ConnectionsOfThisProcess().tpms.Lock();
  std::weak_ptr<Tpm>& known = (*tpms)[tcti];
  if (auto open = known.lock(); open && open->IsUsable()) return open;
  auto opened = Connect(tcti);
  if (opened) known = *opened;
  return opened;
}

Result<std::shared_ptr<Tpm>> Tpm::Connect(const std::string& tcti) {
  SilenceTssLog();
  ForeignCode::Announce([&] { return NeedsOfTcti(tcti); });
  if (auto loaded = LoadTss2(); !loaded) return Fail(std::move(loaded));
  LibCtxPtr crypto(OSSL_LIB_CTX_new());
  if (!crypto) return Fail(ErrorCode::kInternal, "cannot make an OpenSSL library context");
  if (const auto obeys = ObeyFips(crypto.get()); !obeys) return Fail(obeys);
  const OutsideCall outside(crypto.get());
  auto tcti_owner = ConnectTcti(tcti);
  if (!tcti_owner) return Fail(std::move(tcti_owner));
  ESYS_CONTEXT* esys_context = nullptr;
  const ForeignCall call("Esys_Initialize");
  const TSS2_RC code = Tss2().Esys_Initialize(&esys_context, tcti_owner->get(), nullptr);
  EsysPtr esys_owner(esys_context);
  if (code != TSS2_RC_SUCCESS) return Fail(CannotConnect(tcti, code, 0));
  ForeignCode::NoteInitialized();
  return std::shared_ptr<Tpm>(
      new Tpm(tcti, std::move(crypto), *std::move(tcti_owner), std::move(esys_owner)));
}

Result<Tpm::TctiPtr> Tpm::ConnectTcti(const std::string& tcti) {
  if (const auto tabrmd = ParseTabrmd(tcti, SecureEnvironment)) {
    auto socket = ConnectToTabrmd(*tabrmd, tcti);
    if (!socket) return Fail(std::move(socket));
    TctiPtr context(MakeStreamTcti(*std::move(socket)), FreeStreamTcti);
    if (!context) return Fail(ErrorCode::kInternal, "cannot make a TCTI");
    return context;
  }
  const SilentGlib silent_glib(tcti);
  TSS2_TCTI_CONTEXT* context = nullptr;
  errno = 0;
  const TSS2_RC code = Tss2().Tss2_TctiLdr_Initialize(tcti.c_str(), &context);
  const int system_error = errno;
  TctiPtr owner(context, FreeTcti);
  if (code != TSS2_RC_SUCCESS) return Fail(CannotConnect(tcti, code, system_error));
  return owner;
}

Tpm::Tpm(std::string name, LibCtxPtr crypto, TctiPtr tcti, EsysPtr esys)
    : process_(getpid()),
      tcti_name_(std::move(name)),
      crypto_(std::move(crypto)),
      tcti_(std::move(tcti)),
      esys_(std::move(esys)) {
  Enter();
}

Tpm::~Tpm() {
  Leave();
  if (IsOtherProcess()) {
    static_cast<void>(esys_.release());
    static_cast<void>(tcti_.release());
  }
  Close();
}

bool Tpm::IsOtherProcess() const { return getpid() != process_; }

// Does not lock in a child: a thread that does not exist there may hold the lock.
std::unique_lock<RecursiveMutex> Tpm::Hold() const {
  return IsOtherProcess() ? std::unique_lock<RecursiveMutex>() : std::unique_lock(mutex_);
}

bool Tpm::IsUsable() const { return !IsOtherProcess() && !closing_ && !failed_; }

TpmResult<void> Tpm::Run(const std::function<TSS2_RC(ESYS_CONTEXT*)>& command) {
  if (IsOtherProcess()) return Fail(TpmFailure(TpmFault::kOtherProcess));
  const Held held(*this);
  const OutsideCall outside(crypto_.get());
  for (const milliseconds* wait = kWaits.begin();;) {
    if (!esys_ || closing_) return Fail(TpmFailure(TpmFault::kClosed));
    const ForeignCall call("a TPM command");
    const TSS2_RC code = command(esys_.get());
    if (code == TSS2_RC_SUCCESS) return {};
    TpmFailure failure(code);
    if (failure.fault() == TpmFault::kConnection) failed_ = true;
    if (failure.IsAboutTries()) failure.set_lockout_state(AskLockoutState());
    if (!failure.MayPass()) return Fail(failure);
    if (FlushUnused(failure.fault())) continue;
    if (wait == kWaits.end()) return Fail(failure);
    std::this_thread::sleep_for(*wait++);
  }
}

std::optional<LockoutState> Tpm::AskLockoutState() const {
  constexpr std::array<TPM2_PT, 3> kWanted = {TPM2_PT_LOCKOUT_COUNTER, TPM2_PT_MAX_AUTH_FAIL,
                                              TPM2_PT_LOCKOUT_INTERVAL};
  constexpr UINT32 kCount = kWanted.size();  // their numbers are consecutive
  TPMS_CAPABILITY_DATA* data = nullptr;
  const TSS2_RC code = Tss2().Esys_GetCapability(esys_.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                                 ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                                                 TPM2_PT_LOCKOUT_COUNTER, kCount, nullptr, &data);
  const Handle<TPMS_CAPABILITY_DATA, EsysFree> owner(data);
  if (code != TSS2_RC_SUCCESS) return std::nullopt;
  const TPML_TAGGED_TPM_PROPERTY& properties = data->data.tpmProperties;
  if (data->capability != TPM2_CAP_TPM_PROPERTIES || properties.count < kCount) return std::nullopt;
  std::array<UINT32, kCount> values{};
  for (std::size_t i = 0; i < kCount; ++i) {
    if (properties.tpmProperty[i].property != kWanted[i]) return std::nullopt;
    values[i] = properties.tpmProperty[i].value;
  }
  return LockoutState{values[0], values[1], values[2]};
}

bool Tpm::FlushUnused(TpmFault fault) noexcept {
  if (fault != TpmFault::kNoObjectSlot && fault != TpmFault::kNoSessionSlot) return false;
  const bool want_session = fault == TpmFault::kNoSessionSlot;
  const auto unused = std::find_if(loaded_.begin(), loaded_.end(), [&](const Loaded& candidate) {
    return candidate.may_be_flushed && candidate.users == 0 &&
           IsSession(candidate.tpm_handle) == want_session;
  });
  if (unused == loaded_.end()) return false;
  const ESYS_TR handle = unused->handle;
  loaded_.erase(unused);
  Flush(handle);
  return true;
}

void Tpm::MayFlush(ESYS_TR handle) {
  const Held held(*this);
  if (const auto found = Find(handle); found != loaded_.end()) found->may_be_flushed = true;
}

void Tpm::Use(ESYS_TR handle, bool begin) {
  const Held held(*this);
  if (const auto found = Find(handle); found != loaded_.end()) found->users += begin ? 1 : -1;
}

TpmResult<Tpm::OpenHandle> Tpm::OpenPersistent(TPM2_HANDLE handle) {
  const Held held(*this);
  if (const auto known = open_.find(handle); known != open_.end()) {
    const auto same = IsStill(handle, *known->second.handle);
    if (!same) return Fail(same);
    if (*same) {
      ++known->second.users;
      return known->second.handle;
    }
    ESYS_TR gone = known->second.handle->exchange(ESYS_TR_NONE);
    open_.erase(known);
    const OutsideCall outside(crypto_.get());
    if (esys_) Tss2().Esys_TR_Close(esys_.get(), &gone);
  }
  ESYS_TR object = ESYS_TR_NONE;
  const auto opened = Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                        &object);
  });
  if (!opened) return Fail(opened);
  OpenHandle shared = std::make_shared<std::atomic<ESYS_TR>>(object);
  open_[handle] = {shared, 1};
  return shared;
}

TpmResult<Tpm::OpenHandle> Tpm::ReopenPersistent(TPM2_HANDLE handle, ByteView written) {
  const Held held(*this);
  if (open_.contains(handle)) return OpenPersistent(handle);
  ESYS_TR object = ESYS_TR_NONE;
  const auto opened = Run([&](ESYS_CONTEXT* esys) {
    return Tss2().Esys_TR_Deserialize(esys, written.data(), written.size(), &object);
  });
  if (!opened) return Fail(opened);
  OpenHandle shared = std::make_shared<std::atomic<ESYS_TR>>(object);
  open_[handle] = {shared, 1};
  return shared;
}

TpmResult<bool> Tpm::IsStill(TPM2_HANDLE handle, ESYS_TR open) {
  const auto before = ReadName(*this, open);
  if (!before) return Fail(before);
  TPM2B_NAME* name = nullptr;
  const auto read = Run([&](ESYS_CONTEXT* esys) {
    return IsNvIndex(handle) ? Tss2().Esys_NV_ReadPublic(esys, open, ESYS_TR_NONE, ESYS_TR_NONE,
                                                         ESYS_TR_NONE, nullptr, &name)
                             : Tss2().Esys_ReadPublic(esys, open, ESYS_TR_NONE, ESYS_TR_NONE,
                                                      ESYS_TR_NONE, nullptr, &name, nullptr);
  });
  const Handle<TPM2B_NAME, EsysFree> owner(name);
  if (!read) return Fail(read);
  return IsSameName(*before, *name);
}

void Tpm::ReleasePersistent(const OpenHandle& handle) noexcept {
  if (IsOtherProcess()) return;
  const Held held(*this);
  const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& candidate) {
    return candidate.second.handle == handle;
  });
  if (found == open_.end() || --found->second.users > 0) return;
  ESYS_TR object = handle->exchange(ESYS_TR_NONE);
  open_.erase(found);
  if (!esys_) return;
  const OutsideCall outside(crypto_.get());
  Tss2().Esys_TR_Close(esys_.get(), &object);
}

TpmResult<ESYS_TR> Tpm::Load(const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command) {
  const Held held(*this);
  ESYS_TR handle = ESYS_TR_NONE;
  TPM2_HANDLE tpm_handle = 0;
  const auto done = Run([&](ESYS_CONTEXT* esys) {
    const TSS2_RC code = command(esys, &handle);
    return code != TSS2_RC_SUCCESS ? code : Tss2().Esys_TR_GetTpmHandle(esys, handle, &tpm_handle);
  });
  if (!done) return Fail(done);
  const auto earlier = std::find_if(loaded_.begin(), loaded_.end(), [&](const Loaded& candidate) {
    return candidate.tpm_handle == tpm_handle;
  });
  if (earlier != loaded_.end()) MarkLost(earlier->handle);
  loaded_.push_back({handle, tpm_handle});
  return handle;
}

void Tpm::MarkLost(ESYS_TR handle) {
  const Held held(*this);
  const auto lost = Find(handle);
  if (lost != loaded_.end()) loaded_.erase(loaded_.begin(), std::next(lost));
}

bool Tpm::IsLoaded(ESYS_TR handle) const {
  const Held held(*this);
  return std::any_of(loaded_.begin(), loaded_.end(),
                     [&](const Loaded& candidate) { return candidate.handle == handle; });
}

std::vector<Tpm::Loaded>::iterator Tpm::Find(ESYS_TR handle) {
  return std::find_if(loaded_.begin(), loaded_.end(),
                      [&](const Loaded& candidate) { return candidate.handle == handle; });
}

void Tpm::Flush(ESYS_TR handle) noexcept {
  if (Tss2().Esys_FlushContext(esys_.get(), handle) != TSS2_RC_SUCCESS) {
    Tss2().Esys_TR_Close(esys_.get(), &handle);
  }
}

void Tpm::Release(ESYS_TR handle) noexcept {
  if (IsOtherProcess()) return;
  const Held held(*this);
  if (!esys_) return;
  const OutsideCall outside(crypto_.get());
  if (const auto found = Find(handle); found != loaded_.end()) {
    loaded_.erase(found);
    Flush(handle);
  } else {
    Tss2().Esys_TR_Close(esys_.get(), &handle);
  }
}

void Tpm::Close() noexcept {
  if (IsOtherProcess()) return;
  closing_ = true;
  const Held held(*this);
  if (!esys_) return;
  const OutsideCall outside(crypto_.get());
  for (const Loaded& loaded : loaded_) Flush(loaded.handle);
  loaded_.clear();
  esys_.reset();
  tcti_.reset();
}

}  // namespace credmint::tpm2
