// SPDX-License-Identifier: Apache-2.0
/* Links libcrypto and returns: the measure for cache_hit.py. */
#include <openssl/crypto.h>

int main(void) { return OpenSSL_version_num() == 0; }
