// SPDX-License-Identifier: Apache-2.0
#include "base/closed_at_exit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>

namespace credmint {
namespace {

class Entered final : public ClosedAtExit {
 public:
  explicit Entered(std::function<void()> on_close) : on_close_(std::move(on_close)) { Enter(); }
  ~Entered() override { Leave(); }
  void Close() noexcept override { on_close_(); }

 private:
  std::function<void()> on_close_;
};

TEST(ClosedAtExitTest, ClosesTheLatestFirstAndEachOnce) {
  std::string order;
  const Entered first([&] { order += "1"; });
  const Entered second([&] { order += "2"; });
  const Entered third([&] { order += "3"; });
  ClosedAtExit::CloseAll();
  ClosedAtExit::CloseAll();
  EXPECT_EQ(order, "321");
}

TEST(ClosedAtExitTest, LeavesAloneWhatHasLeft) {
  std::string order;
  const Entered first([&] { order += "1"; });
  auto second = std::make_unique<Entered>([&] { order += "2"; });
  const Entered third([&] { order += "3"; });
  second.reset();
  ClosedAtExit::CloseAll();
  EXPECT_EQ(order, "31");
}

TEST(ClosedAtExitTest, OthersComeAndGoWhileOneIsBeingClosed) {
  std::promise<void> begun;
  std::promise<void> go_on;
  const Entered slow([&] {
    begun.set_value();
    go_on.get_future().wait();
  });
  std::thread closer(ClosedAtExit::CloseAll);
  begun.get_future().wait();
  {
    const Entered other([] {});
  }
  go_on.set_value();
  closer.join();
}

TEST(ClosedAtExitTest, ClosesWhatComesMeanwhile) {
  std::string order;
  std::unique_ptr<Entered> late;
  const Entered first([&] {
    order += "1";
    late = std::make_unique<Entered>([&] { order += "2"; });
  });
  ClosedAtExit::CloseAll();
  EXPECT_EQ(order, "12");
}

TEST(ClosedAtExitTest, WhatIsBeingClosedCannotGo) {
  std::promise<void> begun;
  std::atomic<bool> closed = false;
  auto slow = std::make_unique<Entered>([&] {
    begun.set_value();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    closed = true;
  });
  std::thread closer(ClosedAtExit::CloseAll);
  begun.get_future().wait();
  slow.reset();
  EXPECT_TRUE(closed);
  closer.join();
}

}  // namespace
}  // namespace credmint
