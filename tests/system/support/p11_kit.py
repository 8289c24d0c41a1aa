# SPDX-License-Identifier: Apache-2.0
"""A p11-kit configuration for one test, which replaces that of the machine.

It is a user's configuration with the setting "user-config: only". p11-kit does not read a user's
configuration for root. When tests run as root, programs run as another user that can still open
every file.
"""

import os
import pathlib
import signal
import subprocess

from support.processes import die_with_parent
from support.requirements import in_library_folder, need
from support.serve import wait_until

PROXY = in_library_folder("p11-kit-proxy.so")
CLIENT = in_library_folder("pkcs11/p11-kit-client.so")

P11_KIT = "/usr/bin/p11-kit"

_SETPRIV = "/usr/bin/setpriv"
_NOBODY = "65534"


class Configuration:
    """Modules by name: a path, or a path and the reserved argument of C_Initialize."""

    def __init__(self, folder, **modules):
        need(PROXY, "p11-kit-modules")
        configuration = pathlib.Path(folder) / "config" / "pkcs11"
        self._modules = configuration / "modules"
        self._modules.mkdir(parents=True)
        (configuration / "pkcs11.conf").write_text("user-config: only\n")
        for name, module in modules.items():
            path, *reserved = (module,) if isinstance(module, str) else module
            self.add(name, module=path, **({"x_init_reserved": reserved[0]} if reserved else {}))
        self.env = {"XDG_CONFIG_HOME": str(configuration.parent)}

    def add(self, name, **settings):
        """Adds a module with these settings, written with "_" for "-"."""
        lines = [f"{key.replace('_', '-')}: {value}\n" for key, value in settings.items()]
        (self._modules / f"{name}.module").write_text("".join(lines))


class Server:
    """`p11-kit server`, which gives the tokens of a module out over a socket until `owner` ends.

    p11_kit.CLIENT is the module of its clients. They find it by `env`.
    """

    def __init__(self, owner, address, module, env):
        need(CLIENT, "p11-kit-modules")
        need(P11_KIT, "p11-kit")
        self._address, self._served_env = pathlib.Path(address), env
        self._command = (P11_KIT, "server", "--foreground", "--provider", module)
        self._command += ("--name", address, "pkcs11:")
        self.env = {"P11_KIT_SERVER_ADDRESS": f"unix:path={address}"}
        self.start()
        owner.addCleanup(self.stop)

    def start(self):
        self._process = subprocess.Popen(
            self._command,
            env={**os.environ, **self._served_env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        wait_until(self._address.exists)

    def stop(self):
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)  # it has a child for each client
            self._process.wait()
        self._address.unlink(missing_ok=True)


def wrapper():
    """The command prefix for a program that reads the configuration."""
    if os.getuid() != 0:
        return ()
    need(_SETPRIV, "util-linux")
    capabilities = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return (_SETPRIV, "--reuid", _NOBODY, "--clear-groups", *capabilities)
