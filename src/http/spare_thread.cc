// SPDX-License-Identifier: Apache-2.0
#include "http/spare_thread.h"

#include <condition_variable>
#include <memory>
#include <optional>
#include <utility>

#include "base/guarded.h"
#include "base/mutex.h"
#include "base/quiet_thread.h"
#include "base/thread_placement.h"

namespace credmint {
namespace {

/// The task of a thread that waits for it. An empty one ends the thread.
class Order {
 public:
  void Give(std::function<void()> task) {
    const MutexLock lock(mutex_);
    task_ = std::move(task);
    given_.notify_one();
  }

  std::function<void()> Await() {
    const MutexLock lock(mutex_);
    while (!task_) given_.wait(mutex_);
    return std::move(*task_);
  }

 private:
  Mutex mutex_;
  std::condition_variable_any given_;
  std::optional<std::function<void()>> task_ CREDMINT_GUARDED_BY(mutex_);
};

struct Spare {
  std::thread thread;
  std::shared_ptr<Order> order;
};

/// Never destroyed: the thread may still wait when the program exits.
Guarded<Spare>& TheSpare() {
  static auto* const kSpare = new Guarded<Spare>;
  return *kSpare;
}

Spare TakeSpare() { return std::exchange(*TheSpare().Lock(), Spare()); }

}  // namespace

void StartSpareThread(std::function<void()> first) {
  auto order = std::make_shared<Order>();
  std::thread thread = StartQuietThread([order, first = std::move(first)] {
    first();
    if (const auto task = order->Await()) task();
  });
  if (!thread.joinable()) return;
  PlaceElsewhere(thread);
  *TheSpare().Lock() = {std::move(thread), std::move(order)};
}

std::thread RunOnSpareThread(std::function<void()> task) {
  Spare spare = TakeSpare();
  if (!spare.thread.joinable()) return StartQuietThread(std::move(task));
  spare.order->Give(std::move(task));
  return std::move(spare.thread);
}

void EndSpareThread() {
  Spare spare = TakeSpare();
  if (!spare.thread.joinable()) return;
  spare.order->Give({});
  spare.thread.join();
}

}  // namespace credmint
