// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/configuration.h"
#include "config/mistake.h"

namespace credmint::cli {

/// Adds what is wrong in a configuration that was read, one mistake for each setting, and sorts all
/// mistakes by line.
///
/// Finds unknown and malformed settings, those that contradict each other, roles without an ARN or
/// an identity, and files that are not there. Reads neither keys nor secrets, and opens no device.
/// The environment and the AWS config file do not count.
void CheckConfiguration(const Configuration& file, Mistakes& mistakes);

}  // namespace credmint::cli
