# SPDX-License-Identifier: Apache-2.0
"""Addresses at which nobody answers, or not what was asked for."""

import contextlib
import socket
import threading


def dead_port(owner):
    """A port that refuses connections for as long as the test runs: bound, but not listening."""
    sock = socket.socket()
    owner.addCleanup(sock.close)
    sock.bind(("127.0.0.1", 0))
    return sock.getsockname()[1]


def silent_port(owner):
    """A port that takes connections and never says a word."""
    sock = socket.socket()
    owner.addCleanup(sock.close)
    sock.bind(("127.0.0.1", 0))
    sock.listen()
    return sock.getsockname()[1]


def answering_port(owner, answer):
    """A port that answers the first bytes of each connection with `answer` and hangs up."""
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
            return  # the test is over
        with connection, contextlib.suppress(ConnectionError):
            connection.recv(65536)
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass


def free_port():
    """A port for a server that cannot be told to choose one itself; free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]
