// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/secret.h"
#include "common/digest_table.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// An NV index of a TPM, to be read as a whole.
///
/// Nothing here can be counted as a wrong try that nobody asked for. Who may read an index stands
/// in its attributes, but not whether its auth value is empty. So without an auth value of its own
/// these are tried, in this order, as far as the attributes allow: the empty auth value of the
/// index, only if it is `no_da`; the empty one of the owner hierarchy, whose refusals are not
/// counted (TPM 2.0 Part 1 section 19.8); the owner's auth value that was given. An index that has
/// `authread` alone, without `no_da`, is not read unless somebody vouches for its auth value
/// ("?pass", nv_uri.h). Counters, bit fields and PINs are not read at all.
class NvIndex {
 public:
  /// Looks an index up. One TPM command. Fails with kKeyNotFound, kDevice.
  static Result<NvIndex> Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE index,
                              provider::DigestTable& digests);

  /// "NV index 0x01c00002"
  [[nodiscard]] std::string name() const;

  /// Whether somebody wrote data to it: it is neither new nor a counter, a bit field or a PIN.
  [[nodiscard]] bool HoldsData() const;

  /// Its contents, at most 65535 bytes. `auth` is the index's own auth value, if somebody gave it,
  /// `owner_auth` that of the owner hierarchy, empty if none was given.
  ///
  /// TPM commands: one for each piece as long as the TPM's buffer; beyond 512 bytes one more to ask
  /// how long that is; and what refusals and a session for an auth value cost. Fails with
  /// kCertificate, without any command, where it holds no data, is locked or the attributes leave
  /// no way; and with kPinRequired, kPinIncorrect, kLockedOut, kDevice.
  [[nodiscard]] Result<Bytes> Read(const std::optional<Secret>& auth,
                                   const Secret& owner_auth) const;

 private:
  NvIndex(std::shared_ptr<Tpm> tpm, TpmObject object, const TPMS_NV_PUBLIC& area)
      : tpm_(std::move(tpm)), object_(std::move(object)), area_(area) {}

  [[nodiscard]] bool Has(TPMA_NV attribute) const { return (area_.attributes & attribute) != 0; }
  [[nodiscard]] bool IsOrdinary() const;
  [[nodiscard]] Result<void> CheckReadable() const;
  [[nodiscard]] TpmResult<Bytes> ReadAs(ESYS_TR authoriser, const Secret& auth, UINT16 piece) const;
  [[nodiscard]] TpmResult<UINT16> PieceSize() const;
  [[nodiscard]] Error NoWay() const;
  [[nodiscard]] Error Refused(bool owner_auth_given) const;

  std::shared_ptr<Tpm> tpm_;
  TpmObject object_;
  TPMS_NV_PUBLIC area_;
};

}  // namespace credmint::tpm2
