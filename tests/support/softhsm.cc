// SPDX-License-Identifier: Apache-2.0
#include "support/softhsm.h"

#include <stdlib.h>

#include <fstream>
#include <regex>

namespace credmint::test {
namespace {

namespace fs = std::filesystem;

/// The path of a library in the folders of Debian's architectures, or the bare name if not found.
std::string FindLibrary(const std::string& name) {
  for (const char* folder :
       {"/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu"}) {
    if (fs::exists(fs::path(folder) / name)) return fs::path(folder) / name;
  }
  return name;
}

}  // namespace

SoftHsm::SoftHsm(fs::path directory) : directory_(std::move(directory)) {
  fs::create_directory(directory_ / "tokens");
  const fs::path configuration = directory_ / "softhsm2.conf";
  std::ofstream(configuration) << "directories.tokendir = " << (directory_ / "tokens").string()
                               << "\nobjectstore.backend = file\nlog.level = ERROR\n";
  setenv("SOFTHSM2_CONF", configuration.c_str(), 1);
}

SoftHsm::~SoftHsm() {
  unsetenv("SOFTHSM2_CONF");
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

std::unique_ptr<SoftHsm> SoftHsm::Create(const std::string& label) {
  std::string name = (fs::temp_directory_path() / "credmint-hsm-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return nullptr;
  std::unique_ptr<SoftHsm> hsm(new SoftHsm(name));
  return hsm->AddToken(label) ? std::move(hsm) : nullptr;
}

bool SoftHsm::AddToken(const std::string& label) const {
  return Run({"softhsm2-util", "--init-token", "--free", "--label", label, "--pin", kPin,
              "--so-pin", kSoPin})
      .ok();
}

bool SoftHsm::GenerateKey(const std::string& token, const std::string& type,
                          const std::string& label, const std::string& id) const {
  return Tool(token, {"--keypairgen", "--key-type", type, "--label", label, "--id", id}).ok();
}

ProcessResult SoftHsm::Tool(const std::string& token,
                            const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {"pkcs11-tool", "--module", module(), "--token-label",
                                  token,         "--login",  "--pin",  kPin};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return Run(all);
}

std::string SoftHsm::module() { return FindLibrary("libsofthsm2.so"); }

std::string SoftHsm::spied_module(const fs::path& log) {
  setenv("PKCS11SPY", module().c_str(), 1);
  setenv("PKCS11SPY_OUTPUT", log.c_str(), 1);
  return FindLibrary("pkcs11-spy.so");
}

int CountCalls(const fs::path& spy_log, const std::string& function) {
  const std::regex call(R"(^\d+: (C_\w+)$)");
  std::ifstream log(spy_log);
  int count = 0;
  for (std::string line; std::getline(log, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, call)) continue;
    if (function.empty() || match[1] == function) ++count;
  }
  return count;
}

std::vector<std::string> TokenPrograms() { return {"softhsm2-util", "pkcs11-tool", "openssl"}; }

}  // namespace credmint::test
