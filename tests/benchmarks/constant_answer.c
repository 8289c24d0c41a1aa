// SPDX-License-Identifier: Apache-2.0
// A minimal HTTP server on libmicrohttpd, the baseline for serve_load.py. It answers every request
// with the same SIZE bytes, from one thread with epoll. Prints its port, and ends when its standard
// input is closed.
//
//     constant_answer SIZE

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct MHD_Response* response;

static enum MHD_Result answer(void* closure, struct MHD_Connection* connection, const char* path,
                              const char* method, const char* version, const char* data,
                              size_t* size, void** state) {
  (void)closure, (void)path, (void)method, (void)version, (void)data, (void)size;
  if (*state == NULL) {
    *state = response;
    return MHD_YES;
  }
  return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const size_t size = strtoul(arguments[1], NULL, 10);
  char* body = malloc(size);
  if (body == NULL) return 1;
  memset(body, 'x', size);
  response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct MHD_Daemon* daemon = MHD_start_daemon(
      MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, &answer, NULL, MHD_OPTION_SOCK_ADDR,
      (struct sockaddr*)&address, MHD_OPTION_CONNECTION_LIMIT, 512u, MHD_OPTION_END);
  if (daemon == NULL) return 1;
  printf("%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  while (getchar() != EOF) continue;
  MHD_stop_daemon(daemon);
  MHD_destroy_response(response);
  return 0;
}
