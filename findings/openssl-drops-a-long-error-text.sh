#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSL 3.0.22: an error's text (ERR_raise_data, and ERR_vset_error, by which providers report) of
# 1023 bytes is kept whole. One of 1024 bytes is dropped altogether: the error has an empty text.
#
# One would expect a long text to be cut. A provider that puts the list of a token's keys into its
# message, for example, explains nothing as soon as there is one key more.
#
# Runs Debian 12's packages from a temporary folder. Needs a C compiler. Exits with 0 if OpenSSL
# behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libssl3=3.0.22-1~deb12u2 libssl-dev=3.0.22-1~deb12u2; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH=$libraries OPENSSL_CONF=/dev/null

cat >raise.c <<'C'
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  char text[2000];
  memset(text, 'x', sizeof text);
  for (int size = 1022; size <= 1025; ++size) {
    ERR_raise_data(ERR_LIB_USER, 1, "%.*s", size, text);
    const char* kept = NULL;
    int flags = 0;
    ERR_get_error_all(NULL, NULL, NULL, &kept, &flags);
    printf("raised with %d bytes, kept: %zu\n", size, strlen(kept));
  }
}
C
cc -Iroot/usr/include -I"root/usr/include/$(uname -m)-linux-gnu" -L"$libraries" -o raise raise.c -lcrypto

./raise | tee seen
expected="raised with 1022 bytes, kept: 1022
raised with 1023 bytes, kept: 1023
raised with 1024 bytes, kept: 0
raised with 1025 bytes, kept: 0"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: a long text is lost, not cut"
