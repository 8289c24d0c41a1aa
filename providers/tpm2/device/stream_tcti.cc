// SPDX-License-Identifier: Apache-2.0
#include "tpm2/device/stream_tcti.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <utility>

namespace credmint::tpm2 {
namespace {

constexpr std::uint64_t kMagic = 0x6372656474637469;
constexpr std::size_t kHeader = 10;  // tag, size, code

struct StreamTcti {
  TSS2_TCTI_CONTEXT_COMMON_V1 common{};
  Descriptor socket;
  std::array<std::uint8_t, kHeader> header{};
  std::size_t header_size = 0;  ///< how much of it has arrived; the rest of the reply is unread
};

StreamTcti& From(TSS2_TCTI_CONTEXT* context) { return *reinterpret_cast<StreamTcti*>(context); }

TSS2_RC Transmit(TSS2_TCTI_CONTEXT* context, std::size_t size, const std::uint8_t* command) {
  if (context == nullptr || command == nullptr) return TSS2_TCTI_RC_BAD_REFERENCE;
  while (size > 0) {
    const ssize_t sent = send(From(context).socket.get(), command, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return TSS2_TCTI_RC_IO_ERROR;
    command += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return TSS2_RC_SUCCESS;
}

TSS2_RC Wait(int socket, std::int32_t timeout) {
  pollfd wanted{socket, POLLIN, 0};
  for (;;) {
    const int ready = poll(&wanted, 1, timeout);
    if (ready > 0) return TSS2_RC_SUCCESS;
    if (ready == 0) return TSS2_TCTI_RC_TRY_AGAIN;
    if (errno != EINTR) return TSS2_TCTI_RC_IO_ERROR;
  }
}

TSS2_RC Read(int socket, std::uint8_t* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = recv(socket, to, size, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) return TSS2_TCTI_RC_NO_CONNECTION;
    if (got < 0) return TSS2_TCTI_RC_IO_ERROR;
    to += got;
    size -= static_cast<std::size_t>(got);
  }
  return TSS2_RC_SUCCESS;
}

std::size_t AnswerSize(const std::array<std::uint8_t, kHeader>& header) {
  std::size_t size = 0;
  for (std::size_t i = 2; i < 6; ++i) size = size << 8U | header[i];
  return size;
}

/// Without a buffer, returns the size that it must have (tss2-tcti specification 3.2.5.2).
TSS2_RC Receive(TSS2_TCTI_CONTEXT* context, std::size_t* size, std::uint8_t* answer,
                std::int32_t timeout) {
  if (context == nullptr || size == nullptr) return TSS2_TCTI_RC_BAD_REFERENCE;
  StreamTcti& tcti = From(context);
  if (tcti.header_size == 0) {
    if (const TSS2_RC code = Wait(tcti.socket.get(), timeout); code != TSS2_RC_SUCCESS) return code;
    const TSS2_RC code = Read(tcti.socket.get(), tcti.header.data(), kHeader);
    if (code != TSS2_RC_SUCCESS) return code;
    tcti.header_size = kHeader;
  }
  const std::size_t whole = AnswerSize(tcti.header);
  if (whole < kHeader) return TSS2_TCTI_RC_MALFORMED_RESPONSE;
  const std::size_t room = std::exchange(*size, whole);
  if (answer == nullptr) return TSS2_RC_SUCCESS;
  if (room < whole) return TSS2_TCTI_RC_INSUFFICIENT_BUFFER;
  std::copy(tcti.header.begin(), tcti.header.end(), answer);
  tcti.header_size = 0;
  return Read(tcti.socket.get(), answer + kHeader, whole - kHeader);
}

TSS2_RC Cancel(TSS2_TCTI_CONTEXT* /*context*/) { return TSS2_TCTI_RC_NOT_IMPLEMENTED; }

TSS2_RC SetLocality(TSS2_TCTI_CONTEXT* /*context*/, std::uint8_t locality) {
  return locality == 0 ? TSS2_RC_SUCCESS : TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

}  // namespace

TSS2_TCTI_CONTEXT* MakeStreamTcti(Descriptor socket) {
  auto* const tcti = new (std::nothrow) StreamTcti;
  if (tcti == nullptr) return nullptr;
  tcti->common.magic = kMagic;
  tcti->common.version = 1;
  tcti->common.transmit = Transmit;
  tcti->common.receive = Receive;
  tcti->common.cancel = Cancel;
  tcti->common.setLocality = SetLocality;
  tcti->socket = std::move(socket);
  return reinterpret_cast<TSS2_TCTI_CONTEXT*>(tcti);
}

void FreeStreamTcti(TSS2_TCTI_CONTEXT* tcti) { delete &From(tcti); }

}  // namespace credmint::tpm2
