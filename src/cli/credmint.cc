// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "cli/output/exit_status.h"
#include "cli/program.h"

int main(int argc, char** argv) try {
  return static_cast<int>(credmint::cli::RunProgram({argv, argv + argc}));
} catch (...) {  // our code does not throw, so a library ran out of memory
  fputs("credmint: out of memory\n", stderr);
  return static_cast<int>(credmint::cli::ExitStatus::kInternal);
}
