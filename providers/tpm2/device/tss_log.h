// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint::tpm2 {

/// Keeps tpm2-tss from writing to stderr, which belongs to the application: sets TSS2_LOG to
/// "all+NONE" unless the user has set it. Must be called before the first use of tpm2-tss, which
/// reads the variable once; later calls do nothing.
void SilenceTssLog();

/// As long as this lives, keeps GLib from writing to stderr what is logged without a domain: the
/// TCTI `tabrmd`, which ignores TSS2_LOG, says so that it could not connect. For other TCTIs does
/// nothing. For the whole process, so not for longer than it takes to connect.
class SilentGlib {
 public:
  explicit SilentGlib(std::string_view tcti);
  ~SilentGlib();
  SilentGlib(const SilentGlib&) = delete;
  SilentGlib& operator=(const SilentGlib&) = delete;

 private:
  unsigned handler_ = 0;
};

}  // namespace credmint::tpm2
