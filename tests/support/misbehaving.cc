// SPDX-License-Identifier: Apache-2.0
#include "support/misbehaving.h"

#include <stdlib.h>

#include <fstream>

#include "support/softhsm.h"

namespace credmint::test {
namespace {

constexpr const char* kSettings = "MISBEHAVING_MODULE";
constexpr const char* kBehind = "MISBEHAVING_MODULE_BEHIND";
constexpr const char* kLog = "MISBEHAVING_MODULE_LOG";
constexpr const char* kPin = "MISBEHAVING_MODULE_PIN";

}  // namespace

Misbehaving::Misbehaving() {
  setenv(kBehind, SoftHsm::module().c_str(), 1);
  setenv(kLog, Log().c_str(), 1);
  setenv(kPin, SoftHsm::kPin, 1);
}

Misbehaving::~Misbehaving() {
  for (const char* variable : {kSettings, kBehind, kLog, kPin}) unsetenv(variable);
}

std::string Misbehaving::module() {
  const char* path = getenv("CREDMINT_MISBEHAVING_MODULE");
  if (path == nullptr) abort();
  return path;
}

void Misbehaving::Set(const std::string& settings) {
  setenv(kSettings, (settings + ",arming=" + std::to_string(++armings_)).c_str(), 1);
}

void Misbehaving::Behave() { unsetenv(kSettings); }

int Misbehaving::Calls(const std::string& function) const {
  std::ifstream log(Log());
  int count = 0;
  for (std::string line; std::getline(log, line);) {
    if (function.empty() || line == function) ++count;
  }
  return count;
}

void Misbehaving::ForgetCalls() { std::filesystem::remove(Log()); }

}  // namespace credmint::test
