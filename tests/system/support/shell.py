# SPDX-License-Identifier: Apache-2.0
"""A person at an interactive shell with job control."""

import fcntl
import os
import select
import subprocess
import termios
import time

from support import program
from support.processes import die_with_parent

CTRL_BACKSLASH = "\x1c"
CTRL_C = "\x03"
CTRL_D = "\x04"
CTRL_Z = "\x1a"

PROMPT = "ready$ "


class Shell:
    """bash on a new terminal that echoes nothing; it ends with `owner`, a test."""

    def __init__(self, owner, folder, env=None):
        self._master, slave = os.openpty()
        self.shown = ""
        modes = termios.tcgetattr(slave)
        modes[3] &= ~(termios.ECHO | termios.ECHOCTL)
        termios.tcsetattr(slave, termios.TCSANOW, modes)

        def take_the_terminal():
            die_with_parent()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            ("/bin/bash", "--norc", "--noprofile", "--noediting", "-i"),
            cwd=folder,
            env=program.environment(folder, {"PS1": PROMPT, "HISTFILE": "", **(env or {})}),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=take_the_terminal,
        )
        os.close(slave)
        owner.addCleanup(self._end)
        self.wait_for(PROMPT)

    def _end(self):
        if self._master >= 0:
            self.hang_up()
        self.process.kill()
        self.process.wait()

    def hang_up(self):
        os.close(self._master)
        self._master = -1

    def type(self, text):
        """Types keys; from here on the output counts for `wait_for`."""
        self.shown = ""
        os.write(self._master, text.encode())

    def wait_for(self, text):
        """Waits until the output since the last input has `text`; returns this output."""
        deadline = time.monotonic() + program.TIME_LIMIT_SECONDS
        while text not in self.shown:
            left = max(deadline - time.monotonic(), 0)
            if not select.select([self._master], [], [], left)[0]:
                raise AssertionError(f"instead of {text!r} the terminal shows {self.shown!r}")
            self.shown += os.read(self._master, 4096).decode().replace("\r\n", "\n")
        return self.shown

    def run(self, line):
        """Runs a line; returns its output without the prompt."""
        self.type(line + "\n")
        return self.wait_for(PROMPT).removesuffix(PROMPT)

    def status(self):
        """The exit status of the last command."""
        return int(self.run("echo $?"))
