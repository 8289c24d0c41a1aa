// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <numeric>
#include <optional>
#include <queue>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "credentials/refresh_plan.h"
#include "credentials/refresh_schedule.h"

/// Simulates a fleet of `serve`: what its calls do to the service before, during and after an
/// outage of the whole region. Each machine has the RefreshPlan of a Refresher. Only time, the
/// service and chance are simulated.
///
/// Prints, for each phase, the mean rate of calls and the highest rate of some lengths of time.
/// Fails if the highest rate of five minutes after the outage is more than 1.3 times the mean
/// before it. Fails, too, if a machine is ever without credentials. That is judged for sessions of
/// 12 hours only: those of one hour do not outlive the outage.
///
/// --judged runs only what is judged. CREDMINT_SEED is the seed; the same seed makes the same run.
namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kMostPeakOverMean = 1.3;
constexpr seconds kJudgedBucket = minutes(5);

constexpr hours kMeasuredFrom{24};  // the effect of the start has gone
constexpr hours kOutageFrom{36};
constexpr hours kOutageUntil{37};
constexpr hours kEnd{61};

struct Scenario {
  int machines;
  hours lifetime;
  double limit;  ///< of the service, in calls a second
  ErrorCode outage;
};

/// A simulated run as the service saw it. All times are since its start.
struct Record {
  std::vector<int> calls = std::vector<int>(seconds(kEnd).count());  ///< of each second
  int throttled = 0;                                                 ///< outside the outage
  int without_credentials = 0;
  milliseconds longest_without{0};
  milliseconds least_left = milliseconds::max();  ///< of old credentials when new ones came
};

/// Answers up to `limit` calls a second, and as many at once after a quiet second.
class Service {
 public:
  explicit Service(const Scenario& scenario)
      : limit_(scenario.limit), outage_(scenario.outage), tokens_(scenario.limit) {}

  std::optional<Error> Answer(milliseconds now) {
    if (now >= kOutageFrom && now < kOutageUntil) return Error{outage_, "an outage"};
    const double passed = std::chrono::duration<double>(now - std::exchange(asked_, now)).count();
    tokens_ = std::min(limit_, tokens_ + passed * limit_);
    if (tokens_ < 1) return Error{ErrorCode::kServiceBusy, "throttled"};
    tokens_ -= 1;
    return std::nullopt;
  }

 private:
  const double limit_;
  const ErrorCode outage_;
  double tokens_;
  milliseconds asked_{0};
};

class Fleet {
 public:
  Fleet(const Scenario& scenario, unsigned seed)
      : scenario_(scenario), random_(seed), service_(scenario) {
    for (int n = 0; n < scenario.machines; ++n) Start();
  }

  Record Run() {
    while (!due_.empty() && due_.top().first < kEnd) {
      const auto [now, machine] = due_.top();
      due_.pop();
      Call(now, machine);
    }
    return std::move(record_);
  }

 private:
  struct Machine {
    RefreshPlan plan;
    std::optional<TimePoint> expiration = std::nullopt;
  };
  using Due = std::pair<milliseconds, int>;

  /// Machines start one by one, as long as the first of them need no second call.
  void Start() {
    const milliseconds cycle = scenario_.lifetime - RefreshLead(scenario_.lifetime, 0.5);
    const milliseconds start(
        std::uniform_int_distribution<milliseconds::rep>(0, cycle.count())(random_));
    due_.emplace(start, static_cast<int>(machines_.size()));
    machines_.push_back({RefreshPlan(At(start).stopwatch)});
  }

  static RefreshPlan::Moment At(milliseconds time) {
    return {TimePoint(time), RefreshPlan::Tick(time)};
  }
  double Chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  void Call(milliseconds time, int number) {
    Machine& machine = machines_[number];
    const RefreshPlan::Moment now = At(time);
    ++record_.calls[std::chrono::floor<seconds>(time).count()];
    machine.plan.Begin(now.stopwatch);
    if (const std::optional<Error> error = service_.Answer(time)) {
      machine.plan.Fail(*error, machine.expiration, now, Chance());
      if (time >= kOutageUntil) ++record_.throttled;
    } else {
      NoteSuccess(machine, now);
      machine.expiration = now.date + scenario_.lifetime;
      machine.plan.Succeed(*machine.expiration, now, Chance());
    }
    due_.emplace(time + std::max(*machine.plan.UntilNext(now), milliseconds(1)), number);
  }

  void NoteSuccess(const Machine& machine, RefreshPlan::Moment now) {
    if (!machine.expiration || At(kMeasuredFrom).date > now.date) return;
    const auto left = std::chrono::duration_cast<milliseconds>(*machine.expiration - now.date);
    record_.least_left = std::min(record_.least_left, left);
    record_.longest_without = std::max(record_.longest_without, -left);
    if (left < milliseconds(0)) ++record_.without_credentials;
  }

  const Scenario scenario_;
  std::mt19937_64 random_;
  Service service_;
  std::vector<Machine> machines_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  Record record_;
};

double MeanRate(const Record& record, seconds from, seconds until) {
  const auto begin = record.calls.begin();
  return std::accumulate(begin + from.count(), begin + until.count(), 0.0) /
         static_cast<double>((until - from).count());
}

double PeakRate(const Record& record, seconds from, seconds until, seconds bucket) {
  double peak = 0;
  for (; from + bucket <= until; from += bucket) {
    peak = std::max(peak, MeanRate(record, from, from + bucket));
  }
  return peak;
}

/// The peak of calls that come by pure chance, over their mean: what no schedule can avoid.
double PeakOfChance(double rate, seconds length, seconds bucket, unsigned seed) {
  std::mt19937_64 random(seed);
  const double mean = rate * static_cast<double>(bucket.count());
  std::poisson_distribution<int> arrivals(mean);
  int peak = 0;
  for (seconds passed(0); passed < length; passed += bucket)
    peak = std::max(peak, arrivals(random));
  return peak / mean;
}

void PrintPhase(std::string_view name, const Record& record, seconds from, seconds until) {
  fmt::print("  {:<26}{:>8.2f}", name, MeanRate(record, from, until));
  for (const seconds bucket : {kJudgedBucket, seconds(minutes(1)), seconds(10)}) {
    fmt::print("{:>10.2f}", PeakRate(record, from, until, bucket));
  }
  fmt::print("\n");
}

void Print(const Scenario& scenario, const Record& record, unsigned seed) {
  fmt::print("{} machines, sessions of {} h, limit {:.1f} calls/s, an outage of an hour by {}\n",
             scenario.machines, scenario.lifetime.count(), scenario.limit,
             scenario.outage == ErrorCode::kNetwork ? "no answer" : "503");
  fmt::print("  {:<26}{:>8}{:>10}{:>10}{:>10}\n", "calls a second", "mean", "of 5 min", "of 1 min",
             "of 10 s");
  PrintPhase("12 h before", record, kMeasuredFrom, kOutageFrom);
  PrintPhase("the outage", record, kOutageFrom, kOutageUntil);
  PrintPhase("the hour after it", record, kOutageUntil, kOutageUntil + hours(1));
  PrintPhase("24 h after it", record, kOutageUntil, kEnd);
  const double mean = MeanRate(record, kMeasuredFrom, kOutageFrom);
  fmt::print("  {:<34}", "highest after it / mean before");
  for (const seconds bucket : {kJudgedBucket, seconds(minutes(1)), seconds(10)}) {
    fmt::print("{:>10.2f}", PeakRate(record, kOutageUntil, kEnd, bucket) / mean);
  }
  fmt::print("\n  {:<34}", "the same by chance alone");
  for (const seconds bucket : {kJudgedBucket, seconds(minutes(1)), seconds(10)}) {
    fmt::print("{:>10.2f}", PeakOfChance(mean, kEnd - kOutageUntil, bucket, seed));
  }
  fmt::print(
      "\n  throttled after it: {}; without credentials: {}, for up to {} s; least time left at a "
      "renewal: "
      "{} min\n",
      record.throttled, record.without_credentials,
      std::chrono::ceil<seconds>(record.longest_without).count(),
      std::chrono::floor<minutes>(record.least_left).count());
}

Record RunAndPrint(const Scenario& scenario, unsigned seed) {
  Record record = Fleet(scenario, seed).Run();
  Print(scenario, record, seed);
  return record;
}

bool IsGood(const Scenario& scenario, unsigned seed) {
  const Record record = RunAndPrint(scenario, seed);
  const double ratio = PeakRate(record, kOutageUntil, kEnd, kJudgedBucket) /
                       MeanRate(record, kMeasuredFrom, kOutageFrom);
  const bool is_good = ratio <= kMostPeakOverMean && record.without_credentials == 0;
  fmt::print("  {}: {:.2f}, limit {}\n", is_good ? "good" : "NOT GOOD", ratio, kMostPeakOverMean);
  return is_good;
}

unsigned Seed() {
  const char* const text = std::getenv("CREDMINT_SEED");
  return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 1;
}

int Run(bool only_judged) {
  const unsigned seed = Seed();
  fmt::print("seed {}\n", seed);
  bool is_good = true;
  for (const ErrorCode outage : {ErrorCode::kServiceBusy, ErrorCode::kNetwork}) {
    is_good &= IsGood({100'000, hours(12), 10, outage}, seed);
  }
  if (only_judged) return is_good ? 0 : 1;
  RunAndPrint({100'000, hours(1), 70, ErrorCode::kServiceBusy}, seed);
  RunAndPrint({1'000, hours(12), 10, ErrorCode::kServiceBusy}, seed);
  RunAndPrint({1'000, hours(1), 10, ErrorCode::kServiceBusy}, seed);
  RunAndPrint({10, hours(1), 10, ErrorCode::kServiceBusy}, seed);
  return is_good ? 0 : 1;
}

}  // namespace
}  // namespace credmint

int main(int argc, char** argv) {
  return credmint::Run(argc == 2 && std::string_view(argv[1]) == "--judged");
}
