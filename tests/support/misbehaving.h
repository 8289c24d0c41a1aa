// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "support/temp_dir.h"

namespace credmint::test {

/// Configures the misbehaving module (misbehaving_module.cc) in front of SoftHSM for this process.
/// It sets the module's environment variables for its lifetime, so a process has one at a time.
/// Settings must not change while a call to the module is in progress.
class Misbehaving {
 public:
  Misbehaving();
  ~Misbehaving();
  Misbehaving(const Misbehaving&) = delete;
  Misbehaving& operator=(const Misbehaving&) = delete;

  /// The path of the shared library.
  [[nodiscard]] static std::string module();

  /// Replaces the faults (misbehaving_settings.h): "login=CKR_DEVICE_ERROR,moved" sets two.
  /// One-time faults are armed again, even if the settings are unchanged.
  void Set(const std::string& settings);
  /// Removes all faults.
  void Behave();

  /// The number of calls to a function ("C_Login"), or to all functions if the name is empty.
  [[nodiscard]] int Calls(const std::string& function = {}) const;
  /// Resets the count to zero.
  void ForgetCalls();

 private:
  [[nodiscard]] std::string Log() const { return directory_.File("calls"); }

  TempDir directory_;
  int armings_ = 0;
};

}  // namespace credmint::test
