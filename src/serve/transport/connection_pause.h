// SPDX-License-Identifier: Apache-2.0
#pragma once

struct MHD_Connection;

namespace credmint::serve {

/// Keeps the HTTP library from working on a connection until ResumeConnection(). Both are safe to
/// call from any thread, while the connection's server runs.
void PauseConnection(MHD_Connection* connection);
void ResumeConnection(MHD_Connection* connection);

}  // namespace credmint::serve
