// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "identity/key_reference.h"

namespace credmint {

/// A key that is kept for a while after another one has replaced it.
struct OldKey {
  std::string place;   ///< its URI, or the path of its file
  std::size_t size{};  ///< in a file: the length of its part; else 0
  std::string digest;  ///< the SHA-256 of that part, or of the public key in a device
  TimePoint delete_at{};
};

/// The memory of a certificate's renewals from one run to the next. It holds no secret.
struct RenewalRecord {
  int failures = 0;                   ///< in a row
  std::optional<TimePoint> retry_at;  ///< after a failure
  bool secret_refused = false;        ///< by the last failure: it must not be sent again
  std::string present_key;            ///< the place of a key that is being replaced; empty: none is
  std::string next_key;     ///< the place of the key that replaces it, chosen before it is made
  std::string next_digest;  ///< the SHA-256 of its public key; empty before it is made
  std::string replaced;     ///< PEM of the certificate that `issued` replaces, if the key changes
  std::vector<OldKey> old_keys;
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
