# SPDX-License-Identifier: Apache-2.0
"""Key files that the `openssl` command writes, since users have them from there."""

from support.processes import run_tool

OPENSSL = "/usr/bin/openssl"


def version():
    """(3, 0) for OpenSSL 3.0."""
    number = run_tool(OPENSSL, "version").split()[1].decode()
    return tuple(int(part) for part in number.split(".")[:2])


def rewrite(pem, *command):
    """What `openssl COMMAND` makes of keys and certificates in PEM."""
    return run_tool(OPENSSL, *command, stdin=pem)
