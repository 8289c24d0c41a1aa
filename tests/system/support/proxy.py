# SPDX-License-Identifier: Apache-2.0
"""A forward proxy for HTTPS: accepts CONNECT, records its target, and connects to a fixed port."""

import socket
import socketserver
import threading


class Proxy:
    """Listens on a port of its own until `stop`. `targets` are the targets that clients asked for.

    Every client is connected to `port` on this machine. Without a `port` it is refused with
    `status`, or gets no answer if that is None.
    """

    def __init__(self, port=None, status="403 Forbidden"):
        self.targets = []
        self._port = port
        self._status = status
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._serve)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, client, _peer, _server):
        request = client.makefile("rb")
        self.targets.append(request.readline().split()[1].decode())
        while request.readline().strip():
            pass
        if self._port is None and self._status is None:
            client.recv(1)  # until the client gives up
            return
        if self._port is None:
            client.sendall(f"HTTP/1.1 {self._status}\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(("127.0.0.1", self._port)) as service:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(service, client), daemon=True)
            back.start()
            _pump(client, service)
            back.join()


def _pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # the other direction has closed the connection
