// SPDX-License-Identifier: Apache-2.0
#include "daemon/new_files.h"

#include <unistd.h>

namespace credmint::daemon {

NewFiles::~NewFiles() {
  for (const std::string& path : paths_) unlink(path.c_str());
}

}  // namespace credmint::daemon
