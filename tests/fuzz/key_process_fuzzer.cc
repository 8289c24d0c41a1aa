// SPDX-License-Identifier: Apache-2.0
// Fed: a byte that says whether a key for policies is given, and what a hostile key process answers
// (records.h). Each message is a byte with its call, one with its kind, and its body.
//
// Holds: whatever comes, loads and signatures end. Failures are one line with a known code. A key
// that is accepted has a public half that OpenSSL accepts.

#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>

#include "builtin.h"
#include "fuzz/records.h"
#include "fuzz/require.h"
#include "keyprocess/key_process.h"
#include "ossl/stores.h"
#include "support/test_pki.h"

namespace credmint::keyprocess {
namespace {

using test::Require;

/// Takes the place of a process: it has said everything before it is asked.
class Said final : public Launcher {
 public:
  explicit Said(std::string bytes) : bytes_(std::move(bytes)) {}

  void LaunchAhead() override {}
  Result<Launched> Launch() override {
    std::array<int, 2> sockets{};
    Require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets.data()) == 0,
            "there are sockets");
    other_ = Descriptor(sockets[1]);
    send(other_.get(), bytes_.data(), bytes_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(other_.get(), SHUT_WR);
    return Launched{1, Descriptor(sockets[0]), {}};
  }
  int End(pid_t /*process*/, std::chrono::milliseconds /*patience*/, bool /*kill*/) override {
    return 0;
  }
  Result<void> PrepareForThreads() override { return {}; }

 private:
  const std::string bytes_;
  Descriptor other_;
};

/// The frames on the wire. A record is too short for four bytes with the call.
std::string Framed(const test::Records& records) {
  std::string bytes;
  for (std::string_view record : records.all) {
    if (record.empty()) continue;
    const std::size_t length = record.size() + 3;
    for (const std::size_t byte : {length >> 24, length >> 16, length >> 8, length}) {
      bytes += static_cast<char>(byte & 0xff);
    }
    bytes += std::string(3, '\0');
    bytes += record;
  }
  return bytes;
}

LibraryContext MakeContext() {
  const std::array<BuiltinProvider, 1> builtin = {
      {{kRemoteProvider, credmint_remote_provider_init}}};
  auto context = LibraryContext::Create(builtin);
  Require(context.has_value(), "there is a context");
  return *std::move(context);
}

void RequireFailure(const Error& error) {
  Require(error.code <= kLastErrorCode && error.remedy <= kLastRemedy, "a failure is a known one");
  test::RequireOneLine(error.message + error.hint, "a failure is one line");
}

void CheckKey(const LibraryContext& context, EVP_PKEY* key) {
  Require(EVP_PKEY_get_size(key) > 0, "a key has a size");
  const MdCtxPtr signing(EVP_MD_CTX_new());
  const char* digest = EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : "SHA256";
  const ErrorMark mark;
  if (EVP_DigestSignInit_ex(signing.get(), nullptr, digest, context.get(), nullptr, key, nullptr) !=
      1) {
    return;
  }
  Bytes signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  const std::uint8_t message = 'm';
  if (EVP_DigestSign(signing.get(), signature.data(), &size, &message, 1) == 1) {
    Require(size <= signature.size(), "a signature fits");
  }
}

void Check(const test::Records& records) {
  static auto& context = *new LibraryContext(MakeContext());
  static const auto& policy_signer = *new test::TestKey(test::NewKey());
  Said launcher(Framed(records));
  Manners manners;
  auto process =
      KeyProcess::Start(launcher, "the device", manners, std::make_shared<KeyProcessFigures>());
  Require(process.has_value(), "there is a process");
  StoreOptions options;
  options.passphrase = [](const PassphraseRequest& request) -> Result<Secret> {
    test::RequireOneLine(request.subject, "a question is one line");
    return Secret("1234");
  };
  if (records.choice % 2 == 1) options.key.emplace("signer", policy_signer.get());
  const auto contents = (*process)->Load(context, {}, options);
  if (!contents) return RequireFailure(contents.error());
  for (const StoreName& name : contents->names) {
    test::RequireOneLine(name.uri, "a name is one line");
  }
  constexpr std::size_t kEnough = 4;
  for (std::size_t i = 0; i < contents->keys.size() && i < kEnough; ++i) {
    CheckKey(context, contents->keys[i].get());
  }
}

}  // namespace
}  // namespace credmint::keyprocess

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return credmint::test::Records::Mutate(data, size, max_size, seed);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  credmint::keyprocess::Check(credmint::test::Records::In({data, size}));
  return 0;
}
