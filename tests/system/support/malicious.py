# SPDX-License-Identifier: Apache-2.0
"""The malicious PKCS#11 module, which tries to get at what is not its own while it is loaded.

tests/support/malicious_module.cc says how. The environment variable CREDMINT_MALICIOUS_MODULE has
its path.
"""

import os
import re

from support.requirements import miss

_ATTACK = re.compile(r"attack ([\w-]+): (.*)")


def module():
    path = os.environ.get("CREDMINT_MALICIOUS_MODULE")
    if not path:
        miss("the environment variable CREDMINT_MALICIOUS_MODULE does not name the module")
    return os.path.abspath(path)


def attacks(log):
    """{name: "works" or the system's reason} of what the module has printed."""
    return dict(_ATTACK.findall(log))
