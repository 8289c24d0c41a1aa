// SPDX-License-Identifier: Apache-2.0
#include "serve/transport/connection_pause.h"

#include "serve/transport/microhttpd_library.h"

namespace credmint::serve {

void PauseConnection(MHD_Connection* connection) { Microhttpd().suspend_connection(connection); }

void ResumeConnection(MHD_Connection* connection) { Microhttpd().resume_connection(connection); }

}  // namespace credmint::serve
