#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSL 3.0.22: a certificate that a store was opened for with a property query keeps that query for
# good. Its public key is then looked for among the providers that the query allows. A certificate
# that was loaded with `provider=base` (the provider of files) has no usable key: "decode error". The
# same certificate, encoded and decoded again, has one.
#
# One would expect the query to choose the loader, which is what OSSL_STORE_open_ex() documents. It
# is the way to have a token's loader and no other. A certificate from the token is then bound to a
# provider that does not verify signatures.
#
# Runs Debian 12's packages from a temporary folder. Needs a C compiler. Exits with 0 if OpenSSL
# behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2 libssl-dev=3.0.22-1~deb12u2; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH=$libraries PATH=$folder/root/usr/bin:$PATH OPENSSL_CONF=/dev/null

cat >load.c <<'C'
#include <openssl/err.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/x509.h>
#include <stdio.h>

static void show(const char* what, X509* certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate);
  int good = key != NULL && X509_verify(certificate, key) == 1;
  const char* reason = ERR_reason_error_string(ERR_get_error());
  printf("%s: %s\n", what, good ? "verified" : reason);
  ERR_clear_error();
}

int main(int count, char** arguments) {
  const char* query = count > 2 ? arguments[2] : NULL;
  OSSL_PROVIDER_load(NULL, "default");
  OSSL_PROVIDER_load(NULL, "base");
  OSSL_STORE_CTX* store = OSSL_STORE_open_ex(arguments[1], NULL, query, NULL, NULL, NULL, NULL, NULL);
  OSSL_STORE_INFO* info = store != NULL ? OSSL_STORE_load(store) : NULL;
  X509* certificate = info != NULL ? OSSL_STORE_INFO_get1_CERT(info) : NULL;
  if (certificate == NULL) return 1;

  printf("query %s\n", query != NULL ? query : "none");
  show("  as loaded", certificate);
  unsigned char* bytes = NULL;
  int size = i2d_X509(certificate, &bytes);
  const unsigned char* from = bytes;
  show("  encoded and decoded", d2i_X509(NULL, &from, size));
  return 0;
}
C
cc -Iroot/usr/include -I"root/usr/include/$(uname -m)-linux-gnu" -L"$libraries" -o load load.c -lcrypto
openssl req -x509 -newkey ec -pkeyopt group:P-256 -nodes -keyout key.pem -out certificate.pem \
  -subj /CN=web -config /dev/null 2>/dev/null

{
  ./load certificate.pem
  ./load certificate.pem provider=base
} | tee seen
expected="query none
  as loaded: verified
  encoded and decoded: verified
query provider=base
  as loaded: decode error
  encoded and decoded: verified"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the certificate kept the query of its loader"
