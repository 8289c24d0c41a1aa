#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Power losses without TPM2_Shutdown.

A TPM counts such a loss as a wrong try if a key under dictionary-attack protection was used before.
credmint makes no such keys for its own use.
"""

import unittest

from support import pki, program, tpm
from support.cases import each, expand
from support.system_test import MintTest, make_folder
from support.tpm_test import AUTH

STORAGE_ROOT_KEY = "0x81000001"
NODA = "|noda"
LOSSES = 4  # three lock a TPM with default settings


class PowerTest(MintTest):
    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.env = dict(self.tpm.env)
        self.secret(AUTH)

    def certify(self, public_key):
        self.write("web.pem", pki.pem(self.root.issue(public_key)))

    def mint_between_losses(self, key, *flags):
        """Mints between power losses; returns the number of wrong tries that the TPM has counted.

        It does not include the first loss, which may count because of tools.
        """
        self.tpm.lose_power()
        before = self.tpm.wrong_tries()
        for _ in range(LOSSES):
            self.mint("--certificate", "web.pem", "--private-key", key, *flags)
            self.tpm.lose_power()
        return self.tpm.wrong_tries() - before

    def make_noda_file(self, parent, auth=""):
        parts = self.tpm.create(parent, auth=auth, attributes=tpm.SIGNING + NODA)
        path = self.tpm.folder
        (path / "k.pub").write_bytes(parts[0])
        (path / "k.priv").write_bytes(parts[1])
        self.tpm.tool(
            *("encodeobject", "-C", parent, "-u", path / "k.pub", "-r", path / "k.priv"),
            *("-o", self.folder / "web.tss2"),
        )
        self.certify(parts[2])
        return ("--passin", f"pass:{auth}") if auth else ("--no-tpm-key-password",)


@expand
class Uncounted(PowerTest):
    @each(empty="", auth=AUTH)
    def test_a_persistent_key_with_a_passing_salt_key(self, auth):
        handle = "0x81000002"
        self.certify(self.tpm.make_persistent(handle, auth=auth, attributes=tpm.SIGNING + NODA))
        flags = ("--passin", f"pass:{auth}") if auth else ()
        key = f"handle:{handle}" + ("?pass" if auth else "")
        self.assertEqual(self.mint_between_losses(key, *flags), 0)

    @each(noda=tpm.STORAGE + NODA, protected=tpm.STORAGE)
    def test_a_persistent_key_salted_by_the_storage_root_key(self, attributes):
        """Encrypting to the key needs no authorisation, so the key's protection does not matter."""
        handle = "0x81000002"
        self.tpm.make_parent(STORAGE_ROOT_KEY, attributes=attributes)
        self.certify(self.tpm.make_persistent(handle, auth=AUTH, attributes=tpm.SIGNING + NODA))
        flags = ("--passin", f"pass:{AUTH}")
        self.assertEqual(self.mint_between_losses(f"handle:{handle}?pass", *flags), 0)

    @each(empty="", auth=AUTH)
    def test_a_key_file_under_a_parent_with_noda(self, auth):
        self.tpm.make_parent(STORAGE_ROOT_KEY, attributes=tpm.STORAGE + NODA)
        flags = self.make_noda_file(STORAGE_ROOT_KEY, auth)
        self.assertEqual(self.mint_between_losses("web.tss2", *flags), 0)

    def test_the_inventory_and_certificates_in_nv_indices(self):
        self.certify(self.tpm.make_persistent("0x81000002", attributes=tpm.SIGNING + NODA))
        certificate = pki.der(self.root.issue(pki.make_key().public_key()))
        for number, attributes in enumerate((tpm.READABLE, "ownerread|ownerwrite|authread")):
            self.tpm.write_nv(f"0x1c0000{number}", certificate, attributes)
        self.tpm.lose_power()
        before = self.tpm.wrong_tries()
        for _ in range(LOSSES):
            self.succeed("list", "--tpm")
            self.tpm.lose_power()
        self.assertEqual(self.tpm.wrong_tries(), before)


class Counted(PowerTest):
    """docs/reference/tpm2.md warns of these: the TPM counts, whatever a program sends."""

    def test_a_key_without_noda(self):
        self.certify(self.tpm.make_persistent("0x81000002"))
        key = ("--certificate", "web.pem", "--private-key", "handle:0x81000002")
        for _ in range(3):
            self.mint(*key)
            self.tpm.lose_power()
        self.assertEqual(self.tpm.wrong_tries(), 3)
        self.mint_fails_locally(
            *(program.KEY, "dictionary-attack lockout (3 wrong tries, 3 are allowed)", *key),
            hint="losses of power count as wrong tries",
        )

    def test_a_parent_without_noda(self):
        """The loss counts although the parent has no auth value and the key itself is noda."""
        self.tpm.make_parent(STORAGE_ROOT_KEY, attributes=tpm.STORAGE)
        flags = self.make_noda_file(STORAGE_ROOT_KEY)
        self.tpm.lose_power()
        before = self.tpm.wrong_tries()
        self.mint("--certificate", "web.pem", "--private-key", "web.tss2", *flags)
        self.tpm.lose_power()
        self.assertEqual(self.tpm.wrong_tries(), before + 1)


if __name__ == "__main__":
    unittest.main()
