# SPDX-License-Identifier: Apache-2.0
"""Key files written by the `openssl` command, as users have them."""

from support.processes import run_tool

OPENSSL = "/usr/bin/openssl"


def version():
    """The version of the command: (3, 0) for OpenSSL 3.0."""
    number = run_tool(OPENSSL, "version").split()[1].decode()
    return tuple(int(part) for part in number.split(".")[:2])


def rewrite(pem, *command):
    """The output of `openssl COMMAND` for keys and certificates in PEM."""
    return run_tool(OPENSSL, *command, stdin=pem)
