# SPDX-License-Identifier: Apache-2.0
"""Acts as a person at a terminal: the program runs in the foreground of a pseudo-terminal.

As under an SDK, stdin, stdout and stderr are not the terminal. Text on the terminal was therefore
written to /dev/tty.
"""

import fcntl
import os
import select
import subprocess
import termios
import time

from support import program
from support.processes import die_with_parent

ENTER = "\r"
BACKSPACE = "\x7f"
CTRL_U = "\x15"

_IUTF8 = 0o40000  # missing in Python's termios

# Runs a command as a shell's background job: outside the foreground process group.
IN_THE_BACKGROUND = ("/bin/bash", "-c", 'set -m; "$@" & set +m; wait $!', "bash")


class Terminal:
    """The program on a new terminal; it ends with `owner`, a test."""

    def __init__(self, owner, arguments, folder, env=None, preexec=None, wrapper=(), stdin=None):
        self._master, self._slave = os.openpty()
        self._count_characters()
        self._command = (*wrapper, program.path(), *map(str, arguments))
        self._started = time.monotonic()
        self.shown = b""
        self._shown_before = 0

        def take_the_terminal():
            die_with_parent()
            fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)
            if preexec is not None:
                preexec()

        self.process = subprocess.Popen(
            self._command,
            cwd=folder,
            env=program.environment(folder, env),
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=take_the_terminal,
        )
        owner.addCleanup(self._end)

    def _count_characters(self):
        """Sets IUTF8, as terminals that show UTF-8 do."""
        modes = termios.tcgetattr(self._slave)
        modes[0] |= _IUTF8
        termios.tcsetattr(self._slave, termios.TCSANOW, modes)

    def _end(self):
        self.process.kill()
        self.process.communicate()
        os.close(self._slave)
        self.hang_up()

    def wait_for(self, text):
        """Waits until the output since the last input ends with `text`."""
        deadline = time.monotonic() + program.TIME_LIMIT_SECONDS
        while not self.shown[self._shown_before :].endswith(text.encode()):
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"instead of {text!r} the terminal shows {self.shown!r}")

    def _read(self, seconds):
        """Reads more output; returns False if there is none within this time."""
        readable, _, _ = select.select([self._master], [], [], max(seconds, 0))
        if readable:
            self.shown += os.read(self._master, 4096)
        return bool(readable)

    def type(self, text):
        self._shown_before = len(self.shown)
        os.write(self._master, text.encode())

    def hang_up(self):
        if self._master is not None:
            os.close(self._master)
            self._master = None

    def echoes(self):
        """Whether the terminal echoes input and edits lines, as it does for a shell."""
        flags = termios.tcgetattr(self._slave)[3]
        wanted = termios.ECHO | termios.ICANON | termios.ISIG | termios.IEXTEN
        return flags & wanted == wanted

    def finish(self):
        """Waits for the program to end; returns a Run. `shown` has the terminal's output."""
        try:
            stdout, stderr = self.process.communicate(timeout=program.TIME_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"hangs; the terminal shows {self.shown!r}") from None
        while self._master is not None and self._read(0):
            pass
        seconds = time.monotonic() - self._started
        return program.Run(self._command, self.process.returncode, stdout, stderr.decode(), seconds)
