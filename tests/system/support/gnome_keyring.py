# SPDX-License-Identifier: Apache-2.0
"""gnome-keyring's PKCS#11 module, whose daemon shows the SSH keys of its user as a token.

Since the keys are OpenSSH's, ssh-keygen makes them: an EC and an RSA key without a passphrase.
"""

import os
import pathlib
import subprocess

from cryptography.hazmat.primitives import serialization

from support.processes import ENDING_WITH_PARENT, run_tool
from support.requirements import in_library_folder, need
from support.serve import wait_until

MODULE = in_library_folder("pkcs11/gnome-keyring-pkcs11.so")
DAEMON = "/usr/bin/gnome-keyring-daemon"
TOKEN = "SSH Keys"

_KINDS = {"web": ("ecdsa", "256"), "other": ("rsa", "2048")}


class Daemon:
    """The daemon of a user whose home is `folder`. It ends with `owner`. `env` leads to it."""

    def __init__(self, owner, folder):
        need(MODULE, "gnome-keyring-pkcs11")
        need(DAEMON, "gnome-keyring")
        need("/usr/bin/dbus-run-session", "dbus-daemon")
        need("/usr/bin/ssh-keygen", "openssh-client")
        self._home = pathlib.Path(folder)
        for name in ("run", ".ssh"):
            (self._home / name).mkdir(parents=True, mode=0o700)
        self.env = {
            "XDG_RUNTIME_DIR": str(self._home / "run"),
            "GNOME_KEYRING_CONTROL": str(self._home / "run/keyring"),
        }
        self.keys = {label: self._make_key(label, *kind) for label, kind in _KINDS.items()}
        self.start()
        owner.addCleanup(self.stop)

    def _make_key(self, label, kind, bits):
        """Makes a key; returns the public half."""
        path = self._home / f".ssh/id_{kind}"
        options = ("-q", "-N", "", "-m", "PEM", "-C", label)
        run_tool("/usr/bin/ssh-keygen", "-t", kind, "-b", bits, *options, "-f", path)
        return serialization.load_ssh_public_key(path.with_suffix(".pub").read_bytes())

    @property
    def _socket(self):
        return self._home / "run/keyring/pkcs11"

    def start(self):
        command = (
            *("/usr/bin/dbus-run-session", "--", DAEMON, "--foreground", "--unlock"),
            *("--components", "pkcs11", "--control-directory", self._home / "run/keyring"),
        )
        self._process = subprocess.Popen(
            (*ENDING_WITH_PARENT, *command),
            env={"PATH": "/usr/bin:/bin", "HOME": str(self._home), **self.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._process.stdin.write(b"password of the keyring")
        self._process.stdin.close()
        wait_until(self._socket.exists)

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, 15)
            self._process.wait()
        self._socket.unlink(missing_ok=True)
