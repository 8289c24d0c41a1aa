// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "identity/inventory.h"

namespace credmint::cli {

/// An inventory for people: an indented tree, the URI of each thing on a line of its own. Labels
/// are made fit for a terminal. `now` tells which certificates have expired.
std::string FormatInventoryText(const Inventory& inventory,
                                std::chrono::system_clock::time_point now);

/// The same for programs (list.h).
std::string FormatInventoryJson(const Inventory& inventory);

}  // namespace credmint::cli
