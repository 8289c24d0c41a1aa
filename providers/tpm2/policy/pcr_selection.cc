// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/pcr_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "tpm2/device/tpm_hash.h"

namespace credmint::tpm2 {
namespace {

/// The bank's name as tpm2-tools write it: "sha256".
std::string BankName(TPMI_ALG_HASH hash) {
  const auto known = FindTpmHash(hash);
  std::string name = known ? known->name : "another bank";
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace

std::string NamePcrs(const TPML_PCR_SELECTION& selection) {
  std::vector<std::string> banks;
  for (UINT32 i = 0; i < selection.count; ++i) {
    const TPMS_PCR_SELECTION& bank = selection.pcrSelections[i];
    std::vector<int> numbers;
    for (int pcr = 0; pcr < bank.sizeofSelect * 8; ++pcr) {
      if ((bank.pcrSelect[pcr / 8] & (1U << (pcr % 8U))) != 0) numbers.push_back(pcr);
    }
    banks.push_back(fmt::format("{} ({})", fmt::join(numbers, ", "), BankName(bank.hash)));
  }
  return fmt::format("{}", fmt::join(banks, " and "));
}

}  // namespace credmint::tpm2
