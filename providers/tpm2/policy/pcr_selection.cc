// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/pcr_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <optional>
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

/// Cuts off what is before the first `separator`, or all.
std::string_view TakeUntil(std::string_view& rest, char separator) {
  const std::string_view part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

std::optional<TPMI_ALG_HASH> FindBank(std::string_view name) {
  for (const TPMI_ALG_HASH hash :
       {TPM2_ALG_SHA1, TPM2_ALG_SHA256, TPM2_ALG_SHA384, TPM2_ALG_SHA512}) {
    if (BankName(hash) == name) return hash;
  }
  return std::nullopt;
}

bool AddPcr(std::string_view text, TPMS_PCR_SELECTION& bank) {
  unsigned int pcr = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, pcr);
  if (error != std::errc() || stop != end || pcr >= bank.sizeofSelect * 8U) return false;
  bank.pcrSelect[pcr / 8] = static_cast<BYTE>(bank.pcrSelect[pcr / 8] | 1U << pcr % 8);
  return true;
}

bool ReadBank(std::string_view text, TPMS_PCR_SELECTION& bank) {
  constexpr UINT8 kBytes = 3;  // the 24 PCRs of a PC
  const auto hash = FindBank(TakeUntil(text, ':'));
  if (!hash || text.empty() || text.ends_with(',')) return false;
  bank.hash = *hash;
  bank.sizeofSelect = kBytes;
  while (!text.empty()) {
    if (!AddPcr(TakeUntil(text, ','), bank)) return false;
  }
  return true;
}

}  // namespace

Result<TPML_PCR_SELECTION> ParsePcrs(std::string_view text) {
  TPML_PCR_SELECTION selection{};
  bool good = !text.empty() && !text.ends_with('+');
  while (good && !text.empty()) {
    good = selection.count < std::size(selection.pcrSelections) &&
           ReadBank(TakeUntil(text, '+'), selection.pcrSelections[selection.count++]);
  }
  if (good) return selection;
  return Fail(ErrorCode::kUsage, "these are no PCRs",
              "write a bank and numbers from 0 to 23: sha256:0,7");
}

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
