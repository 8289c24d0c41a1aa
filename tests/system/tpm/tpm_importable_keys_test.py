#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TPM keys that were made elsewhere and wrapped for a parent key in this TPM (TPM2_Import)."""

import unittest

from support import pki, program, tpm, tss2
from support.cases import each, expand
from support.tpm_policy import Policy
from support.tpm_test import AUTH, TpmTest

PARENT = "0x81000010"
DUPLICATE = 0x14B
MOVABLE = "sensitivedataorigin|userwithauth|sign"
PARENT_AUTH = "parent-16180339"


class ImportableTest(TpmTest):
    PARENT_AUTH = ""

    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent(PARENT, cls.PARENT_AUTH, tpm.STORAGE + "|noda")

    def write_key(self, wrapped, **fields):
        public, private, seed, key = wrapped
        fields = {"kind": tss2.IMPORTABLE, "secret": seed, **fields}
        self.write("web.tss2", tss2.KeyFile(public, private, int(PARENT, 0), **fields).pem())
        self.write("web.pem", pki.pem(self.root.issue(key)))


@expand
class KeysMadeByOpenssl(ImportableTest):
    """A key from a file, wrapped without the machine's TPM, as during its installation."""

    @each("P256", "P384", "RSA2048")
    def test_mint_with(self, kind):
        key = pki.make_key(kind)
        self.write_key(self.tpm.wrap(PARENT, key))
        self.mint_with_key("web.tss2")
        self.mint_with_key("web.tss2")

    def test_with_an_auth_value(self):
        self.write_key(self.tpm.wrap(PARENT, pki.make_key(), auth=AUTH), empty_auth=False)
        self.mint_with_key("web.tss2", "--passin", f"pass:{AUTH}")

    def test_for_another_parent(self):
        self.tpm.make_parent("0x81000011")
        self.write_key(self.tpm.wrap("0x81000011", pki.make_key()))
        self.refuse(program.KEY, "does not belong to this TPM or is damaged", "web.tss2")

    def test_with_a_damaged_seed(self):
        public, private, seed, key = self.tpm.wrap(PARENT, pki.make_key())
        self.write_key((public, private, seed[:-1] + bytes([seed[-1] ^ 1]), key))
        self.refuse(program.KEY, "does not belong to this TPM or is damaged", "web.tss2")

    def test_without_its_secret(self):
        self.write_key(self.tpm.wrap(PARENT, pki.make_key()), secret=None)
        self.refuse(program.KEY, "importable keys have a secret", "web.tss2")


class KeysDuplicatedByATpm(ImportableTest):
    """A key that one TPM makes and duplicates for another."""

    def test_mint(self):
        other = tpm.Tpm(self, self.folder / "other")
        other.make_parent(PARENT)
        policy = Policy().command_code(DUPLICATE).digest
        public, private, key = other.create(PARENT, policy=policy, attributes=MOVABLE)
        private, seed = other.duplicate(PARENT, public, private, hex(DUPLICATE), self.parent_public())
        self.write_key((public, private, seed, key))
        self.mint_with_key("web.tss2")

    def parent_public(self):
        path = self.folder / "parent.pub"
        self.tpm.tool("readpublic", "-Q", "-c", PARENT, "-o", path)
        return path


class ParentsWithAuthValues(ImportableTest):
    PARENT_AUTH = PARENT_AUTH

    def setUp(self):
        super().setUp()
        self.secret(PARENT_AUTH)
        self.write_key(self.tpm.wrap(PARENT, pki.make_key()))

    def test_given(self):
        self.mint_with_key("web.tss2", "--parent-passin", f"pass:{PARENT_AUTH}")

    def test_missing(self):
        message = f"TPM key {PARENT} needs an auth value"
        self.refuse(program.KEY, message, "web.tss2", hint="--parent-passin")


if __name__ == "__main__":
    unittest.main()
