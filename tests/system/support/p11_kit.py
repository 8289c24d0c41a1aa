# SPDX-License-Identifier: Apache-2.0
"""A p11-kit configuration for one test, which replaces that of the machine.

It is a user's configuration with the setting "user-config: only". p11-kit does not read a user's
configuration for root. When tests run as root, programs run as another user that can still open
every file.
"""

import os
import pathlib

from support.requirements import in_library_folder, need

PROXY = in_library_folder("p11-kit-proxy.so")
CLIENT = in_library_folder("pkcs11/p11-kit-client.so")

_SETPRIV = "/usr/bin/setpriv"
_NOBODY = "65534"


class Configuration:
    """Modules by name: a path, or a path and the reserved argument of C_Initialize."""

    def __init__(self, folder, **modules):
        need(PROXY, "p11-kit-modules")
        configuration = pathlib.Path(folder) / "config" / "pkcs11"
        (configuration / "modules").mkdir(parents=True)
        (configuration / "pkcs11.conf").write_text("user-config: only\n")
        for name, module in modules.items():
            path, *reserved = (module,) if isinstance(module, str) else module
            lines = [f"module: {path}", *(f"x-init-reserved: {text}" for text in reserved)]
            (configuration / "modules" / f"{name}.module").write_text("\n".join(lines) + "\n")
        self.env = {"XDG_CONFIG_HOME": str(configuration.parent)}


def wrapper():
    """The command prefix for a program that reads the configuration."""
    if os.getuid() != 0:
        return ()
    need(_SETPRIV, "util-linux")
    capabilities = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return (_SETPRIV, "--reuid", _NOBODY, "--clear-groups", *capabilities)
