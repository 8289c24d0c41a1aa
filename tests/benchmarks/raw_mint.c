// SPDX-License-Identifier: Apache-2.0
/* A minimal program for one mint with a key in a file, the baseline for cold_mint.py: it signs 300
 * bytes, makes a TLS connection, sends a request and reads the answer. It checks the service's
 * certificate and nothing else.
 *
 *     raw_mint KEY CERTIFICATE CA PORT
 */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

static int sign(const char* path) {
  unsigned char message[300] = {1};
  unsigned char signature[512];
  size_t size = sizeof signature;
  BIO* file = BIO_new_file(path, "r");
  EVP_PKEY* key = file == NULL ? NULL : PEM_read_bio_PrivateKey(file, NULL, NULL, NULL);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  return key != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestSign(context, signature, &size, message, sizeof message) == 1;
}

static int read_certificate(const char* path) {
  BIO* file = BIO_new_file(path, "r");
  return file != NULL && PEM_read_bio_X509(file, NULL, NULL, NULL) != NULL;
}

static int ask(const char* authority, const char* port) {
  static const char request[] =
      "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Connection: close\r\n\r\n{}";
  char answer[4096];
  char host[64];
  snprintf(host, sizeof host, "localhost:%s", port);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  if (SSL_CTX_load_verify_locations(context, authority, NULL) != 1) return 0;
  BIO* connection = BIO_new_ssl_connect(context);
  BIO_set_conn_hostname(connection, host);
  int got = BIO_write(connection, request, sizeof request - 1) > 0;
  while (got && BIO_read(connection, answer, sizeof answer) > 0) {
  }
  return got;
}

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  return sign(argv[1]) && read_certificate(argv[2]) && ask(argv[3], argv[4]) ? 0 : 1;
}
