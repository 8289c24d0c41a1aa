#include "tpm2/tss_log.h"

#include <stdlib.h>

namespace credmint::tpm2 {

void SilenceTssLog() {
  static const bool kDone = setenv("TSS2_LOG", "all+NONE", 0) == 0;
  static_cast<void>(kDone);
}

}  // namespace credmint::tpm2
