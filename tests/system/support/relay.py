# SPDX-License-Identifier: Apache-2.0
"""A relay in front of a service: notes when each connection says what, and can slow it down."""

import contextlib
import queue
import socket
import socketserver
import threading
import time


class Relay:
    """Passes bytes on to `port` of this machine, until `stop`.

    `sent` has a list for each connection: the times (time.monotonic) at which the client sent
    something. Each of the service's answers takes `round_trip` seconds longer. The first one takes
    `connecting` seconds more: the kernel accepts a TCP connection at once.
    """

    def __init__(self, port, round_trip=0, connecting=0):
        self.sent = []
        self._service = port
        self._round_trip = round_trip
        self._connecting = connecting
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._serve)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, client, _peer, _server):
        times = []
        self.sent.append(times)
        with socket.create_connection(("127.0.0.1", self._service)) as service:
            for end in (client, service):  # or the kernel waits with small parts for 40 ms
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            late = (service, client, self._round_trip, self._connecting)
            threading.Thread(target=_delay, args=late, daemon=True).start()
            _pump(client, service, times)


def _pump(source, sink, times):
    """Passes on what comes, and notes when. Then ends the other direction, too."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            times.append(time.monotonic())
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _delay(source, sink, seconds, more_at_first):
    """Passes on what comes, each part that much later than it came, and in order."""
    late = queue.SimpleQueue()
    threading.Thread(target=_read, args=(source, late), daemon=True).start()
    with contextlib.suppress(OSError):
        while True:
            came, data = late.get()
            time.sleep(max(came + seconds + more_at_first - time.monotonic(), 0))
            more_at_first = 0
            if not data:
                break
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def _read(source, parts):
    data = b"anything"
    while data:
        try:
            data = source.recv(65536)
        except OSError:
            data = b""
        parts.put((time.monotonic(), data))
