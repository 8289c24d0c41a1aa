#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# OpenSSL 3.0.22: if a provider's store asks for two passphrases while it loads one object, the
# application is asked once. OpenSSL answers the second question with the first answer, although the
# provider described another secret (OSSL_PASSPHRASE_PARAM_INFO).
#
# One would expect each question to reach the application, or the store's documentation to say that
# it does not. A token may want its PIN for the login, and another one for the key. The wrong one is
# then sent, and the token counts it.
#
# Runs Debian 12's packages from a temporary folder, with a provider that asks twice. Needs a C
# compiler. Exits with 0 if OpenSSL behaves as described, 1 if it does not, and 77 if the packages
# cannot be downloaded.
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

cat >ask.c <<'C'
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdio.h>
#include <string.h>

// A provider with one store, for URIs that begin with "two:".

static int loaded;

static void* store_open(void* provider, const char* uri) { return &loaded; }
static int store_set(void* store, const OSSL_PARAM parameters[]) { return 1; }
static int store_eof(void* store) { return loaded; }
static int store_close(void* store) { return 1; }

static void ask(const char* what, OSSL_PASSPHRASE_CALLBACK* callback, void* argument) {
  char answer[64] = "";
  size_t size = 0;
  OSSL_PARAM parameters[] = {
      OSSL_PARAM_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, (char*)what, strlen(what)), OSSL_PARAM_END};
  callback(answer, sizeof answer - 1, &size, parameters, argument);
  printf("provider: %s is %.*s\n", what, (int)size, answer);
}

static int store_load(void* store, OSSL_CALLBACK* object, void* object_argument,
                      OSSL_PASSPHRASE_CALLBACK* callback, void* argument) {
  ask("the token's PIN", callback, argument);
  ask("the key's PIN", callback, argument);
  loaded = 1;
  return 0;
}

static const OSSL_DISPATCH kStore[] = {
    {OSSL_FUNC_STORE_OPEN, (void (*)(void))store_open},
    {OSSL_FUNC_STORE_SET_CTX_PARAMS, (void (*)(void))store_set},
    {OSSL_FUNC_STORE_LOAD, (void (*)(void))store_load},
    {OSSL_FUNC_STORE_EOF, (void (*)(void))store_eof},
    {OSSL_FUNC_STORE_CLOSE, (void (*)(void))store_close},
    {0, NULL}};
static const OSSL_ALGORITHM kStores[] = {{"two", "provider=two", kStore, NULL}, {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM* query(void* provider, int operation, int* no_cache) {
  return operation == OSSL_OP_STORE ? kStores : NULL;
}

static const OSSL_DISPATCH kProvider[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query}, {0, NULL}};

static int start(const OSSL_CORE_HANDLE* core, const OSSL_DISPATCH* in, const OSSL_DISPATCH** out,
                 void** provider) {
  *out = kProvider;
  *provider = &loaded;
  return 1;
}

// The application.

static int answer(char* buffer, int size, int writing, void* data) {
  static int asked;
  ++asked;
  printf("application: asked for the %s time\n", asked == 1 ? "first" : "second");
  return snprintf(buffer, size, "%s", asked == 1 ? "1111" : "2222");
}

int main(void) {
  OSSL_PROVIDER_add_builtin(NULL, "two", start);
  OSSL_PROVIDER_load(NULL, "two");
  UI_METHOD* method = UI_UTIL_wrap_read_pem_callback(answer, 0);
  OSSL_STORE_CTX* store =
      OSSL_STORE_open_ex("two:key", NULL, "provider=two", method, NULL, NULL, NULL, NULL);
  if (store == NULL) return 1;
  OSSL_STORE_load(store);
  return 0;
}
C
cc -Iroot/usr/include -I"root/usr/include/$(uname -m)-linux-gnu" -L"$libraries" -o ask ask.c -lcrypto

./ask | tee seen
expected="application: asked for the first time
provider: the token's PIN is 1111
provider: the key's PIN is 1111"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: the second question never reached the application"
