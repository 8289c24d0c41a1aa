# SPDX-License-Identifier: Apache-2.0
"""The user-space resource manager, tpm2-abrmd, on a private message bus."""

import pathlib
import subprocess
import time

from support.processes import die_with_parent
from support.requirements import need

DBUS_DAEMON = "/usr/bin/dbus-daemon"
TABRMD = "/usr/sbin/tpm2-abrmd"
_TIME_LIMIT_SECONDS = 15

# Like the system bus, it admits other users: servers sign under their own accounts.
_BUS = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""

# A client that uses tpm2-tss and keeps its connection until its stdin is closed.
_HOLDER = """
import sys
from tpm2_pytss import TCTILdr
tcti = TCTILdr("tabrmd", "bus_type=session")
print("connected", flush=True)
sys.stdin.read()
"""


def need_tabrmd():
    need(DBUS_DAEMON, "dbus-daemon")
    need(TABRMD, "tpm2-abrmd")


class Tabrmd:
    """Shares `tpm` as its only client until `owner`, a test or a class of tests, ends.

    `flags` are additional options of tpm2-abrmd. Programs use it with the environment `env`.
    """

    def __init__(self, owner, tpm, folder, *flags):
        need_tabrmd()
        address = f"unix:path={pathlib.Path(folder)}/bus"
        self.env = {
            "DBUS_SESSION_BUS_ADDRESS": address,
            "TPM2TOOLS_TCTI": "tabrmd:bus_type=session",
        }
        configuration = pathlib.Path(folder) / "bus.conf"
        configuration.write_text(_BUS.format(address=address), encoding="ascii")
        bus = self._start(
            owner, DBUS_DAEMON, f"--config-file={configuration}", "--nofork", "--print-address"
        )
        bus.stdout.readline()  # the bus listens
        self._owner = owner
        self._command = (TABRMD, "--session", "--allow-root", f"--tcti={tpm.tcti}", *flags)
        self.start()

    def start(self):
        """Starts the resource manager, for a second time after stop()."""
        self._manager = self._start(self._owner, *self._command)
        self._wait_until_it_answers()

    def stop(self):
        self._manager.terminate()
        self._manager.wait()

    def hold_connection(self, test):
        """Opens a connection that stays in use until the test ends."""
        holder = self._start(test, "/usr/bin/python3", "-c", _HOLDER, stdin=subprocess.PIPE)
        test.assertEqual(holder.stdout.readline(), b"connected\n")

    def _start(self, owner, *command, stdin=subprocess.DEVNULL):
        process = subprocess.Popen(
            command,
            env=self.env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
        )
        cleanup = owner.addClassCleanup if isinstance(owner, type) else owner.addCleanup
        cleanup(process.communicate)
        cleanup(process.kill)
        return process

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + _TIME_LIMIT_SECONDS
        while subprocess.run(
            ["/usr/bin/tpm2_getcap", "handles-transient"],
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            preexec_fn=die_with_parent,
            check=False,
        ).returncode:
            if time.monotonic() > deadline:
                raise AssertionError("tpm2-abrmd does not answer")
