// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "identity/inventory.h"

namespace credmint::cli {

/// The circumstances under which an inventory is shown.
struct InventoryView {
  std::chrono::system_clock::time_point now;  ///< decides which certificates have expired
  bool logged_in = false;                     ///< if not, the text says what a login would add
};

/// An inventory for people: an indented tree with the URIs of each object on lines of their own,
/// the short one first. Labels are made safe for a terminal.
std::string FormatInventoryText(const Inventory& inventory, const InventoryView& view);

/// The same for programs (list.h).
std::string FormatInventoryJson(const Inventory& inventory);

}  // namespace credmint::cli
