// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/tss_log.h"

#include <stdlib.h>

#include "base/dynamic_library.h"

namespace credmint::tpm2 {
namespace {

/// From glib/gmessages.h. `levels` is a bit set.
using GLogFunc = void (*)(const char* domain, int levels, const char* message, void* data);
constexpr int kWarningsAndCriticals = 1 << 4 | 1 << 3;

struct Glib {
  unsigned (*g_log_set_handler)(const char* domain, int levels, GLogFunc, void* data) = nullptr;
  void (*g_log_remove_handler)(const char* domain, unsigned handler) = nullptr;
};

Glib LoadGlib() {
  DynamicLibrary library("libglib-2.0.so.0", "libglib2.0-0");
  Glib functions;
  library.Find(functions.g_log_set_handler, "g_log_set_handler");
  library.Find(functions.g_log_remove_handler, "g_log_remove_handler");
  return library.Check() ? functions : Glib();
}

const Glib& GetGlib() {
  static const Glib kGlib = LoadGlib();
  return kGlib;
}

void WriteNothing(const char*, int, const char*, void*) {}

}  // namespace

void SilenceTssLog() {
  static const bool kDone = setenv("TSS2_LOG", "all+NONE", 0) == 0;
  static_cast<void>(kDone);
}

SilentGlib::SilentGlib(std::string_view tcti) {
  if (tcti.find("tabrmd") == std::string_view::npos) return;
  if (GetGlib().g_log_set_handler == nullptr) return;  // without GLib there is no such TCTI either
  handler_ = GetGlib().g_log_set_handler(nullptr, kWarningsAndCriticals, WriteNothing, nullptr);
}

SilentGlib::~SilentGlib() {
  if (handler_ != 0) GetGlib().g_log_remove_handler(nullptr, handler_);
}

}  // namespace credmint::tpm2
