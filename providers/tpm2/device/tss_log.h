// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace credmint::tpm2 {

/// Keeps tpm2-tss from writing to stderr, which belongs to the application. Sets TSS2_LOG to
/// "all+NONE" unless the user has set it.
///
/// Must be called before the first use of tpm2-tss, which reads the variable once. Later calls do
/// nothing.
void SilenceTssLog();

/// While it lives, keeps GLib from writing messages without a domain to stderr. The TCTI `tabrmd`
/// ignores TSS2_LOG and reports failed connections that way. Does nothing for other TCTIs.
///
/// Affects the whole process, so keep it only while connecting.
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
