// SPDX-License-Identifier: Apache-2.0
#include "daemon/report_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace credmint::daemon {
namespace {

using std::chrono::steady_clock;

TEST(ReportQueueTest, MakesReportsInTheirOrder) {
  std::promise<std::string> made;
  {
    ReportQueue queue;
    const auto text = std::make_shared<std::string>();
    for (const char* part : {"a", "b", "c"}) queue.Add([text, part] { *text += part; });
    queue.Add([text, &made] { made.set_value(*text); });
    EXPECT_EQ(made.get_future().get(), "abc");
  }
}

TEST(ReportQueueTest, StartsAgainAfterItWasEmpty) {
  ReportQueue queue;
  for (int i = 0; i < 3; ++i) {
    std::promise<void> made;
    queue.Add([&made] { made.set_value(); });
    made.get_future().wait();
  }
}

TEST(ReportQueueTest, SurvivesAReportThatFails) {
  ReportQueue queue;
  std::promise<void> made;
  queue.Add([] { throw std::runtime_error("no memory"); });
  queue.Add([&made] { made.set_value(); });
  made.get_future().wait();
}

TEST(ReportQueueTest, OneThatHangsKeepsNobodyWaiting) {
  const auto release = std::make_shared<std::promise<void>>();
  const auto made = std::make_shared<std::atomic<int>>(0);
  const auto until = std::make_shared<std::shared_future<void>>(release->get_future());
  const auto started = steady_clock::now();
  {
    ReportQueue queue;
    queue.Add([until] { until->wait(); });
    for (std::size_t i = 0; i < 2 * ReportQueue::kMost; ++i) queue.Add([made] { ++*made; });
  }
  EXPECT_LT(steady_clock::now() - started, std::chrono::seconds(2));
  EXPECT_EQ(*made, 0);
  release->set_value();
  while (*made < static_cast<int>(ReportQueue::kMost) - 1) std::this_thread::yield();
  EXPECT_LE(*made, static_cast<int>(ReportQueue::kMost));
}

}  // namespace
}  // namespace credmint::daemon
