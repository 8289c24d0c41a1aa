// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"

namespace credmint::tpm2 {

/// Whether the TPM refused a key's auth value, known to the process that opened the key and to all
/// that are forked from it: the workers of a server must not lock the TPM by trying a wrong value
/// once each.
///
/// Safe to use from any thread, and in a child whatever the parent was doing at the fork.
class SharedRefusal {
 public:
  SharedRefusal();
  ~SharedRefusal();
  SharedRefusal(const SharedRefusal&) = delete;
  SharedRefusal& operator=(const SharedRefusal&) = delete;

  [[nodiscard]] std::optional<Error> Get() const;
  /// The first one is kept. Its texts are cut to some hundred bytes.
  void Set(const Error& error);

 private:
  struct Page;
  Page* page_ = nullptr;  // shared with the children; null without memory, then nothing is known
};

}  // namespace credmint::tpm2
