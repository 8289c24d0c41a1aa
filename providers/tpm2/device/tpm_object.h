// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tss2/tss2_esys.h>

#include <functional>
#include <memory>
#include <utility>

#include "base/secret.h"
#include "tpm2/device/tpm.h"

namespace credmint::tpm2 {

/// An object or session inside a TPM. Keeps its connection alive; a loaded one is flushed on
/// destruction, a persistent one stays where it is.
class TpmObject {
 public:
  /// Runs an ESAPI call that loads an object or starts a session.
  static TpmResult<TpmObject> Load(std::shared_ptr<Tpm> tpm,
                                   const std::function<TSS2_RC(ESYS_CONTEXT*, ESYS_TR*)>& command);

  /// The object at a persistent handle, or the NV index. One TPM command (TPM2_ReadPublic); two if
  /// something else was there when it was opened before and not closed.
  static TpmResult<TpmObject> Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE handle);

  ~TpmObject();
  TpmObject(TpmObject&& other) noexcept;
  TpmObject& operator=(TpmObject&& other) noexcept;

  [[nodiscard]] ESYS_TR handle() const { return open_ ? open_->load() : handle_; }

  /// Whether the TPM is known to have lost it: in a reset, because its slot was needed, or because
  /// something else is at the persistent handle now.
  [[nodiscard]] bool IsLost() const;
  void MarkLost() const;

  /// See Tpm::MayFlush() and Tpm::Use(); for what is persistent they do nothing.
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

/// Whether two names are the same one.
bool IsSameName(const TPM2B_NAME& a, const TPM2B_NAME& b);

/// Longest auth value, in bytes: what fits into a TPM2B_AUTH.
inline constexpr std::size_t kMaxAuthSize = sizeof(TPMU_HA);

/// Remembers the auth value with which ESAPI will authorise the next uses of an object or
/// hierarchy. No TPM command. `auth` has at most kMaxAuthSize bytes; in the place of one that is
/// longer than a digest of the object's name algorithm ESAPI takes its digest, as it did when the
/// value was set, because the TPM knows no longer ones (TPM 2.0 Part 1 section 19.6.4.3).
TpmResult<void> SetAuth(Tpm& tpm, ESYS_TR handle, const Secret& auth);

}  // namespace credmint::tpm2
