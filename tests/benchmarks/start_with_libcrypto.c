// SPDX-License-Identifier: Apache-2.0
/* Links libcrypto and returns. This is the baseline for cache_hit.py. */
#include <openssl/crypto.h>

int main(void) { return OpenSSL_version_num() == 0; }
