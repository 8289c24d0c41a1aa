// SPDX-License-Identifier: Apache-2.0
// Processes that share a cache, damage it and die. The seed decides what each of them does, but not
// in which order the system runs them.

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "credentials/cache/disk_cache.h"
#include "support/temp_dir.h"
#include "unit/random_steps.h"

namespace credmint {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kCacheKeys = 2;

std::string DigestOf(int key) {
  std::string digest;
  digest.assign(64, static_cast<char>('a' + key));
  return digest;
}

/// Seen by all processes of a round: the time, and how often each key was minted.
struct SharedFacts {
  std::atomic<std::int64_t> seconds = 1'767'268'800;
  std::array<std::atomic<int>, kCacheKeys> begun = {};
  std::array<std::atomic<int>, kCacheKeys> ended = {};
  std::atomic<int> next_death = 0;  ///< so many mints end with the death of their process
  std::atomic<bool> may_start = false;

  [[nodiscard]] TimePoint Now() const { return TimePoint(std::chrono::seconds(seconds)); }
};

/// One round: a folder, its processes and what they share. A process that sees a broken promise
/// says so, and ends with a status other than 0.
class SharedCacheRound {
 public:
  SharedCacheRound() : facts_(New()) { setenv("XDG_RUNTIME_DIR", base_.path().c_str(), 1); }
  ~SharedCacheRound() {
    unsetenv("XDG_RUNTIME_DIR");
    munmap(facts_, sizeof(SharedFacts));
  }
  SharedCacheRound(const SharedCacheRound&) = delete;
  SharedCacheRound& operator=(const SharedCacheRound&) = delete;

  SharedFacts& facts() { return *facts_; }
  [[nodiscard]] static CacheFolder Folder() { return CacheFolder::Open().value(); }

  /// Starts a process that waits for Run().
  void Add(const std::function<void()>& work) {
    fflush(nullptr);  // or each process would print it again
    const pid_t child = fork();
    if (child != 0) return processes_.push_back(child);
    while (!facts_->may_start) std::this_thread::yield();
    work();
    fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }

  /// Lets all processes go. Returns how many were killed; others must succeed.
  int Run(const std::function<void(const std::vector<pid_t>&)>& meanwhile = {}) {
    facts_->may_start = true;
    if (meanwhile) meanwhile(processes_);
    int killed = 0;
    for (const pid_t process : processes_) {
      int status = 0;
      EXPECT_EQ(waitpid(process, &status, 0), process);
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        ++killed;
      } else {
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
            << "process " << process << " ended with status " << status;
      }
    }
    return killed;
  }

  /// Gets the credentials of a key, and checks them. Returns their ID.
  std::string Get(int key) {
    const TimePoint before = facts_->Now();
    DiskCache cache(
        Folder(), {DigestOf(key), "role", ""}, [this, key] { return Mint(key); }, seconds(20),
        [this] { return facts_->Now(); });
    const auto credentials = cache.Get();
    EXPECT_TRUE(credentials) << credentials.error().message;
    if (!credentials) return "nothing";
    CheckWhole(key, *credentials);
    EXPECT_GE(credentials->expiration - before, minutes(16)) << "it is about to expire";
    return credentials->access_key_id;
  }

  /// ID, secret, token and expiration are of one mint for this key.
  static void CheckWhole(int key, const Credentials& credentials) {
    const std::string& id = credentials.access_key_id;
    EXPECT_TRUE(id.starts_with(fmt::format("key{}-", key))) << id << " for key " << key;
    EXPECT_EQ(credentials.secret_access_key.Reveal(), "secret of " + id);
    EXPECT_EQ(credentials.session_token.Reveal(), std::string(3'000, 't') + id);
    EXPECT_EQ(credentials.account_id,
              std::to_string(credentials.expiration.time_since_epoch() / seconds(1)));
  }

  [[nodiscard]] std::string Entry(int key, TimePoint created, TimePoint expiration) const {
    return std::string(
        FormatCacheEntry({DigestOf(key), "role", "", created, Make(key, 0, expiration)}).Reveal());
  }

  /// Puts something at the place of an entry or beside it, as a defect, a crash or a person may.
  std::string Damage(test::RandomSteps& steps, int key) {
    const TimePoint now = facts_->Now();
    const std::string good = Entry(key, now, now + hours(1));
    switch (steps.Below(8)) {
      case 0:
        Put(key, good.substr(0, static_cast<std::size_t>(steps.Below(3'000))));
        return "half an entry";
      case 1:
        Put(key, Entry((key + 1) % kCacheKeys, now, now + hours(1)));
        return "the entry of another key";
      case 2:
        Put(key, Entry(key, now - hours(1), now + minutes(steps.Below(16))));
        return "an entry about to expire";
      case 3:
        Put(key, Entry(key, now + hours(24), now + hours(25)));
        return "an entry from the future";
      case 4:
        Put(key, good, 0644);
        return "an entry that others can read";
      case 5:
        Put(key, "half", 0600, ".json.new");
        return "what a killed writer leaves";
      case 6:
        unlink(PlaceOf(key).c_str());
        EXPECT_TRUE(symlink("/dev/zero", PlaceOf(key).c_str()) == 0 || errno == EEXIST);
        return "a link";
      default:
        unlink(PlaceOf(key).c_str());
        return "nothing";
    }
  }

 private:
  static SharedFacts* New() {
    void* const memory = mmap(nullptr, sizeof(SharedFacts), PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) abort();
    return new (memory) SharedFacts;
  }

  [[nodiscard]] std::string PlaceOf(int key, const std::string& ending = ".json") const {
    return base_.File("credmint/" + DigestOf(key) + ending);
  }

  void Put(int key, const std::string& contents, mode_t mode = 0600,
           const std::string& ending = ".json") {
    const std::string made = base_.Write(fmt::format("made-by-{}", getpid()), contents, mode);
    EXPECT_EQ(rename(made.c_str(), PlaceOf(key, ending).c_str()), 0);
  }

  static Credentials Make(int key, int number, TimePoint expiration) {
    const std::string id = fmt::format("key{}-{}", key, number);
    return {id, Secret("secret of " + id), Secret(std::string(3'000, 't') + id), expiration,
            std::to_string(expiration.time_since_epoch() / seconds(1))};
  }

  Result<Credentials> Mint(int key) {
    const Descriptor alone(open(base_.File(fmt::format("minting{}", key)).c_str(),
                                O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    EXPECT_EQ(flock(alone.get(), LOCK_EX | LOCK_NB), 0) << "two processes mint key " << key;
    const int number = ++facts_->begun[static_cast<std::size_t>(key)];
    std::this_thread::sleep_for(milliseconds(number % 3));
    if (facts_->next_death-- > 0) raise(SIGKILL);
    ++facts_->ended[static_cast<std::size_t>(key)];
    return Make(key, number, facts_->Now() + hours(1));
  }

  const test::TempDir base_;
  SharedFacts* const facts_;
  std::vector<pid_t> processes_;
};

/// The lock is free, and what is in the cache is whole.
void CheckWhatIsLeft(SharedCacheRound& round) {
  for (int key = 0; key < kCacheKeys; ++key) {
    const auto lock = SharedCacheRound::Folder().Lock(DigestOf(key) + ".lock");
    EXPECT_TRUE(lock && *lock) << "the lock of key " << key << " stays";
  }
  for (int key = 0; key < kCacheKeys; ++key) EXPECT_NE(round.Get(key), "nothing");
}

TEST(DiskCachePropertyTest, MintsOnceForEachWaveWhateverWasThere) {
  test::RunRounds(40, [](test::RandomSteps& steps) {
    SharedCacheRound round;
    static_cast<void>(SharedCacheRound::Folder());
    if (steps.OneIn(2)) static_cast<void>(SharedCacheRound::Folder().Lock(DigestOf(0) + ".lock"));
    steps.Note("there is " + round.Damage(steps, 0));
    const int processes = 2 + steps.Below(6);
    const int deaths = steps.Below(processes);
    steps.Note(fmt::format("{} processes, of which {} die when they mint", processes, deaths));
    round.facts().next_death = deaths;
    for (int n = 0; n < processes; ++n) {
      round.Add([&] { EXPECT_EQ(round.Get(0), fmt::format("key0-{}", deaths + 1)); });
    }
    EXPECT_EQ(round.Run(), deaths);
    EXPECT_EQ(round.facts().begun[0], deaths + 1);
    EXPECT_EQ(round.facts().ended[0], 1);
    CheckWhatIsLeft(round);
    EXPECT_EQ(round.facts().ended[0], 1) << "the entry was not kept";
  });
}

/// One process of many. Any other may be killed at any moment.
void DoAnything(SharedCacheRound& round, test::RandomSteps& steps) {
  const int key = steps.Below(kCacheKeys);
  switch (steps.Below(8)) {
    case 0:
    case 1:
      EXPECT_TRUE(ClearCache(SharedCacheRound::Folder()));
      return steps.Note("clear");
    case 2:
      return steps.Note(fmt::format("put at key {} {}", key, round.Damage(steps, key)));
    case 3:
      round.facts().seconds += steps.Below(1'800);
      return steps.Note("time passes");
    case 4:
      if (const auto entries = ListCache(SharedCacheRound::Folder())) {
        for (const CacheEntry& entry : *entries) {
          SharedCacheRound::CheckWhole(entry.key.front() - 'a', entry.credentials);
        }
      }
      return steps.Note("list");
    default:
      return steps.Note(fmt::format("get key {}: {}", key, round.Get(key)));
  }
}

TEST(DiskCachePropertyTest, GivesOutNothingButWholeFreshEntriesOfTheirKey) {
  test::RunRounds(20, [](test::RandomSteps& steps) {
    SharedCacheRound round;
    static_cast<void>(SharedCacheRound::Folder());
    for (int n = 0; n < 6; ++n) {
      round.Add([&round, seed = static_cast<unsigned>(steps.Below(1'000'000))] {
        test::RandomSteps own(seed);
        for (int k = 0; k < 40 && !testing::Test::HasFailure(); ++k) DoAnything(round, own);
        if (testing::Test::HasFailure()) fmt::print(stderr, "{}: {}", getpid(), own.Last());
      });
    }
    round.Run([&](const std::vector<pid_t>& processes) {
      for (int n = 0; n < 3; ++n) {
        std::this_thread::sleep_for(std::chrono::microseconds(steps.Below(20'000)));
        kill(processes[static_cast<std::size_t>(n)], SIGKILL);
      }
    });
    CheckWhatIsLeft(round);
  });
}

}  // namespace
}  // namespace credmint
