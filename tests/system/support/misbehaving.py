# SPDX-License-Identifier: Apache-2.0
"""The PKCS#11 module that misbehaves in one chosen way, in front of a token's own.

tests/support/misbehaving_module.cc says what it reads from the environment, and
tests/support/misbehaving_settings.h which faults there are. The environment variable
CREDMINT_MISBEHAVING_MODULE names it.
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
    """The environment with which a program finds a token, of environment `env`, behind the module.

    `log` is a file for the calls, `pin` what the module logs in with where it does so by itself.
    """
    variables = {
        "MISBEHAVING_MODULE_BEHIND": behind,
        "MISBEHAVING_MODULE": ",".join(faults),
        "MISBEHAVING_MODULE_PIN": pin,
    }
    if log is not None:
        variables["MISBEHAVING_MODULE_LOG"] = str(log)
    return {**env, **variables}


def calls(log):
    """The names of the functions that were called, in order."""
    return log.read_text().splitlines() if log.exists() else []
