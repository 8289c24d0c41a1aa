// SPDX-License-Identifier: Apache-2.0
// Random configurations, reloads, wrong PINs and failures, with a device that counts.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
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
  /// Takes the device of these keys away, and brings that of all others back.
  void SetAbsent(const std::set<std::string>& names) {
    const std::lock_guard lock(mutex_);
    absent_.clear();
    for (const std::string& name : names)
      absent_.insert({"device:" + name, "device:" + name + "-policy"});
  }

  Result<StoreContents> Open(const LibraryContext& context, const std::string& uri,
                             const StoreOptions& options) override {
    if (IsAbsent(uri)) return Fail(ErrorCode::kDevice, "it is absent");
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
  bool IsAbsent(const std::string& uri) {
    const std::lock_guard lock(mutex_);
    return absent_.contains(uri);
  }

  std::mutex mutex_;
  std::map<std::string, Counts> keys_;
  std::set<std::string> absent_;
};

/// The promises about one role, and about the secrets of the identities that roles share.
struct ModelRole {
  std::vector<std::string> identities;  ///< in order
  std::string session;
  int minted = 0;  ///< the configuration whose credentials it gives out; 0: none
  std::optional<ErrorCode> failure = std::nullopt;
  std::size_t in_use = 0;

  [[nodiscard]] bool Names(const std::string& identity) const {
    return std::find(identities.begin(), identities.end(), identity) != identities.end();
  }
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
    absent_.clear();
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
        for (const char* absent : kIdentities) {
          if (absent == name || steps_.OneIn(2)) absent_.insert(absent);
        }
        steps_.Note(fmt::format("absent for a while: {}", fmt::join(absent_, ", ")));
        break;
      default:
        policy_fails_ = steps_.OneIn(4);
        steps_.Note(fmt::format("the policy's PIN is wrong: {}", policy_fails_));
        directory_.Write("policy.pin", policy_fails_ ? kWrongPin : kRightPin);
    }
    device_->SetAbsent(absent_);
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
      ModelRole& role = wanted[name];
      role.identities = {steps_.Pick(kIdentities)};
      while (steps_.OneIn(2)) {
        const std::string spare = steps_.Pick(kIdentities);
        if (!role.Names(spare)) role.identities.push_back(spare);
      }
      role.session = steps_.Pick(std::array{"read", "write"});
      steps_.Note(fmt::format("wanted: {} with {}, {}", name, fmt::join(role.identities, " then "),
                              role.session));
    }
    return wanted;
  }

  [[nodiscard]] bool IsUsed(const std::string& identity) const {
    return std::any_of(roles_.begin(), roles_.end(),
                       [&](const auto& role) { return role.second.Names(identity); });
  }

  /// As SIGHUP does. Returns whether the configuration was taken.
  bool Reload() {
    Configuration wanted = RandomConfiguration();
    const auto can_open = [&](const std::string& identity) {
      return IsUsed(identity) || (!policy_fails_ && !absent_.contains(identity));
    };
    bool is_good = true;
    std::vector<Role> list;
    for (const auto& [name, role] : wanted) {
      is_good = is_good && std::all_of(role.identities.begin(), role.identities.end(), can_open);
      list.push_back(RoleOf(name, role));
    }
    if (steps_.OneIn(6)) {
      is_good = false;
      list.push_back(RoleOf("bad", {{"blue"}, "read"}));
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
      const bool stays = goes_on && earlier->second.identities == role.identities;
      if (stays) role.in_use = earlier->second.in_use;
    }
    roles_ = std::move(wanted);
    pins_.clear();
    set_->Start();
    return true;
  }

  [[nodiscard]] NamedIdentity IdentityOf(const std::string& name) const {
    IdentitySpec spec;
    spec.certificate.certificate = Reference(name + ".pem");
    const auto key = [](const std::string& text) {
      return KeyReference::Parse("device:" + text, KeyReference::Use::kPrivateKey).value();
    };
    spec.private_key = key(name);
    spec.secrets.user = SecretSource::FromFile(directory_.File(name + ".pin"));
    spec.policy_key = key(name + "-policy");
    spec.policy_key_secret = SecretSource::FromFile(directory_.File("policy.pin"));
    return {name, std::make_shared<const IdentitySpec>(std::move(spec))};
  }

  [[nodiscard]] Role RoleOf(const std::string& name, const ModelRole& model) const {
    NamedIdentity first = IdentityOf(model.identities.front());
    Role role{.name = name,
              .identity = std::move(first.spec),
              .session = Session(Parameters(model.session)),
              .origins = {"the endpoint", "the CA bundle"},
              .identity_name = std::move(first.name)};
    for (std::size_t i = 1; i < model.identities.size(); ++i) {
      role.spares.push_back(IdentityOf(model.identities[i]));
    }
    return role;
  }

  /// The model of one call.
  void Call(ModelRole& role) {
    std::optional<ErrorCode> loss;
    for (std::size_t i = 0; i < role.identities.size(); ++i) {
      role.failure = Try(role.identities[i]);
      if (!role.failure) {
        role.minted = configuration_;
        role.in_use = i;
      }
      if (role.failure != ErrorCode::kDevice) break;
      loss = role.failure;
    }
    // It may come back without SIGHUP.
    if (loss && role.failure == ErrorCode::kPinIncorrect) role.failure = loss;
  }

  /// The failure of a call with one identity.
  std::optional<ErrorCode> Try(const std::string& identity) {
    PinRead& pin = pins_[identity];
    const bool is_absent = absent_.contains(identity);
    if (pin == PinRead::kNotYet && !is_absent) {
      const bool is_right = has_right_pin_.try_emplace(identity, true).first->second;
      pin = is_right ? PinRead::kRight : PinRead::kWrong;
    }
    if (pin == PinRead::kWrong) return ErrorCode::kPinIncorrect;
    if (is_absent) return ErrorCode::kDevice;
    if (is_down_) return ErrorCode::kNetwork;
    return std::nullopt;
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
    EXPECT_EQ(role.spare_in_use, model.in_use == 0 ? "" : model.identities[model.in_use]);
    const auto answer = role.refresher->TryGet();
    ASSERT_TRUE(answer) << role.name;
    ASSERT_EQ(answer->has_value(), model.minted > 0) << role.name;
    if (!*answer) return;
    const std::string id = (**answer)->access_key_id;
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
  std::set<std::string> absent_;  // identities whose device is away
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
