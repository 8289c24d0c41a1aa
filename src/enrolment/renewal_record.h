// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "identity/key_reference.h"

namespace credmint {

/// The memory of a certificate's renewals from one run to the next. It holds no secret.
struct RenewalRecord {
  int failures = 0;                   ///< in a row
  std::optional<TimePoint> retry_at;  ///< after a failure
  bool secret_refused = false;        ///< by the last failure: it must not be sent again
  std::string issued;  ///< a checked certificate and its issuers, PEM, until it is in place
};

/// The record of one certificate in a folder, and the lock on it. Its name follows from the
/// certificate's reference. All functions fail with kLocalIo.
class RenewalFile {
 public:
  /// Makes the folder if it is missing, and takes the lock. Returns nothing if another process has
  /// it. The lock ends with this object, or with the process.
  static Result<std::optional<RenewalFile>> Lock(const std::string& folder,
                                                 const KeyReference& certificate);

  /// Empty if nothing is remembered.
  [[nodiscard]] Result<RenewalRecord> Read() const;

  /// Written as a whole, before this returns.
  [[nodiscard]] Result<void> Write(const RenewalRecord& record) const;

 private:
  RenewalFile(std::string path, std::string certificate, Descriptor lock)
      : path_(std::move(path)), certificate_(std::move(certificate)), lock_(std::move(lock)) {}

  std::string path_;
  std::string certificate_;
  Descriptor lock_;
};

}  // namespace credmint
