// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tcti_needs.h"

#include <stdlib.h>

#include <filesystem>
#include <string_view>

namespace credmint::tpm2 {

namespace {

/// The TCTI "pcap" records what passes. By default the file is in the working directory.
std::string FolderOfPcapFile() {
  const char* const file = getenv("TCTI_PCAP_FILE");
  const std::string folder =
      std::filesystem::path(file != nullptr ? file : "").parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

ForeignNeeds NeedsOfTcti(const std::string& tcti) {
  const std::size_t colon = tcti.find(':');
  const std::string_view name = std::string_view(tcti).substr(0, colon);
  ForeignNeeds needs;
  if (name == "device") {
    needs = {.complete = true, .unix_sockets = false, .network = false};
    needs.writable.push_back(colon == std::string::npos ? "/dev/tpm0" : tcti.substr(colon + 1));
  } else if (name == "tabrmd") {
    needs = {.complete = true, .network = false};
  } else if (name == "swtpm" || name == "mssim") {
    needs.complete = true;
  } else if (name == "pcap" && colon != std::string::npos) {
    needs = NeedsOfTcti(tcti.substr(colon + 1));
    needs.writable.push_back(FolderOfPcapFile());
  } else {
    needs.programs = name.ends_with("cmd");
  }
  return needs;
}

}  // namespace credmint::tpm2
