// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "doctor/examination.h"

namespace credmint::doctor {

/// An environment variable that changes what the program, a module or an AWS client does.
struct Variable {
  enum class Kind : std::uint8_t {
    kNote,   ///< worth knowing
    kFile,   ///< names a file or folder, or several with colons, which should be there
    kDoubt,  ///< rarely meant
  };

  const char* name;
  const char* effect;  ///< a sentence without its subject: "is where CAs are read from"
  Kind kind = Kind::kNote;
};

/// The user who runs this, and the groups that may open devices.
void CheckUser(const Observer& observer);

/// Those of `variables` that are set, with their values. The password in the URL of a proxy is not
/// shown.
void CheckEnvironment(const Observer& observer, std::span<const Variable> variables);

/// The libraries that are loaded when needed: the one for requests, and the one for `serve` if
/// `serves`. Those for devices belong to the key processes.
void CheckLibraries(const Observer& observer, bool serves);

}  // namespace credmint::doctor
