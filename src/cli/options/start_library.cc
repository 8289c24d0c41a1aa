// SPDX-License-Identifier: Apache-2.0
#include "cli/options/start_library.h"

#include <fmt/format.h>
#include <malloc.h>
#include <openssl/core.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/core_limit.h"
#include "base/idle_memory.h"
#include "base/log.h"
#include "cli/options/hidden_places.h"
#include "cli/output/output.h"
#include "cli/output/terminal_prompt.h"
#include "daemon/end_signals.h"
#include "http/curl_ahead.h"
#include "identity/referenced_file.h"
#include "identity/scheme_table.h"
#include "keyprocess/key_processes.h"
#include "keyprocess/key_server.h"
#include "keyprocess/launcher.h"
#include "keyprocess/sandbox.h"
#include "ossl/uri_file.h"

extern "C" OSSL_provider_init_fn credmint_remote_provider_init;

namespace credmint::cli {
namespace {

/// They let anyone who sets them load code into the TLS library, or read what it sends.
constexpr auto kOfOpenssl = std::to_array<const char*>({"OPENSSL_CONF", "SSLKEYLOGFILE"});

constexpr BuiltinProvider kRemoteKeys = {kRemoteProvider, credmint_remote_provider_init};

/// A person at a terminal may have to touch a token.
void ReportSlow(const std::string& what) {
  const std::string text = "waiting for " + what + " (does it want to be touched?)";
  isatty(STDERR_FILENO) == 1 ? ReportNotice(text) : LogDebug(text);
}

/// An SDK that runs a command waits for it, so all answers together get the time of one. A person
/// may take longer, and ends the command.
keyprocess::Manners MannersOf(const ProcessOptions& options, Running running,
                              const roles::Role* minting) {
  const auto timeout = KeyTimeout(options).value_or(std::chrono::milliseconds(0));
  keyprocess::Manners manners{
      .timeout = timeout, .replaces = running == Running::kUntilTold, .slow = ReportSlow};
  const bool somebody_waits = running == Running::kOnce && timeout.count() > 0 && !HasTerminal();
  manners.hidden = HiddenPlaces(options.secret_files);
  manners.home = HomeFolder();
  if (!somebody_waits) return manners;
  manners.until = std::chrono::steady_clock::now() + timeout;
  if (minting != nullptr && !minting->spares.empty()) {
    manners.part = timeout / (1 + minting->spares.size());
  }
  return manners;
}

/// A file that cannot be read now is not one; the code that needs it says why.
bool HoldsKeyOfDevice(const KeyReference& file) {
  std::error_code failed;
  if (!file.is_path() || !std::filesystem::is_regular_file(file.text(), failed)) return false;
  const auto contents = ReadReferenced(file);
  return contents && (FindSchemeOfFile(contents->Reveal()) != nullptr ||
                      ReadUriFile(contents->Reveal()).has_value());
}

/// Whether a key process will be needed. If that is wrong, it is only slower.
bool SignsInDevice(const IdentitySpec& identity) {
  const auto& key = identity.private_key ? identity.private_key : identity.certificate.certificate;
  return key && (key->scheme() != nullptr || HoldsKeyOfDevice(*key));
}

/// For a process that lives for milliseconds.
void PrepareShortRun() {
  // Otherwise another thread's memory grows by one page at a time, each with a system call.
  mallopt(M_TOP_PAD, 256 * 1024);
  OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr);
}

Result<LibraryContext> Start(const ProcessOptions& options, Running running,
                             const roles::Role* minting) {
  if (options.no_key_process) {
    daemon::EndSignals::OfThisProcess();  // closes what is open in the device
    return LibraryContext::Create(BuiltinProviders(), options.providers);
  }
  if (running == Running::kUntilTold) PrepareIdleMemory();
  ForbidTracing();
  if (minting != nullptr) PrepareShortRun();
  const auto curl = std::make_shared<CurlAhead>();
  // A device's process is forked before there are threads.
  const bool forks = minting != nullptr && SignsInDevice(*minting->identity);
  if (minting != nullptr && !forks) curl->Start();
  auto context = LibraryContext::Create({&kRemoteKeys, 1});
  if (!context) return context;
  const bool runs_on = running == Running::kUntilTold;
  auto launcher = keyprocess::Launcher::Create(
      [library = context->get(), runs_on](Descriptor socket) {
        keyprocess::ServeKeys(library, BuiltinProviders(), std::move(socket), runs_on);
      },
      [curl] { curl->Finish(); });
  if (runs_on) {
    if (auto prepared = launcher->PrepareForThreads(); !prepared) return Fail(std::move(prepared));
  }
  if (minting != nullptr) context->LeaveToSystem();
  if (forks) {
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr);  // else both processes would do it
    launcher->LaunchAhead();
    curl->Start();
  }
  auto processes = std::make_shared<keyprocess::KeyProcesses>(std::move(launcher),
                                                              MannersOf(options, running, minting));
  if (options.providers.empty()) {
    context->SetStores(std::move(processes), {});
    return context;
  }
  const StoreDevice other{"providers", "the OpenSSL provider", options.providers};
  auto prepared = processes->Prepare(*context, other);
  if (!prepared) return Fail(std::move(prepared));
  context->SetStores(std::move(processes), other);
  return context;
}

}  // namespace

Result<LibraryContext> StartLibrary(const ProcessOptions& options, Running running) {
  return Start(options, running, nullptr);
}

Result<LibraryContext> StartToMint(const ProcessOptions& options, const roles::Role& role) {
  for (const char* name : kOfOpenssl) {
    if (getenv(name) != nullptr) LogDebug(fmt::format("{} is set, and obeyed", name));
  }
  return Start(options, Running::kOnce, &role);
}

void IgnoreOpensslVariables(const ProcessOptions& options) {
  for (const char* name : kOfOpenssl) {
    if (getenv(name) == nullptr || options.use_openssl_conf) continue;
    LogDebug(fmt::format("{} is ignored", name));
    unsetenv(name);
  }
}

void RestrictThisProcess(const ProcessOptions& options) {
  if (options.no_key_process) return;
  if (auto restricted = keyprocess::RestrictMainProcess(); !restricted) {
    LogDebug("this process keeps its rights: " + restricted.error().message);
  }
}

}  // namespace credmint::cli
