# SPDX-License-Identifier: Apache-2.0
"""A service of constant cost: it answers any request with the same credentials and checks nothing.

So its part of a mint is small and the same for every program. It runs in a process of its own.
"""

import datetime
import json
import os
import signal
import socket
import threading

_ROLE = "arn:aws:iam::111122223333:role/demo"


def _answer():
    now = datetime.datetime.now(datetime.timezone.utc)
    credentials = {
        "accessKeyId": "ASIAEXAMPLE000000001",
        "secretAccessKey": "s" * 40,
        "sessionToken": "t" * 800,
        "expiration": (now + datetime.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    body = json.dumps({"credentialSet": [{"credentials": credentials, "roleArn": _ROLE}]}).encode()
    date = now.strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = (
        f"HTTP/1.1 201 Created\r\nDate: {date}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _is_whole(request):
    head, end, body = request.partition(b"\r\n\r\n")
    fields = [line.partition(b":") for line in head.split(b"\r\n")]
    length = next((int(value) for name, _, value in fields if name.lower() == b"content-length"), 0)
    return bool(end) and len(body) >= length


def _converse(connection, tls):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        request = b""
        while part := connection.recv(65536):
            request += part
            if _is_whole(request):
                connection.sendall(_answer())
                if b"Connection: close" in request:
                    break
                request = b""
    except OSError:
        pass
    finally:
        connection.close()


def _serve(listener, tls):
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_converse, args=(connection, tls), daemon=True).start()


def start(owner, tls=None):
    """Starts it, with TLS if `tls` is a context. It ends with `owner`, a test; returns the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    child = os.fork()
    if child == 0:
        _serve(listener, tls)
        os._exit(0)

    def end():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)

    owner.addCleanup(end)
    port = listener.getsockname()[1]
    listener.close()
    return port
