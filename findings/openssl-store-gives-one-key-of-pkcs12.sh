#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSL 3.0.22: of a PKCS#12 file with two private keys, the store (OSSL_STORE_load, and with it
# `openssl storeutl`) gives the first one only. It reports neither an error nor that it left one out.
# `openssl pkcs12` shows both.
#
# One would expect a store to give all objects: that is its purpose, and it gives both keys of a PEM
# file. A file with several keys is valid, and Java stores its keys so. A program that looks for the
# key of its certificate does not find the second one.
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

cat >make.c <<'C'
#include <openssl/evp.h>
#include <openssl/pkcs12.h>

// Writes a PKCS#12 file with two keys to stdout.
int main(void) {
  STACK_OF(PKCS12_SAFEBAG)* bags = NULL;
  STACK_OF(PKCS7)* safes = NULL;
  for (const char* name = "ab"; *name != 0; ++name) {
    PKCS12_SAFEBAG* bag = PKCS12_add_key(&bags, EVP_EC_gen("P-256"), 0, 2048, NID_aes_256_cbc, "pass");
    PKCS12_add_friendlyname_utf8(bag, name, 1);
  }
  PKCS12_add_safe(&safes, bags, -1, 0, NULL);
  PKCS12* file = PKCS12_add_safes(safes, 0);
  PKCS12_set_mac(file, "pass", -1, NULL, 0, 2048, EVP_sha256());
  return i2d_PKCS12_fp(stdout, file) == 1 ? 0 : 1;
}
C
cc -Iroot/usr/include -I"root/usr/include/$(uname -m)-linux-gnu" -L"$libraries" -o make make.c -lcrypto
./make >two.p12
openssl pkcs12 -in two.p12 -nodes -passin pass:pass >two.pem

keys() { grep -c 'BEGIN PRIVATE KEY' || true; }
{
  echo "openssl pkcs12, two.p12: $(keys <two.pem) keys"
  echo "openssl storeutl, two.p12: $(openssl storeutl -passin pass:pass two.p12 | keys) keys"
  echo "openssl storeutl, two.pem: $(openssl storeutl two.pem | keys) keys"
} | tee seen
expected="openssl pkcs12, two.p12: 2 keys
openssl storeutl, two.p12: 1 keys
openssl storeutl, two.pem: 2 keys"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the store leaves out the second key"
