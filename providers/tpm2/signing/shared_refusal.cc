// SPDX-License-Identifier: Apache-2.0
#include "tpm2/signing/shared_refusal.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <new>
#include <string>
#include <string_view>

namespace credmint::tpm2 {
namespace {

constexpr std::size_t kTextSize = 600;
using Text = std::array<char, kTextSize>;

void Copy(std::string_view text, Text& to) {
  const std::size_t size = std::min(text.size(), to.size() - 1);
  std::copy_n(text.begin(), size, to.begin());
  to[size] = '\0';
}

}  // namespace

struct SharedRefusal::Page {
  enum class State : int { kNone, kBeingWritten, kWritten };
  std::atomic<State> state = State::kNone;
  ErrorCode code = ErrorCode::kPinIncorrect;
  Remedy remedy = Remedy::kNone;
  Text message{};
  Text hint{};
};

SharedRefusal::SharedRefusal() {
  void* const memory =
      mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) page_ = new (memory) Page;
}

SharedRefusal::~SharedRefusal() {
  if (page_ != nullptr) munmap(page_, sizeof(Page));
}

std::optional<Error> SharedRefusal::Get() const {
  if (page_ == nullptr) return std::nullopt;
  switch (page_->state.load()) {
    case Page::State::kNone:
      return std::nullopt;
    case Page::State::kBeingWritten:
      return Error{ErrorCode::kPinIncorrect, "the TPM refused the auth value", {}};
    case Page::State::kWritten:
      return Error{page_->code, page_->message.data(), page_->hint.data(), {}, page_->remedy};
  }
  return std::nullopt;
}

void SharedRefusal::Set(const Error& error) {
  if (page_ == nullptr) return;
  auto none = Page::State::kNone;
  if (!page_->state.compare_exchange_strong(none, Page::State::kBeingWritten)) return;
  page_->code = error.code;
  page_->remedy = error.remedy;
  Copy(error.message, page_->message);
  Copy(error.hint, page_->hint);
  page_->state = Page::State::kWritten;
}

}  // namespace credmint::tpm2
