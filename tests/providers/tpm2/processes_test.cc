// SPDX-License-Identifier: Apache-2.0
// Threads, forked children, and resets of the TPM.

#include "providers/tpm2/tpm2_test.h"

namespace {

/// True in a child that leaks on purpose.
bool leaks_are_meant = false;

}  // namespace

/// LeakSanitizer calls this when the process exits, if the test is built with it.
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" __attribute__((visibility("default"))) int __lsan_is_turned_off() {
  return leaks_are_meant ? 1 : 0;
}

namespace credmint {
namespace {

TEST_F(Tpm2Test, SignsFromManyThreads) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  std::filesystem::copy_file(File("pub.pem"), File("handle.pem"));
  const path file = MakeKeyFile("P-256");
  std::vector<Bytes> signatures(8);
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto persistent =
        application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(persistent) << persistent.error().message;
    const auto wrapped = application.OpenKeyFile(file, tcti());
    ASSERT_TRUE(wrapped) << wrapped.error().message;
    std::vector<std::thread> threads;
    for (std::size_t index = 0; index < signatures.size(); ++index) {
      EVP_PKEY* key = index % 2 == 0 ? persistent->get() : wrapped->get();
      threads.emplace_back([&application, &signatures, index, key] {
        for (int round = 0; round < 5; ++round) {
          if (auto made = application.Sign(key)) signatures[index] = *std::move(made);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (std::size_t index = 1; index < signatures.size(); index += 2) ExpectValid(signatures[index]);
  std::filesystem::rename(File("handle.pem"), File("pub.pem"));
  for (std::size_t index = 0; index < signatures.size(); index += 2) ExpectValid(signatures[index]);
  ExpectNothingLoaded();
}

// OpenSSL's cleanup of a library context at the end of the thread must not hang or crash.
TEST_F(Tpm2Test, AThreadEndsThatOpenedAKeyWhichAnotherOneFreed) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  mallopt(M_PERTURB, 0xa5);  // overwrites freed memory
  {
    Answers answers{.auth = kAuth};
    Application application;
    std::promise<Result<PkeyPtr>> opened;
    std::promise<void> freed;
    std::thread opening([&] {
      opened.set_value(
          application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function()));
      freed.get_future().wait();
    });
    auto key = opened.get_future().get();
    EXPECT_TRUE(key && application.Sign(key->get()));
    if (key) key->reset();
    freed.set_value();
    opening.join();
  }
  mallopt(M_PERTURB, 0);
}

// tpm_fork_test.py shows that a child can sign. Here it cannot: swtpm serves one connection.
TEST_F(Tpm2Test, AForkedChildTouchesNothingOfItsParent) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    auto application = std::make_unique<Application>();
    auto key = application->OpenKeyFile(file, capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application->Sign(key->get()));
    const Codes before = CapturedCodes();

    const pid_t child = fork();
    if (child == 0) {
      leaks_are_meant = true;
      key->reset();
      application.reset();
      exit(0);  // runs exit handlers, as a program does
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(CapturedCodes(), before);
    ExpectValid(application->Sign(key->get()));
    key->reset();
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, ExitFlushesWhatNobodyFreed) {
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  const pid_t child = fork();
  if (child == 0) {
    leaks_are_meant = true;
    auto* answers = new Answers{.auth = kAuth};
    auto* application = new Application;
    auto key = application->OpenKeyFile(file, tcti(), answers->Function());
    const bool made = key && application->Sign(key->get());
    static_cast<void>(key->release());
    exit(made ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, AForkedChildsExitTouchesNothingOfItsParent) {
  const path file = MakeKeyFile("P-256");
  const std::string capturing = CapturingTcti();
  Application application;
  const auto key = application.OpenKeyFile(file, capturing);
  ASSERT_TRUE(key) << key.error().message;
  const Codes before = CapturedCodes();
  const pid_t child = fork();
  if (child == 0) {
    leaks_are_meant = true;
    exit(0);  // runs exit handlers, but frees nothing first
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(CapturedCodes(), before);
  ExpectValid(application.Sign(key->get()));
}

TEST_F(Tpm2Test, AKeyThatOutlivesTheConnectionFailsCleanly) {
  const path file = MakeKeyFile("P-256");
  Application application;
  const auto key = application.OpenKeyFile(file, tcti());
  ASSERT_TRUE(key) << key.error().message;
  swtpm_.reset();
  const auto signature = application.Sign(key->get());
  ASSERT_FALSE(signature);
  EXPECT_EQ(signature.error().code, ErrorCode::kDevice);
}

/// Sends TPM2_Startup(CLEAR), as firmware does after a reset. Uses the provider's connection if it
/// is open, because swtpm serves only one.
void StartUp(const std::string& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
  int descriptor = -1;
  for (int candidate = 0; candidate < 1024 && descriptor < 0; ++candidate) {
    sockaddr_un peer{};
    socklen_t size = sizeof peer;
    if (getpeername(candidate, reinterpret_cast<sockaddr*>(&peer), &size) == 0 &&
        peer.sun_family == AF_UNIX && socket_path == peer.sun_path) {
      descriptor = dup(candidate);
    }
  }
  if (descriptor < 0) {
    descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  constexpr std::array<std::uint8_t, 12> kStartup = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44};
  ASSERT_EQ(write(descriptor, kStartup.data(), kStartup.size()), ssize_t{kStartup.size()});
  std::array<std::uint8_t, 10> answer{};
  ASSERT_EQ(recv(descriptor, answer.data(), answer.size(), MSG_WAITALL), ssize_t{answer.size()});
  close(descriptor);
  ASSERT_EQ(answer[9], 0);
}

TEST_F(Tpm2Test, LoadsAgainAfterAResetOfTheTpm) {
  for (const std::string& auth : {std::string(), std::string(kAuth)}) {
    const path file =
        auth.empty() ? MakeKeyFile("P-256") : MakeKeyFile("P-256", {"user-auth:" + auth});
    const std::string capturing = CapturingTcti();
    {
      Answers answers{.auth = auth};
      Application application;
      const auto key = application.OpenKeyFile(file, capturing, answers.Function());
      ASSERT_TRUE(key) << key.error().message;
      ASSERT_TRUE(application.Sign(key->get()));
      ASSERT_TRUE(swtpm_->Reset());
      StartUp(swtpm_->socket());
      ExpectValid(application.Sign(key->get()));
      ExpectValid(application.Sign(key->get()));
    }
    ExpectNothingLoaded();
    const Codes codes = CapturedCodes();
    EXPECT_EQ(std::count(codes.begin(), codes.end(), kLoad), 2);
    EXPECT_EQ(std::count(codes.begin(), codes.end(), kSign), 4);
  }
}

TEST_F(Tpm2Test, SignsPssAgainAfterAReset) {
  const path file = MakeKeyFile("RSA");
  {
    Application application;
    const auto key = application.OpenKeyFile(file, tcti());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    ExpectValid(application.Sign(key->get(), "SHA256", "digest"), "-sha256", "digest");
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, NeverSignsWithAnotherKeyThatTookTheHandleOfALostOne) {
  const path other = MakeKeyFile("P-256");
  std::filesystem::rename(other, File("other.pem"));
  std::filesystem::rename(File("pub.pem"), File("other.pub"));
  const path file = MakeKeyFile("P-256");
  {
    Application application;
    const auto first = application.OpenKeyFile(file, tcti());
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    auto second = application.OpenKeyFile(File("other.pem"), tcti());
    ASSERT_TRUE(second) << second.error().message;
    ExpectValid(application.Sign(first->get()));
    std::filesystem::rename(File("other.pub"), File("pub.pem"));
    ExpectValid(application.Sign(second->get()));
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, LoadsOnceWhenManyThreadsFindTheKeyLost) {
  const path file = MakeKeyFile("P-256");
  std::vector<Bytes> signatures(8);
  const std::string capturing = CapturingTcti();
  {
    Application application;
    const auto key = application.OpenKeyFile(file, capturing);
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    std::vector<std::thread> threads;
    threads.reserve(signatures.size());
    for (Bytes& signature : signatures) {
      threads.emplace_back([&] {
        if (auto made = application.Sign(key->get())) signature = *std::move(made);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  for (const Bytes& signature : signatures) ExpectValid(signature);
  ExpectNothingLoaded();
  const Codes codes = CapturedCodes();
  EXPECT_EQ(std::count(codes.begin(), codes.end(), kLoad), 2);
}

TEST_F(Tpm2Test, RenewsTheSessionThatTwoKeysShareAfterAReset) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  const path file = MakeKeyFile("P-256", {std::string("user-auth:") + kAuth});
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto first = application.OpenHandle("handle:0x81000001?pass", tcti(), answers.Function());
    ASSERT_TRUE(first) << first.error().message;
    const auto second = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(second) << second.error().message;
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    for (EVP_PKEY* key : {first->get(), second->get(), first->get()}) {
      const auto signature = application.Sign(key);
      EXPECT_TRUE(signature) << signature.error().message;
    }
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2PolicyTest, LoadsAgainAfterAResetOfTheTpm) {
  const path file = MakePolicyKeyFile();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key = application.OpenKeyFile(file, tcti(), answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    ExpectValid(application.Sign(key->get()));
  }
  ExpectNothingLoaded();
}

TEST_F(Tpm2Test, RenewsTheSessionOfAPersistentKeyAfterAReset) {
  MakePersistentKey("ecc256", kSigningKey, kAuth);
  const std::string capturing = CapturingTcti();
  {
    Answers answers{.auth = kAuth};
    Application application;
    const auto key =
        application.OpenHandle("handle:0x81000001?pass", capturing, answers.Function());
    ASSERT_TRUE(key) << key.error().message;
    ASSERT_TRUE(application.Sign(key->get()));
    ASSERT_TRUE(swtpm_->Reset());
    StartUp(swtpm_->socket());
    ExpectValid(application.Sign(key->get()));
    EXPECT_EQ(answers.asked.size(), 1U);
  }
  // The lockout counter would not do: a reset without TPM2_Shutdown counts as a wrong try.
  for (const test::CapturedCommand& command : test::ReadTpmCapture(File("capture"))) {
    EXPECT_NE(command.answer & 0xffU, std::uint32_t{TPM2_RC_AUTH_FAIL}) << command.code;
  }
  ExpectNothingLoaded();
}

}  // namespace
}  // namespace credmint
