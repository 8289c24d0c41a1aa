// SPDX-License-Identifier: Apache-2.0
/// misbehaving-module.so: a PKCS#11 module for tests that wraps a real one and adds faults.
///
/// Keys, objects and signatures are those of the real module. Every call reads these environment
/// variables:
///
/// * MISBEHAVING_MODULE: the faults (support/misbehaving_settings.h); none if unset.
/// * MISBEHAVING_MODULE_FILE: a file with the faults, in place of the variable above, as long as it
///   exists. So they may change while a process runs.
/// * MISBEHAVING_MODULE_BEHIND: the path of the real module, read once.
/// * MISBEHAVING_MODULE_LOG: a file to which the name of each called function is appended.
/// * MISBEHAVING_MODULE_PIN: the PIN for logins that the module makes by itself; 1234 if unset.
///
/// Several threads may call it as long as none of them changes the environment. Calls run in
/// parallel, except that a call that ends sessions runs alone, because SoftHSM would free memory
/// that the others use. A forked child may continue to call it.

#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>

#include "support/misbehaving_settings.h"

namespace credmint::test::misbehaving {
namespace {

/// Like std::shared_mutex, but a stream of readers does not starve a writer.
class CallLock {
 public:
  void lock() { pthread_rwlock_wrlock(&lock_); }
  void unlock() { pthread_rwlock_unlock(&lock_); }
  void lock_shared() { pthread_rwlock_rdlock(&lock_); }
  void unlock_shared() { pthread_rwlock_unlock(&lock_); }

 private:
  pthread_rwlock_t lock_ = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
};

std::string Variable(const char* name, const char* otherwise = "") {
  const char* value = getenv(name);
  return value == nullptr ? otherwise : value;
}

void Log(const char* function) {
  const std::string path = Variable("MISBEHAVING_MODULE_LOG");
  if (path.empty()) return;
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  const std::string line = std::string(function) + "\n";
  if (file < 0 || write(file, line.data(), line.size()) < 0) abort();
  close(file);
}

Settings CurrentSettings() {
  std::ifstream file(Variable("MISBEHAVING_MODULE_FILE"));
  if (!file) return Settings::Parse(Variable("MISBEHAVING_MODULE"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return Settings::Parse(std::move(text));
}

/// The real module, and the state that this one keeps about it.
class Behind {
 public:
  static Behind& Get() {
    static Behind behind;
    return behind;
  }

  /// Loads the module on the first call. Returns null if that fails.
  const CK_FUNCTION_LIST* Load();
  [[nodiscard]] const CK_FUNCTION_LIST& real() const { return *real_; }
  CallLock& calls() { return calls_; }

  /// Records settings that changed since the last call.
  void Notice(const Settings& settings);
  /// Whether a one-time fault is due now. It is due once until it is armed again.
  bool Strike(const Settings& settings, const std::string& fault);
  [[nodiscard]] bool IsForgottenChild(const Settings& settings);

  CK_RV Initialize(void* arguments);
  CK_RV Finalize(void* reserved);
  CK_RV OpenSession(const Settings& settings, CK_SLOT_ID slot, CK_FLAGS flags, void* application,
                    CK_NOTIFY notify, CK_SESSION_HANDLE* session);
  CK_RV CloseSession(CK_SESSION_HANDLE session);
  CK_RV CloseAllSessions(CK_SLOT_ID slot);
  void CloseAllSessionsBeside(CK_SESSION_HANDLE session);
  CK_RV LogInByItself(CK_SESSION_HANDLE session, CK_USER_TYPE user) const;

  /// Whether this object is the certificate that `garbage-certificate` corrupts.
  bool IsGarbage(const Settings& settings, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object);

 private:
  Behind() = default;
  static void BeforeFork();
  static void InParent();
  static void InChild();
  void CloseEverything();

  CallLock calls_;
  std::mutex mutex_;  ///< guards the members below; locked after calls_
  const CK_FUNCTION_LIST* real_ = nullptr;
  pid_t initialised_by_ = 0;
  std::string last_text_;
  std::set<std::string> struck_;
  bool removed_ = false;
  std::map<CK_SESSION_HANDLE, CK_SLOT_ID> sessions_;
  CK_OBJECT_HANDLE garbage_ = CK_INVALID_HANDLE;
};

const CK_FUNCTION_LIST* Behind::Load() {
  const std::lock_guard lock(mutex_);
  if (real_ != nullptr) return real_;
  void* library = dlopen(Variable("MISBEHAVING_MODULE_BEHIND").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  const auto get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* list = nullptr;
  if (get == nullptr || get(&list) != CKR_OK) return nullptr;
  pthread_atfork(BeforeFork, InParent, InChild);
  real_ = list;
  return real_;
}

void Behind::BeforeFork() {
  Get().calls_.lock();
  Get().mutex_.lock();
}

void Behind::InParent() {
  Get().mutex_.unlock();
  Get().calls_.unlock();
}

/// Replaces the locks: they still count threads that waited for them and do not exist in the child.
void Behind::InChild() {
  InParent();
  std::construct_at(&Get().mutex_);
  std::construct_at(&Get().calls_);
}

void Behind::Notice(const Settings& settings) {
  bool removed_now = false;
  {
    const std::lock_guard lock(mutex_);
    if (settings.text() != last_text_) struck_.clear();
    last_text_ = settings.text();
    removed_now = settings.Has("token-removed") && !removed_;
    removed_ = settings.Has("token-removed");
  }
  if (removed_now) CloseEverything();
}

void Behind::CloseEverything() {
  const std::lock_guard alone(calls_);
  const std::lock_guard lock(mutex_);
  for (const auto& [session, slot] : sessions_) real_->C_CloseAllSessions(slot);
  sessions_.clear();
}

bool Behind::Strike(const Settings& settings, const std::string& fault) {
  const std::lock_guard lock(mutex_);
  return settings.Has(fault) && struck_.insert(fault).second;
}

bool Behind::IsForgottenChild(const Settings& settings) {
  const std::lock_guard lock(mutex_);
  return settings.Has("fork-reset") && initialised_by_ != 0 && initialised_by_ != getpid();
}

CK_RV Behind::Initialize(void* arguments) {
  const std::lock_guard lock(mutex_);
  const CK_RV result = real_->C_Initialize(arguments);
  if (result == CKR_OK) initialised_by_ = getpid();
  return result;
}

CK_RV Behind::Finalize(void* reserved) {
  const std::lock_guard lock(mutex_);
  const CK_RV result = real_->C_Finalize(reserved);
  if (result != CKR_OK) return result;
  initialised_by_ = 0;
  sessions_.clear();
  garbage_ = CK_INVALID_HANDLE;
  return result;
}

CK_RV Behind::OpenSession(const Settings& settings, CK_SLOT_ID slot, CK_FLAGS flags,
                          void* application, CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  const std::lock_guard lock(mutex_);
  if (settings.Has("no-read-only-sessions") && (flags & CKF_RW_SESSION) == 0) {
    return CKR_FUNCTION_FAILED;
  }
  const auto most = settings.Number("sessions");
  if (most && sessions_.size() >= *most) return CKR_SESSION_COUNT;
  const CK_RV result = real_->C_OpenSession(slot, flags, application, notify, session);
  if (result != CKR_OK) return result;
  sessions_[*session] = slot;
  if (settings.Has("no-login-required")) LogInByItself(*session, CKU_USER);
  return result;
}

CK_RV Behind::CloseSession(CK_SESSION_HANDLE session) {
  const std::lock_guard lock(mutex_);
  const CK_RV result = real_->C_CloseSession(session);
  if (result == CKR_OK) sessions_.erase(session);
  return result;
}

CK_RV Behind::CloseAllSessions(CK_SLOT_ID slot) {
  const std::lock_guard lock(mutex_);
  const CK_RV result = real_->C_CloseAllSessions(slot);
  if (result == CKR_OK)
    std::erase_if(sessions_, [slot](auto& open) { return open.second == slot; });
  return result;
}

void Behind::CloseAllSessionsBeside(CK_SESSION_HANDLE session) {
  CK_SESSION_INFO info{};
  if (real_->C_GetSessionInfo(session, &info) == CKR_OK) CloseAllSessions(info.slotID);
}

CK_RV Behind::LogInByItself(CK_SESSION_HANDLE session, CK_USER_TYPE user) const {
  std::string pin = Variable("MISBEHAVING_MODULE_PIN", "1234");
  return real_->C_Login(session, user, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size());
}

bool Behind::IsGarbage(const Settings& settings, CK_SESSION_HANDLE session,
                       CK_OBJECT_HANDLE object) {
  const auto wanted = settings.Text("garbage-certificate");
  if (!wanted) return false;
  CK_OBJECT_CLASS kind = 0;
  char label[256];
  CK_ATTRIBUTE facts[] = {{CKA_CLASS, &kind, sizeof kind}, {CKA_LABEL, label, sizeof label}};
  if (real_->C_GetAttributeValue(session, object, facts, 2) != CKR_OK) return false;
  if (kind != CKO_CERTIFICATE) return false;
  if (!wanted->empty()) return *wanted == std::string_view(label, facts[1].ulValueLen);
  const std::lock_guard lock(mutex_);
  if (garbage_ == CK_INVALID_HANDLE) garbage_ = object;
  return garbage_ == object;
}

// --- slot IDs that this module shows for those of the real one ---

struct RealSlots {
  static std::vector<CK_SLOT_ID> All(bool with_token) {
    const CK_FUNCTION_LIST& real = Behind::Get().real();
    const CK_BBOOL present = with_token ? CK_TRUE : CK_FALSE;
    CK_ULONG count = 0;
    if (real.C_GetSlotList(present, nullptr, &count) != CKR_OK) return {};
    std::vector<CK_SLOT_ID> ids(count);
    if (real.C_GetSlotList(present, ids.data(), &count) != CKR_OK) return {};
    ids.resize(std::min<std::size_t>(count, ids.size()));
    return ids;
  }

  static CK_SLOT_ID FirstWithInitialisedToken() {
    for (const CK_SLOT_ID id : All(true)) {
      CK_TOKEN_INFO info{};
      if (Behind::Get().real().C_GetTokenInfo(id, &info) == CKR_OK &&
          (info.flags & CKF_TOKEN_INITIALIZED) != 0) {
        return id;
      }
    }
    return 0;
  }
};

/// Swaps the slot of the first token with slot 0. The function is its own inverse.
CK_SLOT_ID ExchangedWithZero(CK_SLOT_ID id) {
  const CK_SLOT_ID first = RealSlots::FirstWithInitialisedToken();
  if (id == first) return 0;
  return id == 0 ? first : id;
}

CK_SLOT_ID ShownSlot(const Settings& settings, CK_SLOT_ID real) {
  const CK_SLOT_ID id = settings.Has("slot-zero") ? ExchangedWithZero(real) : real;
  return settings.Has("moved") ? id + 1 : id;
}

CK_SLOT_ID RealSlot(const Settings& settings, CK_SLOT_ID shown) {
  const CK_SLOT_ID id = settings.Has("moved") ? shown - 1 : shown;
  return settings.Has("slot-zero") ? ExchangedWithZero(id) : id;
}

// --- functions that differ from the real ones; a slot argument is already the real slot's ID ---

const CK_FUNCTION_LIST& Real() { return Behind::Get().real(); }

/// Answers as PKCS#11 functions with a list do: the length, the list, or CKR_BUFFER_TOO_SMALL.
template <typename T>
CK_RV GiveList(const std::vector<T>& whole, T* list, CK_ULONG* count) {
  const CK_ULONG room = *count;
  *count = whole.size();
  if (list == nullptr) return CKR_OK;
  if (room < whole.size()) return CKR_BUFFER_TOO_SMALL;
  std::copy(whole.begin(), whole.end(), list);
  return CKR_OK;
}

void SleepFor(std::optional<CK_ULONG> milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds.value_or(0)));
}

CK_RV Initialize(const Settings& settings, void* arguments) {
  if (const auto code = settings.Number("initialize")) return *code;
  if (Behind::Get().IsForgottenChild(settings)) Behind::Get().Finalize(nullptr);
  SleepFor(settings.Number("slow-initialize"));
  return Behind::Get().Initialize(arguments);
}

std::atomic<int> finalized = 0;          // the number of C_Finalize calls
std::atomic<int> unreadable_for = 0;     // as many further looks at a token fail
std::atomic<int> readable_again_at = 0;  // the count that makes tokens readable again

CK_RV Finalize(const Settings& /*settings*/, void* reserved) {
  ++finalized;
  return Behind::Get().Finalize(reserved);
}

CK_RV GetSlotList(const Settings& settings, CK_BBOOL present, CK_SLOT_ID* list, CK_ULONG* count) {
  CK_ULONG ignored = 0;
  const CK_RV result = Real().C_GetSlotList(present, nullptr, &ignored);
  if (result != CKR_OK) return result;
  std::vector<CK_SLOT_ID> ids = RealSlots::All(present != CK_FALSE);
  if (present != CK_FALSE && settings.Has("token-removed")) ids.clear();
  for (CK_SLOT_ID& id : ids) id = ShownSlot(settings, id);
  return GiveList(ids, list, count);
}

CK_RV GetSlotInfo(const Settings& settings, CK_SLOT_ID slot, CK_SLOT_INFO* info) {
  const CK_RV result = Real().C_GetSlotInfo(slot, info);
  if (result == CKR_OK && settings.Has("token-removed"))
    info->flags &= ~CK_FLAGS{CKF_TOKEN_PRESENT};
  if (settings.Has("other-maker")) info->manufacturerID[0] = 'X';
  return result;
}

template <std::size_t N>
void PadWithNuls(CK_UTF8CHAR (&field)[N]) {
  for (std::size_t end = N; end > 0 && field[end - 1] == ' '; --end) field[end - 1] = '\0';
}

std::atomic<int> looks_at_free = 0;
std::atomic<bool> pin_is_locked = false;  // set by a login with locked-by-login

CK_RV GetTokenInfo(const Settings& settings, CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  if (settings.Has("token-removed")) return CKR_TOKEN_NOT_PRESENT;
  if (finalized < readable_again_at || unreadable_for-- > 0) return CKR_GENERAL_ERROR;
  const CK_RV result = Real().C_GetTokenInfo(slot, info);
  if (result != CKR_OK) return result;
  if (settings.Has("initialised-meanwhile") && (info->flags & CKF_TOKEN_INITIALIZED) == 0 &&
      ++looks_at_free > 1) {
    info->flags |= CKF_TOKEN_INITIALIZED;
  }
  const auto change = [&](const char* setting, CK_FLAGS flag, bool set) {
    if (settings.Has(setting)) info->flags = set ? info->flags | flag : info->flags & ~flag;
  };
  change("pin-count-low", CKF_USER_PIN_COUNT_LOW, true);
  change("pin-final-try", CKF_USER_PIN_FINAL_TRY, true);
  change("so-pin-final-try", CKF_SO_PIN_FINAL_TRY, true);
  change("pin-locked", CKF_USER_PIN_LOCKED, true);
  if (pin_is_locked) change("locked-by-login", CKF_USER_PIN_LOCKED, true);
  change("pin-not-initialized", CKF_USER_PIN_INITIALIZED, false);
  change("protected-path", CKF_PROTECTED_AUTHENTICATION_PATH, true);
  change("no-login-required", CKF_LOGIN_REQUIRED, false);
  if (settings.Has("other-maker")) info->manufacturerID[0] = 'X';
  if (settings.Has("nul-padded")) {
    PadWithNuls(info->label);
    PadWithNuls(info->manufacturerID);
    PadWithNuls(info->model);
    PadWithNuls(info->serialNumber);
  }
  return result;
}

CK_RV GetMechanismList(const Settings& settings, CK_SLOT_ID slot, CK_MECHANISM_TYPE* list,
                       CK_ULONG* count) {
  if (settings.Has("token-removed")) return CKR_TOKEN_NOT_PRESENT;
  CK_ULONG number = 0;
  CK_RV result = Real().C_GetMechanismList(slot, nullptr, &number);
  std::vector<CK_MECHANISM_TYPE> types(number);
  if (result == CKR_OK) result = Real().C_GetMechanismList(slot, types.data(), &number);
  if (result != CKR_OK) return result;
  std::erase_if(types, [&](auto type) { return settings.HasNumber("mechanism-absent", type); });
  return GiveList(types, list, count);
}

CK_RV GetMechanismInfo(const Settings& settings, CK_SLOT_ID slot, CK_MECHANISM_TYPE type,
                       CK_MECHANISM_INFO* info) {
  if (settings.Has("token-removed")) return CKR_TOKEN_NOT_PRESENT;
  if (settings.HasNumber("mechanism-absent", type)) return CKR_MECHANISM_INVALID;
  return Real().C_GetMechanismInfo(slot, type, info);
}

CK_RV OpenSession(const Settings& settings, CK_SLOT_ID slot, CK_FLAGS flags, void* application,
                  CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  if (settings.Has("token-removed")) return CKR_TOKEN_NOT_PRESENT;
  if (settings.Has("unreadable-once-open")) readable_again_at = 1;
  return Behind::Get().OpenSession(settings, slot, flags, application, notify, session);
}

CK_RV CloseSession(const Settings& /*settings*/, CK_SESSION_HANDLE session) {
  return Behind::Get().CloseSession(session);
}

CK_RV CloseAllSessions(const Settings& settings, CK_SLOT_ID slot) {
  if (settings.Has("token-removed")) return CKR_TOKEN_NOT_PRESENT;
  return Behind::Get().CloseAllSessions(slot);
}

CK_RV GetSessionInfo(const Settings& settings, CK_SESSION_HANDLE session, CK_SESSION_INFO* info) {
  const CK_RV result = Real().C_GetSessionInfo(session, info);
  if (result == CKR_OK) info->slotID = ShownSlot(settings, info->slotID);
  return result;
}

/// The code that C_Login of the user returns without checking the PIN, if any.
std::optional<CK_RV> LoginFault(const Settings& settings, CK_SESSION_HANDLE session) {
  if (settings.Has("pin-locked")) return CKR_PIN_LOCKED;
  if (settings.Has("locked-by-login")) {
    pin_is_locked = true;
    return CKR_PIN_LOCKED;
  }
  if (settings.Has("pin-not-initialized")) return CKR_USER_PIN_NOT_INITIALIZED;
  const auto code = settings.Number("login");
  if (code == CKR_USER_ALREADY_LOGGED_IN) Behind::Get().LogInByItself(session, CKU_USER);
  return code;
}

CK_RV Login(const Settings& settings, CK_SESSION_HANDLE session, CK_USER_TYPE user,
            CK_UTF8CHAR_PTR pin, CK_ULONG size) {
  if (user == CKU_USER) {
    if (const auto fault = LoginFault(settings, session)) return *fault;
  } else if (user == CKU_CONTEXT_SPECIFIC) {
    if (const auto code = settings.Number("context-login")) return *code;
  }
  if (user == CKU_SO || !settings.Has("protected-path")) {
    return Real().C_Login(session, user, pin, size);
  }
  if (pin != nullptr) return CKR_ARGUMENTS_BAD;
  return Behind::Get().LogInByItself(session, user);
}

/// The value that a setting gives a private key for an attribute that SoftHSM does not have.
std::optional<std::string> OwnPublicHalf(const Settings& settings, CK_SESSION_HANDLE session,
                                         CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  if (type != CKA_EC_POINT && type != CKA_PUBLIC_KEY_INFO) return {};
  const auto hex = settings.Text(type == CKA_EC_POINT ? "own-point" : "own-public-key-info");
  CK_OBJECT_CLASS kind = 0;
  CK_ATTRIBUTE fact = {CKA_CLASS, &kind, sizeof kind};
  if (!hex || Real().C_GetAttributeValue(session, object, &fact, 1) != CKR_OK) return {};
  if (kind != CKO_PRIVATE_KEY) return {};
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex->size(); i += 2) {
    bytes += static_cast<char>(strtoul(hex->substr(i, 2).c_str(), nullptr, 16));
  }
  return bytes;
}

CK_RV GetAttributeValue(const Settings& settings, CK_SESSION_HANDLE session,
                        CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, CK_ULONG count) {
  std::vector<CK_ULONG> room(count);
  std::transform(attributes, attributes + count, room.begin(),
                 [](const CK_ATTRIBUTE& each) { return each.ulValueLen; });
  CK_RV result = Real().C_GetAttributeValue(session, object, attributes, count);
  for (CK_ATTRIBUTE* each = attributes; each != attributes + count; ++each) {
    const CK_ULONG space = room[static_cast<std::size_t>(each - attributes)];
    const auto own = OwnPublicHalf(settings, session, object, each->type);
    if (own && each->pValue != nullptr && own->size() <= space) {
      std::copy(own->begin(), own->end(), static_cast<char*>(each->pValue));
      each->ulValueLen = own->size();
    }
    if (each->ulValueLen == CK_UNAVAILABLE_INFORMATION) continue;
    if (settings.HasNumber("absent-attribute", each->type)) {
      each->ulValueLen = CK_UNAVAILABLE_INFORMATION;
      result = CKR_ATTRIBUTE_TYPE_INVALID;
    } else if (settings.HasNumber("huge-attribute", each->type)) {
      each->ulValueLen = CK_UNAVAILABLE_INFORMATION / 2;
    } else if (settings.HasNumber("long-attribute", each->type) && each->pValue != nullptr) {
      each->ulValueLen = space + 4096;
      result = CKR_BUFFER_TOO_SMALL;
    } else if (each->type == CKA_VALUE && each->pValue != nullptr &&
               Behind::Get().IsGarbage(settings, session, object)) {
      auto* bytes = static_cast<CK_BYTE*>(each->pValue);
      std::for_each(bytes, bytes + each->ulValueLen, [](CK_BYTE& byte) { byte ^= 0xff; });
    }
  }
  return result;
}

CK_RV FindObjectsInit(const Settings& settings, CK_SESSION_HANDLE session, CK_ATTRIBUTE* search,
                      CK_ULONG count) {
  if (Behind::Get().Strike(settings, "rewritten-while-searched")) {
    readable_again_at = finalized + 1;
    return CKR_DEVICE_ERROR;
  }
  if (Behind::Get().Strike(settings, "rewritten-for-a-moment")) {
    unreadable_for = 5;
    return CKR_DEVICE_ERROR;
  }
  return Real().C_FindObjectsInit(session, search, count);
}

void StrikeBeforeSigning(const Settings& settings, CK_SESSION_HANDLE session) {
  Behind& behind = Behind::Get();
  const std::lock_guard alone(behind.calls());
  if (behind.Strike(settings, "sessions-invalidated")) behind.CloseAllSessionsBeside(session);
  if (behind.Strike(settings, "logged-out")) Real().C_Logout(session);
  if (behind.Strike(settings, "finalized")) behind.Finalize(nullptr);
}

CK_RV SignInit(const Settings& settings, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
               CK_OBJECT_HANDLE key) {
  StrikeBeforeSigning(settings, session);
  const std::shared_lock lock(Behind::Get().calls());
  if (const auto code = settings.Number("sign-init")) return *code;
  if (settings.HasNumber("mechanism-absent", mechanism->mechanism)) return CKR_MECHANISM_INVALID;
  return Real().C_SignInit(session, mechanism, key);
}

/// Completes a signature with `make`. Faults follow the real call, so that the operation has also
/// ended in the real module.
template <typename Make>
CK_RV FinishSignature(const Settings& settings, CK_BYTE* signature, CK_ULONG* size, Make make) {
  if (signature == nullptr) return make();
  SleepFor(settings.Number("slow"));
  const CK_RV result = make();
  if (result != CKR_OK || *size == 0) return result;
  if (settings.Has("wrong-signature")) signature[*size - 1] ^= 1;
  if (settings.Has("short-signature")) --*size;
  if (const auto code = settings.Number("sign")) return *code;
  if (Behind::Get().Strike(settings, "sign-once")) return *settings.Number("sign-once");
  return result;
}

CK_RV Sign(const Settings& settings, CK_SESSION_HANDLE session, CK_BYTE* data, CK_ULONG data_size,
           CK_BYTE* signature, CK_ULONG* size) {
  return FinishSignature(settings, signature, size,
                         [&] { return Real().C_Sign(session, data, data_size, signature, size); });
}

CK_RV SignFinal(const Settings& settings, CK_SESSION_HANDLE session, CK_BYTE* signature,
                CK_ULONG* size) {
  return FinishSignature(settings, signature, size,
                         [&] { return Real().C_SignFinal(session, signature, size); });
}

/// A token that does not make what it is asked for, and does not say so.
CK_RV GenerateKeyPair(const Settings& settings, CK_SESSION_HANDLE session, CK_MECHANISM* mechanism,
                      CK_ATTRIBUTE* public_key, CK_ULONG public_count, CK_ATTRIBUTE* private_key,
                      CK_ULONG private_count, CK_OBJECT_HANDLE* public_handle,
                      CK_OBJECT_HANDLE* private_handle) {
  static CK_BBOOL yes = CK_TRUE;
  static CK_BBOOL no = CK_FALSE;
  std::vector<CK_ATTRIBUTE> changed(private_key, private_key + private_count);
  for (CK_ATTRIBUTE& each : changed) {
    if (!settings.Has("weak-keys")) break;
    if (each.type == CKA_SENSITIVE) each.pValue = &no;
    if (each.type == CKA_EXTRACTABLE) each.pValue = &yes;
  }
  return Real().C_GenerateKeyPair(session, mechanism, public_key, public_count, changed.data(),
                                  private_count, public_handle, private_handle);
}

// --- the wrapper around every function ---

/// The kind of a function's first argument.
enum class First { kOther, kSlot, kSession };
/// The calls that may run at the same time as a function.
enum class With { kOthers, kNobody, kItsOwnLock };

/// A function's name as a template argument.
struct Name {
  template <std::size_t N>
  constexpr Name(const char (&name)[N]) {  // NOLINT(google-explicit-constructor)
    std::copy_n(name, N, text);
  }
  char text[32] = {};
};

/// Does what a setting asks of the process as a whole, in the function that it names.
void HarmProcess(const Settings& settings, const char* name) {
  const auto asks = [&](const char* setting) { return settings.Text(setting) == name; };
  const bool initialises = strcmp(name, "C_Initialize") == 0;
  if (const auto text = settings.Text("prints"); text && initialises) {
    fprintf(stderr, "%s\n", text->c_str());
  }
  if (asks("segfault")) raise(SIGSEGV);
  if (asks("abort")) abort();
  if (asks("exit")) exit(0);
  if (asks("exit-1")) exit(1);
  while (asks("hang")) pause();
  if (asks("late")) sleep(2);
  if (asks("flood")) {
    const std::string line(99, 'x');
    for (int i = 0; i < 1000000; ++i) puts(line.c_str());
  }
  if (asks("close-all")) closefrom(3);
  if (asks("spoil")) {
    for (const int number : {SIGTERM, SIGINT, SIGCHLD, SIGPIPE}) signal(number, SIG_IGN);
    umask(0777);
    setlocale(LC_ALL, "C.UTF-8");
    if (chdir("/tmp") == 0) unsetenv("PATH");
  }
  if (asks("fork") && fork() == 0) {
    sleep(5);
    _exit(0);
  }
  if (asks("thread-stays")) {
    std::thread([] {
      for (;;) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }).detach();
  }
  while (asks("eat-memory")) {
    constexpr std::size_t kPortion = 1 << 24;
    void* memory = malloc(kPortion);
    if (memory == nullptr) abort();
    memset(memory, 1, kPortion);
  }
}

/// The code that a function returns without running its body, if any.
std::optional<CK_RV> Refusal(const Settings& settings, const char* name, First first) {
  const bool initialises = strcmp(name, "C_Initialize") == 0;
  if (const auto code = settings.Number(name)) return *code;
  if (!initialises && Behind::Get().IsForgottenChild(settings)) return CKR_CRYPTOKI_NOT_INITIALIZED;
  if (first == First::kSession && settings.Has("token-removed")) return CKR_DEVICE_REMOVED;
  return {};
}

template <First kFirst, typename T, typename... More>
void UseRealSlot(const Settings& settings, T& first, More&... /*more*/) {
  if constexpr (kFirst == First::kSlot) first = RealSlot(settings, first);
}

template <Name kName, First kFirst, With kWith, typename Body, typename... Arguments>
CK_RV Around(Body body, Arguments... arguments) {
  Behind& behind = Behind::Get();
  Log(kName.text);
  const Settings settings = CurrentSettings();
  behind.Notice(settings);
  HarmProcess(settings, kName.text);
  std::shared_lock shared(behind.calls(), std::defer_lock);
  std::unique_lock alone(behind.calls(), std::defer_lock);
  if constexpr (kWith == With::kOthers) shared.lock();
  if constexpr (kWith == With::kNobody) alone.lock();
  if (const auto refusal = Refusal(settings, kName.text, kFirst)) return *refusal;
  UseRealSlot<kFirst>(settings, arguments...);
  return body(settings, arguments...);
}

/// A function that this module implements.
template <Name kName, First kFirst, With kWith, auto kBody>
struct Changed;
template <Name kName, First kFirst, With kWith, typename... P,
          CK_RV (*kBody)(const Settings&, P...)>
struct Changed<kName, kFirst, kWith, kBody> {
  static CK_RV Call(P... arguments) { return Around<kName, kFirst, kWith>(kBody, arguments...); }
};

/// A function that is passed on to the real module.
template <Name kName, First kFirst, With kWith, auto kMember>
struct Passed;
template <Name kName, First kFirst, With kWith, typename... P,
          CK_RV (*CK_FUNCTION_LIST::*kMember)(P...)>
struct Passed<kName, kFirst, kWith, kMember> {
  static CK_RV Call(P... arguments) {
    const auto real = [](const Settings& /*settings*/, P... same) {
      return (Real().*kMember)(same...);
    };
    return Around<kName, kFirst, kWith>(real, arguments...);
  }
};

#define CHANGED(name, first, with) \
  list.C_##name = Changed<"C_" #name, First::first, With::with, name>::Call
#define PASSED(name, first, with) \
  list.C_##name = Passed<"C_" #name, First::first, With::with, &CK_FUNCTION_LIST::C_##name>::Call
#define SESSION(name) PASSED(name, kSession, kOthers)

CK_FUNCTION_LIST MakeFunctions(const CK_FUNCTION_LIST& real) {
  CK_FUNCTION_LIST list = real;
  list.C_GetFunctionList = C_GetFunctionList;
  CHANGED(Initialize, kOther, kNobody);
  CHANGED(Finalize, kOther, kNobody);
  PASSED(GetInfo, kOther, kOthers);
  CHANGED(GetSlotList, kOther, kOthers);
  CHANGED(GetSlotInfo, kSlot, kOthers);
  CHANGED(GetTokenInfo, kSlot, kOthers);
  CHANGED(GetMechanismList, kSlot, kOthers);
  CHANGED(GetMechanismInfo, kSlot, kOthers);
  PASSED(InitToken, kSlot, kNobody);
  SESSION(InitPIN);
  SESSION(SetPIN);
  CHANGED(OpenSession, kSlot, kOthers);
  CHANGED(CloseSession, kSession, kOthers);
  CHANGED(CloseAllSessions, kSlot, kNobody);
  CHANGED(GetSessionInfo, kSession, kOthers);
  SESSION(GetOperationState);
  SESSION(SetOperationState);
  CHANGED(Login, kSession, kOthers);
  PASSED(Logout, kSession, kNobody);
  SESSION(CreateObject);
  SESSION(CopyObject);
  SESSION(DestroyObject);
  SESSION(GetObjectSize);
  CHANGED(GetAttributeValue, kSession, kOthers);
  SESSION(SetAttributeValue);
  CHANGED(FindObjectsInit, kSession, kOthers);
  SESSION(FindObjects);
  SESSION(FindObjectsFinal);
  SESSION(EncryptInit);
  SESSION(Encrypt);
  SESSION(EncryptUpdate);
  SESSION(EncryptFinal);
  SESSION(DecryptInit);
  SESSION(Decrypt);
  SESSION(DecryptUpdate);
  SESSION(DecryptFinal);
  SESSION(DigestInit);
  SESSION(Digest);
  SESSION(DigestUpdate);
  SESSION(DigestKey);
  SESSION(DigestFinal);
  CHANGED(SignInit, kSession, kItsOwnLock);
  CHANGED(Sign, kSession, kOthers);
  SESSION(SignUpdate);
  CHANGED(SignFinal, kSession, kOthers);
  SESSION(SignRecoverInit);
  SESSION(SignRecover);
  SESSION(VerifyInit);
  SESSION(Verify);
  SESSION(VerifyUpdate);
  SESSION(VerifyFinal);
  SESSION(VerifyRecoverInit);
  SESSION(VerifyRecover);
  SESSION(DigestEncryptUpdate);
  SESSION(DecryptDigestUpdate);
  SESSION(SignEncryptUpdate);
  SESSION(DecryptVerifyUpdate);
  SESSION(GenerateKey);
  CHANGED(GenerateKeyPair, kSession, kOthers);
  SESSION(WrapKey);
  SESSION(UnwrapKey);
  SESSION(DeriveKey);
  SESSION(SeedRandom);
  SESSION(GenerateRandom);
  SESSION(GetFunctionStatus);
  SESSION(CancelFunction);
  PASSED(WaitForSlotEvent, kOther, kItsOwnLock);
  return list;
}

#undef SESSION
#undef PASSED
#undef CHANGED

}  // namespace
}  // namespace credmint::test::misbehaving

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(
    CK_FUNCTION_LIST_PTR_PTR list) {
  namespace misbehaving = credmint::test::misbehaving;
  misbehaving::Log("C_GetFunctionList");
  const auto settings = misbehaving::CurrentSettings();
  misbehaving::HarmProcess(settings, "C_GetFunctionList");
  if (const auto code = settings.Number("C_GetFunctionList")) return *code;
  const CK_FUNCTION_LIST* real = misbehaving::Behind::Get().Load();
  if (real == nullptr) return CKR_GENERAL_ERROR;
  static CK_FUNCTION_LIST functions = misbehaving::MakeFunctions(*real);
  *list = &functions;
  return CKR_OK;
}
