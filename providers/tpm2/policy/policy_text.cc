// SPDX-License-Identifier: Apache-2.0
#include "tpm2/policy/policy_text.h"

#include <fmt/format.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "ossl/handles.h"
#include "tpm2/device/tpm_reader.h"
#include "tpm2/device/tss2_library.h"

namespace credmint::tpm2 {
namespace {

constexpr std::size_t kCodeSize = sizeof(TPM2_CC);
constexpr std::string_view kBlank = " \t\r";

std::string_view WithoutBlanks(std::string_view line) {
  const std::size_t first = line.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(kBlank) + 1 - first);
}

std::optional<Bytes> FromHex(std::string_view digits) {
  const ErrorMark mark;
  Bytes bytes(digits.size() / 2 + 1);
  std::size_t size = 0;
  if (OPENSSL_hexstr2buf_ex(bytes.data(), bytes.size(), &size, std::string(digits).c_str(), '\0') !=
      1) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

/// The engine's form begins with the number of banks, which is small, and ours with the size of a
/// digest.
std::optional<PolicyStep> ReadPcrOfEngine(ByteView body) {
  PolicyPcr pcr;
  TpmReader reader(body);
  TPML_PCR_SELECTION& selection = pcr.selection;
  if (!reader.Read(Tss2().Tss2_MU_TPML_PCR_SELECTION_Unmarshal, selection)) return std::nullopt;
  const ByteView digest = body.subspan(reader.offset());
  if (digest.size() != TPM2_SHA256_DIGEST_SIZE) return std::nullopt;
  pcr.digest.size = static_cast<UINT16>(digest.size());
  std::copy(digest.begin(), digest.end(), pcr.digest.buffer);
  return pcr;
}

Result<PolicyStep> ReadLine(std::string_view line) {
  const auto bytes = FromHex(line);
  if (!bytes || bytes->size() < kCodeSize) {
    return Fail(ErrorCode::kMalformed, "it is no command code and body in hexadecimal digits",
                "write a step on each line, as in 0000016b for PolicyAuthValue");
  }
  TPM2_CC code = 0;
  for (std::size_t i = 0; i < kCodeSize; ++i) code = (code << 8U) | (*bytes)[i];
  const ByteView body = ByteView(*bytes).subspan(kCodeSize);
  if (code == TPM2_CC_PolicyAuthorize) {
    return Fail(ErrorCode::kUsage, "PolicyAuthorize is made from the key that signs policies",
                "leave out the line, and name that key");
  }
  const bool of_engine = code == TPM2_CC_PolicyPCR && body.size() > 1 && body[0] + body[1] == 0;
  if (of_engine) {
    if (const auto step = ReadPcrOfEngine(body)) return *step;
  }
  return ReadPolicyStep(code, body);
}

}  // namespace

Result<PolicySteps> ParsePolicyText(std::string_view text) {
  if (auto loaded = LoadTss2(); !loaded) return Fail(std::move(loaded));
  PolicySteps steps;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = WithoutBlanks(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    auto step = ReadLine(line);
    if (!step) return Fail(std::move(step), fmt::format("line {} of the policy", number));
    steps.push_back(*std::move(step));
  }
  if (!steps.empty() && steps.size() <= kMostPolicySteps) return steps;
  return Fail(ErrorCode::kMalformed,
              fmt::format("the policy has {} steps, not 1 to {}", steps.size(), kMostPolicySteps));
}

}  // namespace credmint::tpm2
