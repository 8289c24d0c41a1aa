// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tcti_needs.h"

#include <fcntl.h>
#include <stdlib.h>

#include <string_view>
#include <vector>

#include "base/descriptor.h"

namespace credmint::tpm2 {

namespace {

/// The TCTI "pcap" records what passes, in this file. It is made here, because a sandbox can allow
/// only what exists, and the folder would be too much.
std::string PcapFile() {
  const char* const named = getenv("TCTI_PCAP_FILE");
  std::string path = named != nullptr ? named : "tpm2_log.pcap";
  const Descriptor made(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  return path;
}

}  // namespace

ForeignNeeds NeedsOfTcti(const std::string& tcti) {
  const std::size_t colon = tcti.find(':');
  const std::string_view name = std::string_view(tcti).substr(0, colon);
  ForeignNeeds needs;
  if (name == "device") {
    needs = {.complete = true, .unix_sockets = false, .network = false};
    const std::string path = colon == std::string::npos ? "" : tcti.substr(colon + 1);
    needs.writable = path.empty() ? std::vector<std::string>{"/dev/tpmrm0", "/dev/tpm0"}
                                  : std::vector<std::string>{path};
  } else if (name == "tabrmd") {
    needs = {.complete = true, .network = false};
  } else if (name == "swtpm" || name == "mssim") {
    needs.complete = true;
  } else if (name == "pcap" && colon != std::string::npos) {
    needs = NeedsOfTcti(tcti.substr(colon + 1));
    needs.writable.push_back(PcapFile());
  } else {
    needs.programs = name.ends_with("cmd");
  }
  return needs;
}

}  // namespace credmint::tpm2
