#include "tpm2/pcr_selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string_view>
#include <vector>

namespace credmint::tpm2 {
namespace {

std::string_view BankName(TPMI_ALG_HASH hash) {
  switch (hash) {
    case TPM2_ALG_SHA1:
      return "sha1";
    case TPM2_ALG_SHA256:
      return "sha256";
    case TPM2_ALG_SHA384:
      return "sha384";
    case TPM2_ALG_SHA512:
      return "sha512";
    default:
      return "another bank";
  }
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
