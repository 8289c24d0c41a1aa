// SPDX-License-Identifier: Apache-2.0
#include "base/closed_at_exit.h"

#include <atomic>
#include <mutex>
#include <type_traits>

#include "base/at_end.h"

namespace credmint {
namespace {

constinit std::mutex one_at_a_time;
constinit std::atomic<ClosedAtExit*> closing = nullptr;

}  // namespace

// Globals, because atexit() passes no argument. They are trivially destructible, so an object that
// outlives this library's static objects can still remove itself from the list.
static_assert(std::is_trivially_destructible_v<Mutex>);
constinit Mutex ClosedAtExit::list_mutex_;
constinit ClosedAtExit* ClosedAtExit::first_ = nullptr;

void ClosedAtExit::Enter() {
  static const bool kRegistered = (AtEnd(CloseAll), true);
  static_cast<void>(kRegistered);
  const MutexLock lock(list_mutex_);
  next_ = first_;
  link_ = &first_;
  if (first_ != nullptr) first_->link_ = &next_;
  first_ = this;
}

void ClosedAtExit::Leave() {
  {
    const MutexLock lock(list_mutex_);
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
  const MutexLock lock(list_mutex_);
  ClosedAtExit* const object = first_;
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
