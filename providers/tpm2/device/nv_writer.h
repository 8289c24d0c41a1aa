// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/error.h"
#include "base/secret.h"
#include "common/digest_table.h"
#include "ossl/handles.h"
#include "tpm2/device/nv_index.h"
#include "tpm2/device/nv_space.h"

namespace credmint::tpm2 {

/// Puts certificates into an NV index, as the owner of the TPM.
///
/// A new index has the size of the certificates. Everybody can read it without an auth value, and
/// only the owner can write it: `ownerread|ownerwrite|authread|no_da`. Its contents are read back.
///
/// An index that exists is replaced only if it holds certificates, and the first is of the same
/// key, or with `overwrite`:
///
/// * The same certificates: nothing is written.
/// * They fit, and the TPM writes the whole index at once: that is done, with zero bytes behind
///   them. After a kill or a loss of power the earlier or the new ones are there.
/// * Otherwise the index is removed and defined again, if it was defined as above. If that fails,
/// the
///   earlier contents are put back. After a kill the index may be missing, or hold a part of the
///   new certificates. The next run finishes the work.
class NvWriter {
 public:
  NvWriter(std::shared_ptr<Tpm> tpm, provider::DigestTable& digests, const Secret& owner_auth)
      : tpm_(std::move(tpm)),
        digests_(digests),
        owner_auth_(owner_auth),
        space_(tpm_, owner_auth) {}

  /// `certificates` is DER, one after the other. Sends no auth value while the TPM is in lockout
  /// (kLockedOut).
  ///
  /// Fails with kUsage if the index may not be replaced, or if it cannot have that size. Fails with
  /// kPinRequired or kPinIncorrect if the owner's auth value is missing or wrong. Also fails with
  /// kDevice.
  Result<void> Put(TPM2_HANDLE index, const Bytes& certificates, bool overwrite);

 private:
  struct Limits {
    UINT32 index;  ///< bytes in one index
    UINT16 piece;  ///< bytes that are written at once
  };
  struct Earlier {
    TPMS_NV_PUBLIC area;
    Bytes contents;
  };

  [[nodiscard]] Result<Limits> ReadLimits() const;
  [[nodiscard]] Result<Bytes> ReadBack(TPM2_HANDLE index) const;
  [[nodiscard]] Result<void> Fill(TPM2_HANDLE index, const Bytes& contents, UINT16 piece) const;
  [[nodiscard]] Result<void> Make(const TPMS_NV_PUBLIC& area, const Bytes& contents,
                                  UINT16 piece) const;
  [[nodiscard]] Result<void> Remove(TPM2_HANDLE index) const;
  [[nodiscard]] Result<void> Replace(NvIndex index, const Bytes& certificates, bool overwrite,
                                     UINT16 piece) const;
  [[nodiscard]] Result<void> ReplaceInPlace(const Earlier& earlier, Bytes certificates,
                                            UINT16 piece) const;
  [[nodiscard]] Result<void> MakeAnew(const Earlier& earlier, const Bytes& certificates,
                                      UINT16 piece) const;
  [[nodiscard]] Error Explain(const TpmFailure& failure) const;

  std::shared_ptr<Tpm> tpm_;
  provider::DigestTable& digests_;
  const Secret& owner_auth_;
  NvSpace space_;
};

}  // namespace credmint::tpm2
