// SPDX-License-Identifier: Apache-2.0
#include "base/closed_at_exit.h"

#include <stdlib.h>

#include <atomic>
#include <mutex>

namespace credmint {
namespace {

// Mutable globals, because atexit() passes nothing on. None has a destructor, so an object that
// outlives the static objects of this library can still take itself off the list.
constinit std::mutex one_at_a_time;
constinit std::mutex list_mutex;  // held for no longer than the list changes
constinit ClosedAtExit* registered = nullptr;
constinit std::atomic<ClosedAtExit*> closing = nullptr;

}  // namespace

void ClosedAtExit::Enter() {
  static const bool kRegistered = atexit(CloseAll) == 0;
  static_cast<void>(kRegistered);
  const std::lock_guard lock(list_mutex);
  next_ = registered;
  link_ = &registered;
  if (registered != nullptr) registered->link_ = &next_;
  registered = this;
}

void ClosedAtExit::Leave() {
  {
    const std::lock_guard lock(list_mutex);
    if (link_ != nullptr) Unlink();
  }
  closing.wait(this);
}

void ClosedAtExit::Unlink() {
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  link_ = nullptr;
}

ClosedAtExit* ClosedAtExit::TakeFirst() {
  const std::lock_guard lock(list_mutex);
  ClosedAtExit* const object = registered;
  if (object != nullptr) object->Unlink();
  closing = object;
  return object;
}

void ClosedAtExit::CloseAll() {
  const std::lock_guard lock(one_at_a_time);
  while (ClosedAtExit* const object = TakeFirst()) {
    object->Close();
    closing = nullptr;
    closing.notify_all();
  }
}

}  // namespace credmint
