// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/microhttpd_library.h"

#include "base/dynamic_library.h"
#include "base/loaded_once.h"

namespace credmint::serve {
namespace {

Result<void> Find(MicrohttpdLibrary& functions) {
  DynamicLibrary library("libmicrohttpd.so.12", "libmicrohttpd12");
  library.Find(functions.add_response_header, "MHD_add_response_header");
  library.Find(functions.create_response, "MHD_create_response_from_buffer_with_free_callback_cls");
  library.Find(functions.destroy_response, "MHD_destroy_response");
  library.Find(functions.get_connection_info, "MHD_get_connection_info");
  library.Find(functions.get_connection_values, "MHD_get_connection_values");
  library.Find(functions.get_daemon_info, "MHD_get_daemon_info");
  library.Find(functions.queue_response, "MHD_queue_response");
  library.Find(functions.resume_connection, "MHD_resume_connection");
  library.Find(functions.run_wait, "MHD_run_wait");
  library.Find(functions.start_daemon, "MHD_start_daemon");
  library.Find(functions.stop_daemon, "MHD_stop_daemon");
  library.Find(functions.suspend_connection, "MHD_suspend_connection");
  return library.Check();
}

using Library = LoadedOnce<MicrohttpdLibrary, Find>;

}  // namespace

Result<void> LoadMicrohttpd() { return Library::Check(); }

const MicrohttpdLibrary& Microhttpd() { return Library::Use(); }

}  // namespace credmint::serve
