# SPDX-License-Identifier: Apache-2.0
"""openCryptoki's software token, and the daemon pkcsslotd without which its module does nothing.

Their folders are compiled in, so FOLDERS are the test's own (private_host.cover). Only root can have
that.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess

from support import token
from support.processes import run_tool
from support.requirements import in_library_folder, need
from support.serve import wait_until

PKCSSLOTD = "/usr/sbin/pkcsslotd"
PKCSCONF = "/usr/sbin/pkcsconf"
MODULE = in_library_folder("opencryptoki/libopencryptoki.so.0")
FOLDERS = ("/run", "/dev/shm", "/var/lib/opencryptoki")

PIN = "pin-4815"  # eight characters are the most that it takes

_PACKAGES_SO_PIN, _SO_PIN = "87654321", "so-pin-1"
_PACKAGES_PIN = "12345678"
_STORE = pathlib.Path("/var/lib/opencryptoki/swtok")
_PLACES = (pathlib.Path("/run"), pathlib.Path("/run/opencryptoki"))  # by its version
_MADE = ("/run/opencryptoki", "/run/lock/opencryptoki/swtok", f"{_STORE}/TOK_OBJ")

class Daemon:
    """pkcsslotd, which ends with `owner`, and with the namespace of its process if that is killed."""

    def __init__(self, owner):
        need(PKCSSLOTD, "opencryptoki")
        for folder in FOLDERS:
            assert os.path.ismount(folder), f"{folder} is the machine's own"
        for folder in (*_STORE.glob("*"), *pathlib.Path("/dev/shm").iterdir()):
            _remove(folder)
        for folder in _MADE:
            _make(pathlib.Path(folder))
        self.start()
        owner.addCleanup(self.stop)

    def start(self):
        """It goes to the background, whatever its flags are."""
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        subprocess.run([PKCSSLOTD], stderr=subprocess.DEVNULL, check=True, timeout=60, **nowhere)
        wait_until(lambda: self._left("socket") and self._left("pid"))

    def stop(self):
        """Kills it: while a program has loaded the module, it does not end on SIGTERM."""
        for path in self._left("pid"):
            os.kill(int(path.read_text()), signal.SIGKILL)
        for path in (*self._left("pid"), *self._left("socket")):
            path.unlink()

    @staticmethod
    def _left(kind):
        return [path for place in _PLACES for path in place.glob(f"pkcsslotd.{kind}")]


class Token(token.Token):
    """The software token, initialised with the label `test`. It needs the Daemon."""

    module = MODULE

    def __init__(self, folder):
        need(MODULE, "libopencryptoki0")
        need(token.PKCS11_TOOL, "opensc")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir()
        self.label, self.pin, self.env = "test", PIN, {}
        (slot,) = _software_slots()
        self._configure(slot, "-I", "-S", _PACKAGES_SO_PIN, stdin=b"test\n")
        self._configure(slot, "-P", "-S", _PACKAGES_SO_PIN, "-n", _SO_PIN)
        self._configure(slot, "-u", "-S", _SO_PIN, "-n", _PACKAGES_PIN)
        self._configure(slot, "-p", "-U", _PACKAGES_PIN, "-n", PIN)

    @staticmethod
    def _configure(slot, *arguments, stdin=None):
        run_tool(PKCSCONF, "-c", slot, *arguments, stdin=stdin)

    def makes_ec_keys(self):
        listed = run_tool(token.PKCS11_TOOL, "--module", MODULE, "--token-label", "test", "-M")
        return b"ECDSA-KEY-PAIR-GEN" in listed


def _remove(place):
    """Removes a trace of the token of an earlier test."""
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink()


def _make(folder):
    """As the package's maintainer scripts make it, for the group of the users of tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in (folder, folder.parent):
        if "opencryptoki" in str(each):
            shutil.chown(each, "root", "pkcs11")
            os.chmod(each, 0o770)


def _software_slots():
    """The numbers of the slots whose token is the software token."""
    shown = run_tool(PKCSCONF, "-t").decode()
    found = [part for part in shown.split("Token #")[1:] if re.search("Model: *(IBM SoftTok|Soft) ", part)]
    return [part.split()[0] for part in found]
