// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "support/temp_dir.h"

namespace credmint::test {

/// The module that misbehaves (misbehaving_module.cc) for this process, in front of SoftHSM. Sets
/// the variables that it reads for as long as the object lives, so a process has one at a time; no
/// call of the module may be under way while its settings change.
class Misbehaving {
 public:
  Misbehaving();
  ~Misbehaving();
  Misbehaving(const Misbehaving&) = delete;
  Misbehaving& operator=(const Misbehaving&) = delete;

  /// Its shared library.
  [[nodiscard]] static std::string module();

  /// From now on it has these faults (misbehaving_settings.h), "login=CKR_DEVICE_ERROR,moved" for
  /// two. Those that come once are armed, even if the settings are the same as before.
  void Set(const std::string& settings);
  /// From now on it has none.
  void Behave();

  /// How often one function was called ("C_Login"), or any with an empty name.
  [[nodiscard]] int Calls(const std::string& function = {}) const;
  /// Starts counting from nothing.
  void ForgetCalls();

 private:
  [[nodiscard]] std::string Log() const { return directory_.File("calls"); }

  TempDir directory_;
  int armings_ = 0;
};

}  // namespace credmint::test
