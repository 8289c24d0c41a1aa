# SPDX-License-Identifier: Apache-2.0
"""OpenSSL's FIPS provider, which Debian does not ship, and a configuration that demands FIPS.

The module is the file that CREDMINT_FIPS_MODULE names, else fips.so in the folder of OpenSSL's
modules. The system's own configuration is never changed.
"""

import os
import pathlib
import re
import unittest

from support import openssl
from support.processes import run_tool

_CONFIGURATION = """\
openssl_conf = openssl_init
.include = {folder}/fipsmodule.cnf
[openssl_init]
providers = provider_sect
alg_section = algorithm_sect
[provider_sect]
{providers}
fips = fips_sect
base = base_sect
[base_sect]
activate = 1
[algorithm_sect]
default_properties = {query}
{more}
"""


def module():
    """The path of the module. Without one, the test is skipped, in CI too."""
    folder = re.search(r'"(.*)"', run_tool(openssl.OPENSSL, "version", "-m").decode())[1]
    found = os.environ.get("CREDMINT_FIPS_MODULE") or f"{folder}/fips.so"
    if not os.path.exists(found):
        raise unittest.SkipTest(f"{found} is missing, and Debian has no package with it")
    return os.path.abspath(found)


class Fips:
    """A configuration in `folder`, and the environment of programs that use it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.module = module()
        self.settings = self.folder / "fipsmodule.cnf"
        run_tool(
            *(openssl.OPENSSL, "fipsinstall", "-quiet", "-module", self.module),
            *("-out", self.settings),
        )
        text = self.settings.read_text()
        self.settings.write_text(text.replace("[fips_sect]", f"[fips_sect]\nmodule = {self.module}"))
        self.configuration = self.folder / "openssl.cnf"
        self.env = {"OPENSSL_CONF": str(self.configuration)}
        self.demand()

    def demand(self, query="fips=yes", providers="", more=""):
        """Writes the configuration. `providers` and `more` are lines for other providers."""
        self.configuration.write_text(
            _CONFIGURATION.format(
                folder=self.folder, query=query, providers=providers, more=more
            )
        )
