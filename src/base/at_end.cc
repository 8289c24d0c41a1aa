// SPDX-License-Identifier: Apache-2.0
#include "base/at_end.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/guarded.h"

namespace credmint {
namespace {

using Functions = std::vector<void (*)()>;

/// Never destroyed: exit handlers use it.
Guarded<Functions>& Registered() {
  static auto* const kRegistered = new Guarded<Functions>;
  return *kRegistered;
}

std::atomic<bool> only_quickly = false;

}  // namespace

void EndOnlyQuickly() {
  only_quickly = true;
  on_exit([](int status, void* /*nothing*/) { _exit(status); }, nullptr);
}

void AtEnd(void (*function)()) {
  if (!only_quickly) atexit(function);
  const auto registered = Registered().Lock();
  std::erase(*registered, function);
  registered->push_back(function);
}

void EndQuickly(int status) {
  static std::atomic<bool> ends = false;
  while (ends.exchange(true)) pause();  // another thread ends the process
  Functions functions;
  Registered().Lock()->swap(functions);
  std::for_each(functions.rbegin(), functions.rend(), [](auto* function) { function(); });
  for (const int output : {STDOUT_FILENO, STDERR_FILENO}) close(output);
  _exit(status);
}

}  // namespace credmint
