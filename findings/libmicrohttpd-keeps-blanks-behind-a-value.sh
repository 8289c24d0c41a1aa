#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# libmicrohttpd 0.9.75: blanks and tabs behind a header's value stay part of it. Those in front are
# removed. By HTTP neither belongs to the value (RFC 9110 section 5.5).
#
# One would expect a server's library to remove both, as other servers do. A program that compares a
# value, such as a token in Authorization, refuses a valid request, unless it removes them itself.
#
# Runs Debian 12's packages from a temporary folder. Needs a C compiler. Exits with 0 if libmicrohttpd
# behaves as described, 1 if it does not, and 77 if the packages cannot be downloaded.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in libmicrohttpd12=0.9.75-6 libmicrohttpd-dev=0.9.75-6; do
  apt-get download "$package" >/dev/null 2>&1 || {
    echo "cannot be had: $package"
    exit 77
  }
done
for package in *.deb; do dpkg -x "$package" root; done
libraries=$folder/root/usr/lib/$(uname -m)-linux-gnu

cat >echo.c <<'C'
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// Answers a request with the value of its header "Colour".
static enum MHD_Result answer(void* data, struct MHD_Connection* connection, const char* url,
                              const char* method, const char* version, const char* upload,
                              size_t* upload_size, void** state) {
  const char* colour = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Colour");
  struct MHD_Response* response =
      MHD_create_response_from_buffer(strlen(colour), (void*)colour, MHD_RESPMEM_MUST_COPY);
  enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

static void ask(struct MHD_Daemon* server, const char* line) {
  int ends[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
  MHD_add_connection(server, ends[1], NULL, 0);
  dprintf(ends[0], "GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n%s\r\n\r\n", line);
  char reply[1000] = "";
  size_t size = 0;
  ssize_t more;
  while ((more = read(ends[0], reply + size, sizeof reply - 1 - size)) > 0) size += more;
  const char* body = strstr(reply, "\r\n\r\n");
  printf("[%s] gives [%s]\n", line, body != NULL ? body + 4 : reply);
  close(ends[0]);
}

int main(void) {
  struct MHD_Daemon* server = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_NO_LISTEN_SOCKET,
                                               0, NULL, NULL, answer, NULL, MHD_OPTION_END);
  if (server == NULL) return 1;
  ask(server, "Colour: red");
  ask(server, "Colour:   red");
  ask(server, "Colour: red  ");
  MHD_stop_daemon(server);
}
C
cc -Iroot/usr/include -I"root/usr/include/$(uname -m)-linux-gnu" -L"$libraries" -o echo echo.c -lmicrohttpd

LD_LIBRARY_PATH=$libraries ./echo | tee seen
expected="[Colour: red] gives [red]
[Colour:   red] gives [red]
[Colour: red  ] gives [red  ]"
[ "$(cat seen)" = "$expected" ] || {
  echo "changed"
  exit 1
}
echo "as described: what is behind the value stays"
