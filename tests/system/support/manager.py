# SPDX-License-Identifier: Apache-2.0
"""A service manager, as far as sd_notify(3) goes: it keeps what a service tells it."""

import socket
import time

from support import program

_STATUS = "STATUS="


class Manager:
    """Listens in `folder` until the test ends. `env` is for the service."""

    def __init__(self, test, folder):
        path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        test.addCleanup(self._socket.close)
        self._socket.bind(path)
        self.env = {"NOTIFY_SOCKET": path}
        self.status = ""  # the last line

    def next(self):
        """The next message that is no status."""
        deadline = time.monotonic() + program.TIME_LIMIT_SECONDS
        for message in self._until(deadline):
            return message
        raise AssertionError("the service tells the manager nothing")

    def heard(self, seconds):
        """The messages within that time, except the status."""
        return list(self._until(time.monotonic() + seconds))

    def wait_for_status(self, holds):
        """Waits for a status of which `holds` is true; returns it. Drops other messages."""
        deadline = time.monotonic() + program.TIME_LIMIT_SECONDS
        while not holds(self.status):
            if self._receive(deadline) is None:
                raise AssertionError(f"the last status is {self.status!r}")
        return self.status

    def _until(self, deadline):
        while (message := self._receive(deadline)) is not None:
            if not message.startswith(_STATUS):
                yield message

    def _receive(self, deadline):
        self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            message = self._socket.recv(4096).decode()
        except TimeoutError:
            return None
        if message.startswith(_STATUS):
            self.status = message.removeprefix(_STATUS)
        return message
