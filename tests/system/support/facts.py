# SPDX-License-Identifier: Apache-2.0
"""Facts of the source code, printed by tests/support/print_facts.cc."""

import functools
import json
import os

from support.processes import run_tool
from support.requirements import need_part


@functools.cache
def _facts():
    return json.loads(run_tool(os.environ["CREDMINT_PRINT_FACTS"]))


def of(name):
    """The fact of this name. Skips the test if the build omits the part that has it."""
    if name not in _facts():
        need_part("tpm2" if name == "credmint-tpm2" else "pkcs11")
    return _facts()[name]


def parameters(provider):
    """The parameters that programs may set on any store of the provider."""
    stores = of(provider)["parameters of the stores"].values()
    return {name for names in stores for name in names}


def settings(provider):
    """The settings that the provider reads from its section in openssl.cnf."""
    return set(of(provider)["settings"])
