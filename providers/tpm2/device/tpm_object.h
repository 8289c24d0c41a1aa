// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/secret.h"
#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// An object or session inside a TPM. Keeps its connection alive. On destruction, a loaded one is
/// flushed and a persistent one stays.
class TpmObject {
 public:
  /// Runs an ESAPI call that loads an object or starts a session.
  static TpmResult<TpmObject> Load(std::shared_ptr<Tpm> tpm,
                                   const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command);

  /// Opens the object at a persistent handle, or an NV index. One TPM command (TPM2_ReadPublic). It
  /// takes a second one if the handle is open already and now holds another object.
  static TpmResult<TpmObject> Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle);

  /// The same from what Write() returned when the handle was open before. No TPM command, unless
  /// the handle is open already. Nothing tells whether it still holds that object.
  static TpmResult<TpmObject> Reopen(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle,
                                     ByteView written);

  ~TpmObject();
  TpmObject(TpmObject&& other) noexcept;
  TpmObject& operator=(TpmObject&& other) noexcept;

  /// The handle, name and public area of a persistent object or an NV index, as ESAPI knows them.
  /// No TPM command. Empty if ESAPI does not tell.
  [[nodiscard]] Bytes Write() const;

  [[nodiscard]] ESYS_TR handle() const { return open_ ? open_->load() : handle_; }

  /// Whether the TPM is known to have lost it. Causes are a reset, a need for its slot, or another
  /// object at the persistent handle.
  [[nodiscard]] bool IsLost() const;
  void MarkLost() const;

  /// See Tpm::MayFlush() and Tpm::Use(). No effect on persistent objects.
  void MayFlush() const;
  void Use(bool begin) const;

 private:
  TpmObject(std::shared_ptr<Tpm> tpm, ESYS_TR handle) : tpm_(std::move(tpm)), handle_(handle) {}
  TpmObject(std::shared_ptr<Tpm> tpm, Tpm::OpenHandle open)
      : tpm_(std::move(tpm)), open_(std::move(open)) {}

  std::shared_ptr<Tpm> tpm_;
  ESYS_TR handle_ = ESYS_TR_NONE;  // of what Tpm::Load() returned
  Tpm::OpenHandle open_;           // of what is persistent, else null
};

/// The name of an object, NV index or hierarchy, as ESAPI knows it. No TPM command.
TpmResult<TPM2B_NAME> ReadName(Tpm& tpm, ESYS_TR handle);

/// Whether two names are equal.
bool IsSameName(const TPM2B_NAME& a, const TPM2B_NAME& b);

/// The longest auth value, in bytes: the capacity of a TPM2B_AUTH.
inline constexpr std::size_t kMaxAuthSize = sizeof(TPMU_HA);

/// Rejects a value that does not fit into a TPM2B_AUTH: no tool could have set it. Fails with
/// kPinIncorrect. `what` is "auth value of the key".
Result<void> CheckAuthSize(const Secret& auth, const std::string& what);

/// Sets the auth value with which ESAPI authorises the next uses of an object or hierarchy. No TPM
/// command. `auth` has at most kMaxAuthSize bytes.
///
/// TPMs limit an auth value to the size of a digest of the object's name algorithm. ESAPI replaces
/// a longer one by its digest, as it did when the value was set (TPM 2.0 Part 1 section 19.6.4.3).
TpmResult<void> SetAuth(Tpm& tpm, ESYS_TR handle, const Secret& auth);

}  // namespace credmint::tpm2
