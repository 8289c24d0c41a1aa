# SPDX-License-Identifier: Apache-2.0
"""Ports at which a client gets no response or a wrong one."""

import contextlib
import random
import socket
import threading


def dead_port(owner):
    """A port that refuses connections for the duration of the test: bound, but not listening."""
    sock = socket.socket()
    owner.addCleanup(sock.close)
    sock.bind(("127.0.0.1", 0))
    return sock.getsockname()[1]


def silent_port(owner):
    """A port that accepts connections and never sends anything."""
    sock = socket.socket()
    owner.addCleanup(sock.close)
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock.getsockname()[1]


def answering_port(owner, answer):
    """A port that answers the first bytes of each connection with `answer` and closes it."""
    listener = socket.socket()
    owner.addCleanup(listener.close)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    threading.Thread(target=_answer_all, args=(listener, answer), daemon=True).start()
    return listener.getsockname()[1]


def _answer_all(listener, answer):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the test has ended
        with connection, contextlib.suppress(OSError):  # the client may close it at any time
            connection.recv(65536)
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def free_port():
    """A port for a server that cannot choose one itself. Another program may take it meanwhile."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def free_pair():
    """The first of two adjacent ports for such a server.

    They are below those that the kernel gives to clients, one of which may have used the second.
    """
    while True:
        first = random.randrange(20000, 30000)
        with socket.socket() as one, socket.socket() as other, contextlib.suppress(OSError):
            one.bind(("127.0.0.1", first))
            other.bind(("127.0.0.1", first + 1))
            return first
