// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "identity/inventory.h"

namespace credmint::cli {

/// An inventory for people: an indented tree with the URI of each object on a line of its own.
/// Labels are made safe for a terminal. `now` decides which certificates have expired.
std::string FormatInventoryText(const Inventory& inventory,
                                std::chrono::system_clock::time_point now);

/// The same for programs (list.h).
std::string FormatInventoryJson(const Inventory& inventory);

}  // namespace credmint::cli
