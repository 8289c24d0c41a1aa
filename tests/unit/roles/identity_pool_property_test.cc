// SPDX-License-Identifier: Apache-2.0
// Random configurations, reloads, wrong PINs and failures, with a device that counts.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builtin.h"
#include "keyprocess/remote_key.h"
#include "ossl/stores.h"
#include "roles/role_set.h"
#include "unit/random_steps.h"
#include "unit/roles/role_world.h"

namespace credmint::roles {
namespace {

using std::chrono::milliseconds;

constexpr std::array kIdentities = {"blue", "green", "red"};
constexpr const char* kRightPin = "1234";
constexpr const char* kWrongPin = "4321";

/// Signs by OpenSSL's API alone.
class CountedSigner : public keyprocess::RemoteSigner {
 public:
  explicit CountedSigner(test::TestKey key) : key_(std::move(key)) {}

  [[nodiscard]] Result<Bytes> Sign(keyprocess::SignMessage request) const override {
    const PkeyCtxPtr context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    const Bytes& digest = request.digest_value;
    Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_.get())));
    std::size_t size = signature.size();
    EXPECT_EQ(EVP_PKEY_sign_init(context.get()), 1);
    EXPECT_EQ(EVP_PKEY_sign(context.get(), signature.data(), &size, digest.data(), digest.size()),
              1);
    signature.resize(size);
    return signature;
  }

 private:
  const test::TestKey key_;
};

/// A device with keys "device:NAME", all with the same PIN. Counts what is done to each key.
class CountingDevice : public Stores {
 public:
  struct Counts {
    test::TestKey key;
    int opened = 0;
    int refused = 0;
    std::vector<std::weak_ptr<CountedSigner>> signers = {};
  };

  void Add(const std::string& name, test::TestKey key) {
    keys_["device:" + name] = {std::move(key)};
  }
  void SetAbsent(bool is_absent) { is_absent_ = is_absent; }

  Result<StoreContents> Open(const LibraryContext& context, const std::string& uri,
                             const StoreOptions& options) override {
    if (is_absent_) return Fail(ErrorCode::kDevice, "it is absent");
    const auto pin = options.passphrase({PassphraseKind::kForeign, uri});
    if (!pin) return Fail(pin);
    const std::lock_guard lock(mutex_);
    Counts& counts = keys_.at(uri);
    if (pin->Reveal() != kRightPin) {
      ++counts.refused;
      return Fail(ErrorCode::kPinIncorrect, "wrong PIN");
    }
    ++counts.opened;
    const auto signer = std::make_shared<CountedSigner>(counts.key);
    counts.signers.push_back(signer);
    auto key = MakeRemoteKey(context, keyprocess::PublicParameters::From(counts.key.get()).value(),
                             signer);
    if (!key) return Fail(std::move(key));
    StoreContents contents;
    contents.keys.push_back(*std::move(key));
    return contents;
  }

  /// How often the key was opened, or its PIN refused, so far.
  int Tried(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const Counts& counts = keys_.at("device:" + name);
    return counts.opened + counts.refused;
  }
  int Refused(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return keys_.at("device:" + name).refused;
  }
  /// The keys that are open now.
  long InUse(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto& signers = keys_.at("device:" + name).signers;
    return std::count_if(signers.begin(), signers.end(),
                         [](const auto& signer) { return !signer.expired(); });
  }

  Result<StoreContents> Read(const LibraryContext& /*context*/, const Secret& /*contents*/,
                             const std::string& /*scheme*/,
                             const StoreOptions& /*options*/) override {
    return Fail(ErrorCode::kInternal, "no test has key files");
  }
  Result<StoreContents> ReadPkcs12(const LibraryContext& context, const Secret& contents,
                                   const StoreOptions& options) override {
    return Read(context, contents, "", options);
  }
  Result<void> Prepare(const LibraryContext& /*context*/, const StoreDevice& /*device*/) override {
    return {};
  }
  void Close() noexcept override {}
  std::vector<StoreFigures> Figures() override { return {}; }
  void SetHidden(std::vector<std::string> /*hidden*/) override {}
  void ForgetInterrupted() override {}

 private:
  std::mutex mutex_;
  std::map<std::string, Counts> keys_;
  std::atomic<bool> is_absent_ = false;
};

/// The promises about one role, and about the secret of the identity that roles share.
struct ModelRole {
  std::string identity;
  std::string session;
  int minted = 0;  ///< the configuration whose credentials it gives out; 0: none
  std::optional<ErrorCode> failure;
};
enum class PinRead { kNotYet, kRight, kWrong };

/// A RoleSet under SIGHUP, beside a model. Between two steps no call runs.
class ReloadRound : public RoleWorld {
 public:
  explicit ReloadRound(test::RandomSteps& steps) : steps_(steps) {
    device_context_.SetStores(device_, {"device", "the device", {}});
    for (const std::string name : kIdentities) {
      device_->Add(name, WriteIdentity(name));
      device_->Add(name + "-policy", test::NewKey());
      directory_.Write(name + ".pin", kRightPin);
    }
    directory_.Write("policy.pin", kRightPin);
  }
  void TestBody() override {}

  void Step() {
    ChangeWorld();
    const bool is_reloaded = steps_.OneIn(2) && Reload();
    elapsed_ms_ += 100'000;  // longer than any wait
    Settle();
    for (auto& [name, role] : roles_) {
      if (is_reloaded || (role.failure && *role.failure != ErrorCode::kPinIncorrect)) Call(role);
    }
    Check();
  }

 private:
  using Configuration = std::map<std::string, ModelRole>;

  void ChangeWorld() {
    is_absent_ = false;
    const std::string name = steps_.Pick(kIdentities);
    switch (steps_.Below(5)) {
      case 0:
      case 1:
        has_right_pin_[name] = !steps_.OneIn(2);
        steps_.Note(fmt::format("{} has the right PIN: {}", name, has_right_pin_[name]));
        directory_.Write(name + ".pin", has_right_pin_[name] ? kRightPin : kWrongPin);
        break;
      case 2:
        is_down_ = steps_.OneIn(2);
        steps_.Note(fmt::format("the service is down: {}", is_down_));
        break;
      case 3:
        is_absent_ = true;
        steps_.Note("the device is absent for a while");
        break;
      default:
        policy_fails_ = steps_.OneIn(4);
        steps_.Note(fmt::format("the policy's PIN is wrong: {}", policy_fails_));
        directory_.Write("policy.pin", policy_fails_ ? kWrongPin : kRightPin);
    }
    device_->SetAbsent(is_absent_);
    SetService();
  }

  /// Each configuration has credentials with a name of its own.
  void SetService() {
    if (is_down_) {
      service_.FailWith({ErrorCode::kNetwork, "no answer", ""});
    } else {
      service_.GiveCredentials(fmt::format("C{}-", configuration_));
    }
  }

  Configuration RandomConfiguration() {
    Configuration wanted;
    for (const char* name : {"one", "two", "three", "four"}) {
      if (steps_.OneIn(3)) continue;
      wanted[name] = {steps_.Pick(kIdentities), steps_.Pick(std::array{"read", "write"})};
      steps_.Note(
          fmt::format("wanted: {} with {}, {}", name, wanted[name].identity, wanted[name].session));
    }
    return wanted;
  }

  [[nodiscard]] bool IsUsed(const std::string& identity) const {
    return std::any_of(roles_.begin(), roles_.end(),
                       [&](const auto& role) { return role.second.identity == identity; });
  }

  /// As SIGHUP does. Returns whether the configuration was taken.
  bool Reload() {
    Configuration wanted = RandomConfiguration();
    const bool can_open = !policy_fails_ && !is_absent_;
    bool is_good = true;
    std::vector<Role> list;
    for (const auto& [name, role] : wanted) {
      is_good = is_good && (can_open || IsUsed(role.identity));
      list.push_back(RoleOf(name, role));
    }
    if (steps_.OneIn(6)) {
      is_good = false;
      list.push_back(RoleOf("bad", {"blue", "read"}));
      list.back().session.endpoint.custom = "https://";
    }
    std::map<std::string, int> refused;
    std::map<std::string, int> tried;
    for (const std::string name : kIdentities) {
      refused[name] = device_->Refused(name);
      tried[name] = device_->Tried(name + "-policy");
    }
    if (is_good) ++configuration_;
    SetService();
    const auto set = set_->Set(std::move(list));
    steps_.Note(is_good ? fmt::format("SIGHUP: configuration {}", configuration_)
                        : "SIGHUP: a configuration that fails");
    EXPECT_EQ(set.has_value(), is_good) << (set ? "" : set.error().message);
    if (!set) is_good = false;
    for (const std::string name : kIdentities) {
      EXPECT_LE(device_->Tried(name + "-policy") - tried[name], IsUsed(name) ? 0 : 1) << name;
    }
    if (!is_good) return false;
    refused_earlier_ = std::move(refused);
    for (auto& [name, role] : wanted) {
      const auto earlier = roles_.find(name);
      const bool goes_on = earlier != roles_.end() && earlier->second.session == role.session;
      if (goes_on) role.minted = earlier->second.minted;
    }
    roles_ = std::move(wanted);
    pins_.clear();
    set_->Start();
    return true;
  }

  Role RoleOf(const std::string& name, const ModelRole& role) {
    IdentitySpec spec;
    spec.certificate.certificate = Reference(role.identity + ".pem");
    const auto key = [](const std::string& text) {
      return KeyReference::Parse("device:" + text, KeyReference::Use::kPrivateKey).value();
    };
    spec.private_key = key(role.identity);
    spec.secrets.user = SecretSource::FromFile(directory_.File(role.identity + ".pin"));
    spec.policy_key = key(role.identity + "-policy");
    spec.policy_key_secret = SecretSource::FromFile(directory_.File("policy.pin"));
    return {.name = name,
            .identity = std::make_shared<const IdentitySpec>(std::move(spec)),
            .session = Session(Parameters(role.session)),
            .origins = {"the endpoint", "the CA bundle"}};
  }

  /// The model of one call.
  void Call(ModelRole& role) {
    PinRead& pin = pins_[role.identity];
    if (pin == PinRead::kNotYet && !is_absent_) {
      const bool is_right = has_right_pin_.try_emplace(role.identity, true).first->second;
      pin = is_right ? PinRead::kRight : PinRead::kWrong;
    }
    if (pin == PinRead::kWrong) {
      role.failure = ErrorCode::kPinIncorrect;
    } else if (is_absent_) {
      role.failure = ErrorCode::kDevice;
    } else if (is_down_) {
      role.failure = ErrorCode::kNetwork;
    } else {
      role.failure.reset();
      role.minted = configuration_;
    }
  }

  void Check() {
    const auto running = set_->roles();
    ASSERT_EQ(running.size(), roles_.size());
    for (const RunningRole& role : running) {
      ASSERT_TRUE(roles_.contains(role.name)) << role.name;
      CheckRole(role, roles_[role.name]);
    }
    for (const std::string name : kIdentities) {
      EXPECT_EQ(device_->Refused(name) - refused_earlier_[name],
                IsUsed(name) && pins_[name] == PinRead::kWrong ? 1 : 0)
          << name;
      EXPECT_EQ(device_->InUse(name + "-policy"), IsUsed(name) ? 1 : 0) << name;
      EXPECT_EQ(device_->InUse(name), 0) << name << " is released after each call";
    }
  }

  static void CheckRole(const RunningRole& role, const ModelRole& model) {
    EXPECT_EQ(role.request.role().resource, "role/" + model.session);
    EXPECT_EQ(role.refresher->State().failure, model.failure) << role.name;
    const auto answer = role.refresher->TryGet();
    ASSERT_TRUE(answer) << role.name;
    ASSERT_EQ(answer->has_value(), model.minted > 0) << role.name;
    if (!*answer) return;
    const std::string id = (*answer)->access_key_id;
    EXPECT_EQ(id.substr(0, id.find('-')), fmt::format("C{}", model.minted)) << role.name;
  }

  Environment MakeCountedEnvironment() {
    Environment environment = MakeEnvironment();
    environment.refresher.stopwatch = environment.stopwatch = [this] {
      return std::chrono::steady_clock::time_point(milliseconds(elapsed_ms_));
    };
    environment.refresher.wait = [this](std::condition_variable_any& condition, Mutex& mutex,
                                        milliseconds) {
      {
        const std::lock_guard lock(mutex_);
        ++waits_[&condition];
        waiting_.notify_all();
      }
      condition.wait_for(mutex, milliseconds(1));
    };
    return environment;
  }

  /// Waits until each refresher has begun to wait twice: after the first time, it has certainly
  /// looked at the present time.
  void Settle() {
    std::unique_lock lock(mutex_);
    waits_.clear();
    EXPECT_TRUE(waiting_.wait_for(lock, std::chrono::seconds(20), [this] {
      return waits_.size() == roles_.size() &&
             std::all_of(waits_.begin(), waits_.end(),
                         [](const auto& count) { return count.second >= 2; });
    }));
  }

  test::RandomSteps& steps_;
  const std::shared_ptr<CountingDevice> device_ = std::make_shared<CountingDevice>();
  LibraryContext device_context_ =
      LibraryContext::Create(
          std::array{BuiltinProvider{kRemoteProvider, credmint_remote_provider_init}})
          .value();

  Configuration roles_;
  std::map<std::string, PinRead> pins_;         // since the last SIGHUP
  std::map<std::string, bool> has_right_pin_;   // in the file
  std::map<std::string, int> refused_earlier_;  // before the last SIGHUP
  int configuration_ = 0;
  bool is_down_ = false;
  bool is_absent_ = false;
  bool policy_fails_ = false;

  std::atomic<std::int64_t> elapsed_ms_ = 1'000;
  std::mutex mutex_;
  std::condition_variable waiting_;
  std::map<const void*, int> waits_;
  std::unique_ptr<RoleSet> set_ =
      std::make_unique<RoleSet>(device_context_, RoleSetObserver(), MakeCountedEnvironment());
};

TEST(IdentityPoolPropertyTest, SharesOpensAndClosesWhateverIsReloaded) {
  test::RunRounds(8, [](test::RandomSteps& steps) {
    ReloadRound round(steps);
    for (int n = 0; n < 30 && !testing::Test::HasFailure(); ++n) round.Step();
  });
}

}  // namespace
}  // namespace credmint::roles
