// SPDX-License-Identifier: Apache-2.0
#include "base/foreign_call.h"

#include <array>
#include <atomic>
#include <utility>

namespace credmint {
namespace {

/// One place for each thread; later threads share them, which only blurs the answer.
using Places = std::array<std::atomic<const char*>, 128>;

Places& AllPlaces() {
  static Places places{};
  return places;
}

std::atomic<const char*>& PlaceOfThread() {
  static std::atomic<std::size_t> next = 0;
  thread_local std::atomic<const char*>& place = AllPlaces()[next++ % AllPlaces().size()];
  return place;
}

std::function<void(LoginCall::Stage)>& LoginListener() {
  static auto* const kListener = new std::function<void(LoginCall::Stage)>;
  return *kListener;
}

}  // namespace

ForeignCall::ForeignCall(const char* name) : outer_(PlaceOfThread()) { PlaceOfThread() = name; }

ForeignCall::~ForeignCall() { PlaceOfThread() = outer_; }

std::string ForeignCall::Running() {
  std::string names;
  for (const auto& place : AllPlaces()) {
    const char* name = place;
    if (name != nullptr) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return names;
}

void LoginCall::SetListener(std::function<void(Stage)> listener) {
  LoginListener() = std::move(listener);
}

void LoginCall::Tell(Stage stage) {
  if (LoginListener()) LoginListener()(stage);
}

}  // namespace credmint
