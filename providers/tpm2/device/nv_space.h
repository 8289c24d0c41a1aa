// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/secret.h"
#include "ossl/handles.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// The NV memory of a TPM, changed by the owner. A wrong auth value of the owner is sent once, and
/// not counted by the TPM.
class NvSpace {
 public:
  /// `owner_auth` has at most kMaxAuthSize bytes, and outlives this object.
  NvSpace(std::shared_ptr<Tpm> tpm, const Secret& owner_auth)
      : tpm_(std::move(tpm)), owner_auth_(owner_auth) {}

  /// Defines an index without an auth value of its own.
  [[nodiscard]] TpmResult<void> Define(const TPMS_NV_PUBLIC& area) const;

  /// Removes an index and its contents. Nobody may have it open.
  [[nodiscard]] TpmResult<void> Undefine(TPM2_HANDLE index) const;

  /// Writes contents from the start of an index, at most `piece` bytes at once. One piece is
  /// written whole or not at all, several are not.
  [[nodiscard]] TpmResult<void> Write(TPM2_HANDLE index, ByteView contents, UINT16 piece) const;

 private:
  template <typename Command>
  [[nodiscard]] TpmResult<void> RunAsOwner(Command command) const;

  std::shared_ptr<Tpm> tpm_;
  const Secret& owner_auth_;
};

}  // namespace credmint::tpm2
