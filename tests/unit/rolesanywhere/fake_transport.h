// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "http/transport.h"

namespace credmint {

/// A Transport that sends nothing. It records requests and responds from a script.
class FakeTransport : public Transport {
 public:
  using Step = std::function<Result<HttpResponse>()>;

  void Expect(Step step) { script_.push_back(std::move(step)); }

  void Prepare(const HttpRequest& request, std::chrono::milliseconds /*timeout*/) override {
    prepared.push_back(request);
    if (on_prepare) on_prepare();
  }
  void AwaitConnection() override {
    if (on_await) on_await();
  }
  void Close() override { ++closed; }

  Result<HttpResponse> Send(const HttpRequest& request,
                            std::chrono::milliseconds timeout) override {
    requests.push_back(request);
    timeouts.push_back(timeout);
    if (script_.empty()) return Fail(ErrorCode::kInternal, "more requests than the test expects");
    const Step step = std::move(script_.front());
    script_.pop_front();
    return step();
  }

  [[nodiscard]] bool IsDone() const { return script_.empty(); }

  std::vector<HttpRequest> requests;
  std::vector<std::chrono::milliseconds> timeouts;
  std::vector<HttpRequest> prepared;
  int closed = 0;
  std::function<void()> on_prepare;
  std::function<void()> on_await;

 private:
  std::deque<Step> script_;
};

}  // namespace credmint
