// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "builtin.h"
#include "identity/signing_key.h"
#include "keyprocess/key_processes.h"
#include "keyprocess/key_server.h"
#include "keyprocess/launcher.h"
#include "ossl/read_store.h"
#include "support/softhsm.h"

/// Measures how much longer a signature of a token takes in a key process than in this process.
///
/// The same key is opened in both, and signs in turn. Prints the difference of the best means of a
/// batch, and fails if it is above its limit.
namespace credmint {
namespace {

using test::SoftHsm;
using Micros = std::chrono::duration<double, std::micro>;

constexpr Micros kLimit{140};  // the goal is 60
constexpr int kBatch = 100;
constexpr int kRounds = 30;

SigningKey Load(const LibraryContext& library, const StoreDevice& device) {
  StoreOptions options;
  options.properties = "provider=credmint-pkcs11";
  options.parameters = {{"pkcs11-module-path", SoftHsm::module()}};
  options.passphrase = [](const PassphraseRequest&) -> Result<Secret> {
    return Secret(SoftHsm::kPin);
  };
  options.device = device;
  auto contents = OpenStore(library, "pkcs11:token=bench;object=ec", options);
  if (contents) return {library, std::move(contents->keys.front())};
  fmt::print(stderr, "{}\n", contents.error().message);
  exit(1);
}

Micros TimeOf(const SigningKey& key) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kBatch; ++i) {
    if (!key.Sign("a string to sign")) exit(1);
  }
  return (std::chrono::steady_clock::now() - start) / kBatch;
}

int Run() {
  const auto token = SoftHsm::Create("bench");
  if (!token || !token->GenerateKey("bench", "EC:prime256v1", "ec", "01")) return 1;
  const std::vector<BuiltinProvider> providers = {
      {"credmint-pkcs11", credmint_pkcs11_provider_init},
      {kRemoteProvider, credmint_remote_provider_init}};
  auto library = LibraryContext::Create(providers);
  if (!library) return 1;
  auto launcher = keyprocess::Launcher::Create([context = library->get()](Descriptor socket) {
    keyprocess::ServeKeys(context, {}, std::move(socket), false);
  });
  library->SetStores(
      std::make_shared<keyprocess::KeyProcesses>(std::move(launcher), keyprocess::Manners()), {});
  const SigningKey there = Load(*library, {"softhsm", "SoftHSM", {}});  // before there is a thread
  const SigningKey here = Load(*library, {});
  Micros best_here = Micros::max();
  Micros best_there = Micros::max();
  for (int round = 0; round < kRounds; ++round) {
    best_here = std::min(best_here, TimeOf(here));
    best_there = std::min(best_there, TimeOf(there));
  }
  const Micros more = best_there - best_here;
  fmt::print("here {:.1f} us, in a key process {:.1f} us: {:.1f} us more (limit {:.0f})\n",
             best_here.count(), best_there.count(), more.count(), kLimit.count());
  return more > kLimit ? 1 : 0;
}

}  // namespace
}  // namespace credmint

int main() { return credmint::Run(); }
