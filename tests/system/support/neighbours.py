# SPDX-License-Identifier: Apache-2.0
"""Acts as other programs on the machine that hold connections to a server:

    neighbours.py KIND PORT COUNT [TOKEN]

    idle       send nothing
    strangers  send a request without a token every three seconds
    putters    request a metadata token every three seconds
    known      send a request with the metadata token TOKEN every three seconds

When the server closes a connection, all kinds but `idle` reconnect after a quarter of a second.

The program prints a line when it has COUNT connections, or as many as the system allows, or after
five seconds. It runs until it is killed.
"""

import collections
import contextlib
import random
import resource
import select
import socket
import subprocess
import sys
import time

from support.processes import die_with_parent

SPACING_SECONDS = 3
RETURN_SECONDS = 0.25
MOST_PENDING = 100
START_SECONDS = 5
PATH = "/latest/meta-data/placement/region"
REQUESTS = {
    "strangers": f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "putters": "PUT /latest/api/token HTTP/1.1\r\nHost: localhost\r\n"
    "X-aws-ec2-metadata-token-ttl-seconds: 60\r\nContent-Length: 0\r\n\r\n",
    "known": f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nX-aws-ec2-metadata-token: %s\r\n\r\n",
}


def allow_many_files():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def start(test, kind, port, count, token=""):
    """Starts neighbours for the duration of a test; returns when they are connected."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.neighbours", kind, str(port), str(count), token],
        cwd=__file__.rpartition("/support/")[0],
        stdout=subprocess.PIPE,
        preexec_fn=die_with_parent,
    )
    test.addCleanup(process.communicate)
    test.addCleanup(process.kill)
    process.stdout.readline()
    return process


class Neighbours:
    def __init__(self, kind, port, count, token):
        self._request = (REQUESTS[kind] % token if token else REQUESTS.get(kind, "")).encode()
        self._address = ("127.0.0.1", port)
        self._left = count
        self._pending = set()
        self._open = {}  # descriptor: socket
        self._due = {}  # descriptor: time of its next request
        self._again = collections.deque()  # times to reconnect
        self._poll = select.epoll()

    def run(self):
        deadline, told = time.monotonic() + START_SECONDS, False
        while True:
            while self._again and self._again[0] <= time.monotonic():
                self._again.popleft()
                self._left += 1
            while self._left and len(self._pending) < MOST_PENDING and self._connect():
                self._left -= 1
            if not told and (not (self._left or self._pending) or time.monotonic() > deadline):
                told = True
                print(len(self._open), flush=True)
            for descriptor, events in self._poll.poll(0.02):
                self._handle(descriptor, events)
            self._ask()

    def _connect(self):
        try:
            client = socket.socket()
        except OSError:
            return False
        client.setblocking(False)
        client.connect_ex(self._address)
        self._open[client.fileno()] = client
        self._pending.add(client.fileno())
        self._poll.register(client, select.EPOLLOUT)
        return True

    def _handle(self, descriptor, events):
        if descriptor in self._pending:
            self._pending.discard(descriptor)
            if self._request:
                self._due[descriptor] = time.monotonic() + random.random() * SPACING_SECONDS
            self._poll.modify(descriptor, select.EPOLLIN)
        elif events:
            data = b""
            with contextlib.suppress(OSError):
                data = self._open[descriptor].recv(65536)
            if not data:
                self._close(descriptor)

    def _close(self, descriptor):
        self._due.pop(descriptor, None)
        self._open.pop(descriptor).close()
        if self._request:
            self._again.append(time.monotonic() + RETURN_SECONDS)

    def _ask(self):
        now = time.monotonic()
        for descriptor in [descriptor for descriptor, due in self._due.items() if due <= now]:
            self._due[descriptor] = now + SPACING_SECONDS
            with contextlib.suppress(OSError):
                self._open[descriptor].send(self._request)


def main(kind, port, count, token):
    limit = allow_many_files() - 50
    Neighbours(kind, int(port), min(int(count), limit), token).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
