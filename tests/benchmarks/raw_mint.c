// SPDX-License-Identifier: Apache-2.0
/* A minimal program for one mint, the baseline for cold_mint.py. It signs once, reads a certificate,
 * connects, sends a request and reads the answer, one after the other. It checks the service's
 * certificate and nothing else.
 *
 *     raw_..._mint PORT TRUST CERTIFICATE KEY...
 *
 * TRUST is a file with CAs, a folder with hashed names and a slash at its end, or "http" for no TLS.
 * KEY is that of raw_key.h.
 */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "raw_key.h"

static int read_certificate(const char* path) {
  BIO* file = BIO_new_file(path, "r");
  return file != NULL && PEM_read_bio_X509(file, NULL, NULL, NULL) != NULL;
}

static BIO* connect_with(const char* trust) {
  if (strcmp(trust, "http") == 0) return BIO_new(BIO_s_connect());
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  const int is_folder = trust[strlen(trust) - 1] == '/';
  const int loaded = SSL_CTX_load_verify_locations(context, is_folder ? NULL : trust,
                                                   is_folder ? trust : NULL);
  return loaded == 1 ? BIO_new_ssl_connect(context) : NULL;
}

static int ask(const char* port, const char* trust) {
  static const char request[] =
      "POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
      "Connection: close\r\n\r\n{}";
  char answer[4096];
  char host[64];
  snprintf(host, sizeof host, "localhost:%s", port);
  BIO* connection = connect_with(trust);
  if (connection == NULL) return 0;
  BIO_set_conn_hostname(connection, host);
  int got = BIO_write(connection, request, sizeof request - 1) > 0;
  while (got && BIO_read(connection, answer, sizeof answer) > 0) {
  }
  return got;
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  return sign_once(argv + 4) && read_certificate(argv[3]) && ask(argv[1], argv[2]) ? 0 : 1;
}
