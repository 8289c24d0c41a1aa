#include "tpm2/tpm.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <thread>
#include <utility>

#include "tpm2/tcti.h"
#include "tpm2/tss2_library.h"
#include "tpm2/tss_log.h"

namespace credmint::tpm2 {
namespace {

using std::chrono::milliseconds;
constexpr std::array<milliseconds, 4> kWaits = {milliseconds(50), milliseconds(100),
                                                milliseconds(200), milliseconds(400)};

}  // namespace

/// Around every call into tpm2-tss: keeps it to its own part of OpenSSL. What OpenSSL keeps there
/// for the thread is freed again, for it would be looked for when the thread ends, and by then
/// another thread may have closed the connection (OPENSSL_thread_stop_ex(3)).
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

void Tpm::FreeTcti(TSS2_TCTI_CONTEXT* tcti) { Tss2().Tss2_TctiLdr_Finalize(&tcti); }
void Tpm::FreeEsys(ESYS_CONTEXT* esys) { Tss2().Esys_Finalize(&esys); }

Result<std::shared_ptr<Tpm>> Tpm::Open(const std::string& tcti) {
  SilenceTssLog();
  if (auto loaded = LoadTss2(); !loaded) return Fail(std::move(loaded));
  LibCtxPtr crypto(OSSL_LIB_CTX_new());
  if (!crypto) return Fail(ErrorCode::kInternal, "cannot make an OpenSSL library context");
  const OutsideCall outside(crypto.get());
  const SilentGlib silent_glib(tcti);
  TSS2_TCTI_CONTEXT* tcti_context = nullptr;
  errno = 0;
  TSS2_RC code = Tss2().Tss2_TctiLdr_Initialize(tcti.c_str(), &tcti_context);
  const int system_error = errno;
  TctiPtr tcti_owner(tcti_context);
  if (code != TSS2_RC_SUCCESS) return tl::unexpected(CannotConnect(tcti, code, system_error));
  ESYS_CONTEXT* esys_context = nullptr;
  code = Tss2().Esys_Initialize(&esys_context, tcti_context, nullptr);
  EsysPtr esys_owner(esys_context);
  if (code != TSS2_RC_SUCCESS) return tl::unexpected(CannotConnect(tcti, code, 0));
  return std::shared_ptr<Tpm>(
      new Tpm(std::move(crypto), std::move(tcti_owner), std::move(esys_owner)));
}

Tpm::Tpm(LibCtxPtr crypto, TctiPtr tcti, EsysPtr esys)
    : process_(getpid()),
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

// The lock may have been held by a thread that does not exist in this process.
std::unique_lock<std::recursive_mutex> Tpm::Hold() const {
  return IsOtherProcess() ? std::unique_lock<std::recursive_mutex>() : std::unique_lock(mutex_);
}

bool Tpm::IsUsable() const {
  if (IsOtherProcess()) return false;
  const auto hold = Hold();
  return esys_ && !failed_;
}

TpmResult<void> Tpm::Run(const std::function<TSS2_RC(ESYS_CONTEXT*)>& command) {
  if (IsOtherProcess()) return tl::unexpected(TpmFailure(TpmFault::kOtherProcess));
  const auto hold = Hold();
  const OutsideCall outside(crypto_.get());
  for (const milliseconds* wait = kWaits.begin();; ++wait) {
    if (!esys_ || closing_) return tl::unexpected(TpmFailure(TpmFault::kClosed));
    const TSS2_RC code = command(esys_.get());
    if (code == TSS2_RC_SUCCESS) return {};
    TpmFailure failure(code);
    failed_ = failed_ || failure.fault() == TpmFault::kConnection;
    if (failure.fault() == TpmFault::kAuthRefused) failure.set_tries_left(TriesLeft());
    if (!failure.MayPass() || wait == kWaits.end()) return tl::unexpected(failure);
    std::this_thread::sleep_for(*wait);
  }
}

std::optional<UINT32> Tpm::TriesLeft() const {
  constexpr UINT32 kCount = 2;  // the next property is TPM2_PT_MAX_AUTH_FAIL
  TPMS_CAPABILITY_DATA* data = nullptr;
  const TSS2_RC code = Tss2().Esys_GetCapability(esys_.get(), ESYS_TR_NONE, ESYS_TR_NONE,
                                                 ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES,
                                                 TPM2_PT_LOCKOUT_COUNTER, kCount, nullptr, &data);
  const Handle<TPMS_CAPABILITY_DATA, EsysFree> owner(data);
  if (code != TSS2_RC_SUCCESS) return std::nullopt;
  const TPML_TAGGED_TPM_PROPERTY& properties = data->data.tpmProperties;
  if (properties.count < kCount) return std::nullopt;
  const TPMS_TAGGED_PROPERTY& counter = properties.tpmProperty[0];
  const TPMS_TAGGED_PROPERTY& limit = properties.tpmProperty[1];
  if (counter.property != TPM2_PT_LOCKOUT_COUNTER || limit.property != TPM2_PT_MAX_AUTH_FAIL) {
    return std::nullopt;
  }
  return limit.value - std::min(limit.value, counter.value);
}

TpmResult<ESYS_TR> Tpm::Load(const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command) {
  const auto hold = Hold();
  ESYS_TR handle = ESYS_TR_NONE;
  TPM2_HANDLE tpm_handle = 0;
  const auto done = Run([&](ESYS_CONTEXT* esys) {
    const TSS2_RC code = command(esys, &handle);
    return code != TSS2_RC_SUCCESS ? code : Tss2().Esys_TR_GetTpmHandle(esys, handle, &tpm_handle);
  });
  if (!done) return tl::unexpected(done.error());
  const auto earlier = std::find_if(loaded_.begin(), loaded_.end(), [&](const Loaded& candidate) {
    return candidate.tpm_handle == tpm_handle;
  });
  if (earlier != loaded_.end()) MarkLost(earlier->handle);
  loaded_.push_back({handle, tpm_handle});
  return handle;
}

void Tpm::MarkLost(ESYS_TR handle) {
  const auto hold = Hold();
  const auto lost = Find(handle);
  if (lost != loaded_.end()) loaded_.erase(loaded_.begin(), std::next(lost));
}

bool Tpm::IsLoaded(ESYS_TR handle) const {
  const auto hold = Hold();
  return Find(handle) != loaded_.end();
}

std::vector<Tpm::Loaded>::const_iterator Tpm::Find(ESYS_TR handle) const {
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
  const auto hold = Hold();
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
  const auto hold = Hold();
  if (!esys_) return;
  const OutsideCall outside(crypto_.get());
  for (const Loaded& loaded : loaded_) Flush(loaded.handle);
  loaded_.clear();
  esys_.reset();
  tcti_.reset();
}

}  // namespace credmint::tpm2
