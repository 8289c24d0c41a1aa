# SPDX-License-Identifier: Apache-2.0
"""The misbehaving PKCS#11 module, which wraps a token's own module and adds chosen faults.

tests/support/misbehaving_module.cc documents its environment variables, and
tests/support/misbehaving_settings.h its faults. The environment variable
CREDMINT_MISBEHAVING_MODULE has its path.
"""

import os

from support import token
from support.requirements import miss


def module():
    path = os.environ.get("CREDMINT_MISBEHAVING_MODULE")
    if not path:
        miss("the environment variable CREDMINT_MISBEHAVING_MODULE does not name the module")
    return os.path.abspath(path)


def environment(env, *faults, behind=token.MODULE, log=None, pin=token.PIN):
    """The environment of a program that uses a token, whose environment is `env`, via the module.

    `log` is a file for the calls. `pin` is the PIN for logins that the module makes by itself.
    """
    variables = {
        "MISBEHAVING_MODULE_BEHIND": behind,
        "MISBEHAVING_MODULE": ",".join(faults),
        "MISBEHAVING_MODULE_PIN": pin,
    }
    if log is not None:
        log.touch()  # a sandbox can allow only what exists
        variables["MISBEHAVING_MODULE_LOG"] = str(log)
    return {**env, **variables}


def calls(log):
    """The names of the called functions, in order."""
    return log.read_text().splitlines() if log.exists() else []
