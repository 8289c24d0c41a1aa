// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"

namespace credmint::tpm2 {

/// Records that the TPM refused a key's auth value. The process that opened the key shares the
/// record with all its children. Otherwise the workers of a server could lock the TPM, each trying
/// a wrong value once.
///
/// Safe to use from any thread, and in a child whatever the parent was doing at the fork.
class SharedRefusal {
 public:
  SharedRefusal();
  ~SharedRefusal();
  SharedRefusal(const SharedRefusal&) = delete;
  SharedRefusal& operator=(const SharedRefusal&) = delete;

  [[nodiscard]] std::optional<Error> Get() const;
  /// Records a refusal; the first one is kept. Its texts are cut to some hundred bytes.
  void Set(const Error& error);

 private:
  struct Page;
  Page* page_ = nullptr;  // shared with children; null when out of memory: records nothing
};

}  // namespace credmint::tpm2
