// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <utility>

namespace credmint::test {

/// The random choices of one round of a property test, and a record of the last steps it took.
class RandomSteps {
 public:
  explicit RandomSteps(unsigned seed) : random_(seed) {}

  /// A number from 0, below `end`.
  int Below(int end) { return static_cast<int>(random_() % static_cast<unsigned>(end)); }
  bool OneIn(int count) { return Below(count) == 0; }
  template <typename List>
  const auto& Pick(const List& list) {
    return list[static_cast<std::size_t>(Below(static_cast<int>(list.size())))];
  }

  void Note(std::string step) {
    last_.push_back(std::move(step));
    if (last_.size() > kShown) last_.pop_front();
  }
  [[nodiscard]] std::string Last() const {
    std::string text = "the last steps:\n";
    for (const std::string& step : last_) text += "  " + step + "\n";
    return text;
  }

 private:
  static constexpr std::size_t kShown = 25;

  std::mt19937 random_;
  std::deque<std::string> last_;
};

/// Calls `round` again and again until one fails, each time with the next seed. Prints the first
/// seed. A failure shows the seed of its round, and the last steps follow.
///
/// CREDMINT_SEED replaces the random first seed, and CREDMINT_ROUNDS the number of rounds. With
/// CREDMINT_TEST_ALL there are ten times as many rounds.
inline void RunRounds(unsigned usual, const std::function<void(RandomSteps&)>& round) {
  const auto setting = [](const char* name, unsigned otherwise) {
    const char* const text = getenv(name);
    return text == nullptr ? otherwise : static_cast<unsigned>(strtoul(text, nullptr, 10));
  };
  const unsigned first = setting("CREDMINT_SEED", std::random_device()());
  const bool all = getenv("CREDMINT_TEST_ALL") != nullptr;
  const unsigned rounds = setting("CREDMINT_ROUNDS", all ? 10 * usual : usual);
  fmt::print("CREDMINT_SEED={} CREDMINT_ROUNDS={}\n", first, rounds);
  for (unsigned n = 0; n < rounds && !testing::Test::HasFailure(); ++n) {
    const std::string repeat = fmt::format("CREDMINT_SEED={} CREDMINT_ROUNDS=1", first + n);
    const testing::ScopedTrace trace(__FILE__, __LINE__, repeat + " repeats this round");
    RandomSteps steps(first + n);
    round(steps);
    if (testing::Test::HasFailure()) fmt::print("{}: {}", repeat, steps.Last());
  }
}

}  // namespace credmint::test
