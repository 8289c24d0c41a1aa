// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/secret.h"
#include "common/digest_table.h"
#include "tpm2/device/tpm_object.h"

namespace credmint::tpm2 {

/// An NV index of a TPM, read as a whole.
///
/// Unless asked to, never makes an attempt that may count as a wrong try. The attributes of an
/// index say who may read it, but not whether its auth value is empty. Without an auth value of the
/// index, Read() therefore tries only these, in this order, as far as the attributes allow:
///
/// * The empty auth value of the index, if the index is `no_da`.
/// * The empty auth value of the owner hierarchy, whose refusals are not counted (TPM 2.0 Part 1
///   section 19.8).
/// * The auth value given for the owner.
///
/// An index with `authread` alone and without `no_da` is read only with an auth value of its own
/// ("?pass", nv_uri.h). Counters, bit fields and PINs are never read.
class NvIndex {
 public:
  /// Looks up an index. One TPM command. Fails with kKeyNotFound or kDevice.
  static Result<NvIndex> Open(std::shared_ptr<Tpm> tpm, TPM2_HANDLE index,
                              provider::DigestTable& digests);

  /// "NV index 0x01900002"
  [[nodiscard]] std::string name() const;

  /// How the index is defined, and its state.
  [[nodiscard]] const TPMS_NV_PUBLIC& area() const { return area_; }

  /// Whether it is ordinary, written data: not new, and not a counter, a bit field or a PIN.
  [[nodiscard]] bool HoldsData() const;

  /// Reads the contents, at most 65535 bytes. `auth` is the index's own auth value, if given.
  /// `owner_auth` is that of the owner hierarchy, empty if not given.
  ///
  /// TPM commands: one for each piece of the TPM's buffer size. Beyond 512 bytes, one more asks for
  /// that size. Refusals, and a session for an auth value, take further ones.
  ///
  /// Without any command, fails with kCertificate if it holds no data, is locked, or no attribute
  /// allows reading it. Also fails with kPinRequired, kPinIncorrect, kLockedOut or kDevice.
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
