// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <microhttpd.h>

#include "base/error.h"

namespace credmint::serve {

/// libmicrohttpd's functions, loaded when a server starts. Linking it would slow down every start
/// of the program, even if nothing is served.
struct MicrohttpdLibrary {
  decltype(&::MHD_add_response_header) add_response_header = nullptr;
  decltype(&::MHD_create_response_from_buffer_with_free_callback_cls) create_response = nullptr;
  decltype(&::MHD_destroy_response) destroy_response = nullptr;
  decltype(&::MHD_get_connection_info) get_connection_info = nullptr;
  decltype(&::MHD_get_connection_values) get_connection_values = nullptr;
  decltype(&::MHD_get_daemon_info) get_daemon_info = nullptr;
  decltype(&::MHD_queue_response) queue_response = nullptr;
  decltype(&::MHD_resume_connection) resume_connection = nullptr;
  decltype(&::MHD_run_wait) run_wait = nullptr;
  decltype(&::MHD_start_daemon) start_daemon = nullptr;
  decltype(&::MHD_stop_daemon) stop_daemon = nullptr;
  decltype(&::MHD_suspend_connection) suspend_connection = nullptr;
};

/// Loads the library once; it is never unloaded. Fails with kInternal if it is not installed. Safe
/// to call from any thread.
Result<void> LoadMicrohttpd();

/// Call only after LoadMicrohttpd() succeeded.
const MicrohttpdLibrary& Microhttpd();

}  // namespace credmint::serve
