// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/foreign_code.h"

namespace credmint::tpm2 {

/// The needs of tpm2-tss for the connection `tcti` ("name:options", tss2-tctildr(7)).
ForeignNeeds NeedsOfTcti(const std::string& tcti);

}  // namespace credmint::tpm2
