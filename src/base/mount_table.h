// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace credmint {

/// The paths, and all others under which the same files can be reached: a folder may be mounted in
/// several places (bind mounts). `mountinfo` has the form of /proc/PID/mountinfo
/// (proc_pid_mountinfo(5)). The paths are absolute and without links.
std::vector<std::string> WithOtherMounts(std::vector<std::string> paths,
                                         std::string_view mountinfo);

}  // namespace credmint
