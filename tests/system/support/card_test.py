# SPDX-License-Identifier: Apache-2.0
"""For tests that change a token: a copy of it for each, a PIN file, and faults on demand."""

import re

from support import misbehaving, token


def listed_objects(shown):
    """(class, label, id) of each object that pkcs11-tool lists, sorted."""
    blocks = re.split(r"^(?=(?:Private Key|Public Key|Certificate) Object)", shown, flags=re.M)[1:]
    found = []
    for block in blocks:
        label = re.search(r"^  label: +(.*)$", block, re.M)
        identifier = re.search(r"^  ID: +(.*)$", block, re.M)
        names = (each[1].strip() if each else "" for each in (label, identifier))
        found.append((block.split(" Object")[0], *names))
    return sorted(found)


class WithCard:
    """Beside a test class that sets the token `original` for all tests."""

    def setUp(self):
        super().setUp()
        self.card = self.original.copy(self.folder / "t")
        self.write("pin", self.secret(token.PIN))
        self.behave()

    def behave(self):
        self.env = self.card.env
        self.flags = ("--passin", "file:pin", "--pkcs11-lib", token.MODULE)

    def misbehave(self, *faults):
        """Has the later runs use the module with these faults; returns the log of its calls."""
        log = self.folder / "calls"
        log.unlink(missing_ok=True)
        self.env = misbehaving.environment(self.card.env, *faults, log=log)
        self.flags = ("--passin", "file:pin", "--pkcs11-lib", misbehaving.module())
        self.flags += ("--key-paths", str(log))
        return log
