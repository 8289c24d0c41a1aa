// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "base/constant_time.h"

namespace credmint {

namespace {

constexpr std::size_t kMostLocked = 4096;  // longer than any secret but the contents of a file

}  // namespace

/// Its page stays locked after it, because it may hold another secret. If the limit is reached, the
/// page may be swapped out.
Secret::Secret(std::string_view bytes)
    : bytes_(bytes.empty() ? nullptr : std::make_unique_for_overwrite<char[]>(bytes.size())),
      size_(bytes.size()) {
  if (size_ > 0 && size_ <= kMostLocked) static_cast<void>(mlock(bytes_.get(), size_));
  std::copy(bytes.begin(), bytes.end(), bytes_.get());
}

Secret::~Secret() { Wipe(); }

Secret::Secret(Secret&& other) noexcept
    : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  Wipe();
  bytes_ = std::move(other.bytes_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

Secret Secret::Take(std::span<char> source) {
  Secret secret(std::string_view(source.data(), source.size()));
  if (!source.empty()) explicit_bzero(source.data(), source.size());
  return secret;
}

bool Secret::operator==(const Secret& other) const {
  return EqualInConstantTime(Reveal(), other.Reveal());
}

void Secret::Truncate(std::size_t size) {
  if (size >= size_) return;
  explicit_bzero(bytes_.get() + size, size_ - size);
  size_ = size;
}

void Secret::Wipe() {
  if (bytes_) explicit_bzero(bytes_.get(), size_);
}

}  // namespace credmint
