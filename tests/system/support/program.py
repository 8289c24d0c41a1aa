# SPDX-License-Identifier: Apache-2.0
"""Runs credmint as a user does, in an environment that only the test defines.

The environment variable CREDMINT has the path of the program.
"""

import dataclasses
import os
import pathlib
import subprocess
import time

from support.processes import ENDING_WITH_PARENT
from support.requirements import need_part

# A run that takes longer counts as a hang.
TIME_LIMIT_SECONDS = 15

SUCCESS = 0
USAGE = 2
KEY = 3
CERTIFICATE = 4
SERVICE = 5
NETWORK = 6
LOCAL_IO = 7
ATTESTATION = 8
NOT_PROVEN = 9

# Options of sanitizers, for builds that have them.
_PASSED_ON = ("ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS")


@dataclasses.dataclass(frozen=True)
class Run:
    """The result of one run. `stdout` is bytes, because it may be a signature."""

    command: tuple
    status: int
    stdout: bytes
    stderr: str
    seconds: float

    def __str__(self):
        return (
            f"{' '.join(self.command)}\nstatus {self.status} after {self.seconds:.2f} s\n"
            f"stdout: {self.stdout!r}\nstderr:\n{self.stderr}"
        )


def path():
    program = os.environ.get("CREDMINT")
    if not program:
        raise AssertionError("the environment variable CREDMINT does not name the program to test")
    return os.path.abspath(program)


def environment(home, more=None):
    _lend_p11_kit_configuration(pathlib.Path(home))
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), **passed_on, **(more or {})}


def _lend_p11_kit_configuration(home):
    """Lends a user's program the configuration of private_host.py. Root's programs read none."""
    theirs = home / ".config" / "pkcs11"
    ours = pathlib.Path(os.environ.get("HOME", "/"), ".config", "pkcs11")
    if os.getuid() != 0 and home.is_dir() and ours.is_dir() and not theirs.exists():
        theirs.parent.mkdir(exist_ok=True)
        theirs.symlink_to(ours)


def run(
    arguments,
    folder,
    env=None,
    stdin=b"",
    stdout=subprocess.PIPE,
    pass_fds=(),
    preexec=None,
    wrapper=(),
):
    """Runs the program in `folder`, which is also its home. Raises AssertionError if it hangs.

    It has no terminal, even if the tests have one: see Terminal. `preexec` is called in the child
    and must make the child end with the test.

    `wrapper` is a command that runs another one, such as strace.
    """
    command = (*wrapper, path(), *map(str, arguments))
    return Started(command, folder, env, stdout, pass_fds, preexec).finish(stdin)


class Started:
    """The running program."""

    def __init__(
        self,
        command,
        folder,
        env=None,
        stdout=subprocess.PIPE,
        pass_fds=(),
        preexec=None,
    ):
        self._command = command
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            (*(() if preexec else ENDING_WITH_PARENT), *command),
            cwd=folder,
            env=environment(folder, env),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.PIPE,
            pass_fds=pass_fds,
            start_new_session=True,
            preexec_fn=preexec,
        )

    def finish(self, stdin=b""):
        """Waits for the program to end; returns a Run. Raises AssertionError if it hangs."""
        try:
            out, err = self.process.communicate(stdin, timeout=TIME_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise AssertionError(f"{' '.join(self._command)} hangs") from None
        seconds = time.monotonic() - self._started
        return Run(self._command, self.process.returncode, out or b"", err.decode(), seconds)


def start(arguments, folder, env=None, preexec=None, wrapper=()):
    """Starts the program as `run` does, but does not wait for it."""
    return Started((*wrapper, path(), *map(str, arguments)), folder, env, preexec=preexec)


def need_back_end(scheme):
    """Skips the test if the build omits the keys of this scheme."""
    need_part({"pkcs11": "pkcs11", "handle": "tpm2"}[scheme])


def need_server():
    """Skips the test if the build omits the HTTP server."""
    need_part("serve")
