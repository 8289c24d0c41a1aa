#include "tpm2/exit_hook.h"

#include <stdlib.h>

#include <mutex>

namespace credmint::tpm2 {
namespace {

// The only mutable globals of this provider. Neither has a destructor, so an object that outlives
// the static objects of this library can still take itself off the list.
constinit std::mutex list_mutex;
constinit ClosedAtExit* first = nullptr;

}  // namespace

void ClosedAtExit::Enter() {
  static const bool kRegistered = atexit(CloseAll) == 0;
  static_cast<void>(kRegistered);
  const std::lock_guard lock(list_mutex);
  next_ = first;
  link_ = &first;
  if (first != nullptr) first->link_ = &next_;
  first = this;
}

void ClosedAtExit::Leave() {
  const std::lock_guard lock(list_mutex);
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
}

void ClosedAtExit::CloseAll() {
  const std::lock_guard lock(list_mutex);
  for (ClosedAtExit* object = first; object != nullptr; object = object->next_) object->Close();
}

}  // namespace credmint::tpm2
