// SPDX-License-Identifier: Apache-2.0
#include <openssl/pem.h>

#include "raw_key.h"

int sign_once(char** key) {
  unsigned char message[300] = {1};
  unsigned char signature[512];
  size_t size = sizeof signature;
  BIO* file = BIO_new_file(key[0], "r");
  EVP_PKEY* loaded = file == NULL ? NULL : PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  return loaded != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, loaded) == 1 &&
         EVP_DigestSign(context, signature, &size, message, sizeof message) == 1;
}
