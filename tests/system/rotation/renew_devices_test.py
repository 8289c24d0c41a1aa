#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""renew for certificates on a token and in a TPM, judged by pkcs11-tool and tpm2-tools."""

import unittest

from cryptography import x509

from support import misbehaving, pki, program, token, tpm
from support.card_test import WithCard, listed_objects
from support.issuing import LEAF, OLD, RenewTest
from support.processes import run_tool
from support.system_test import make_folder
from support.tpm_proxy import TpmProxy

URI = "pkcs11:token=test;object=web"
INDEX = "0x01c00002"
CHANGES = {"C_CreateObject", "C_DestroyObject"}


class TokenTest(WithCard, RenewTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.public_key = cls.original.generate("EC:prime256v1")
        cls.old = cls.root.issue(cls.public_key, **OLD)
        cls.original.write_certificate(cls.old)

    def behave(self):
        super().behave()
        self.identity = ("--certificate", URI, "--private-key", URI, *self.flags)

    def misbehave(self, *faults):
        log = super().misbehave(*faults)
        self.identity = ("--certificate", URI, "--private-key", URI, *self.flags)
        return log

    def listed(self):
        return listed_objects(self.card.describe_objects())

    def read(self):
        """The certificate, read by pkcs11-tool without a login."""
        der = run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test"),
            *("--read-object", "--type", "cert", "--label", "web"),
            env=self.card.env,
        )
        return x509.load_der_x509_certificate(der)

    def assert_is_new(self):
        new = self.read()
        self.assertGreater(new.not_valid_after, self.old.not_valid_after)
        self.assertEqual(
            new.public_key().public_numbers(), self.public_key.public_numbers()
        )
        self.assertEqual([each for each in self.listed() if each[0] == "Certificate"],
                         [("Certificate", "web", "01")])
        self.mint(*self.identity)


class OnAToken(TokenTest):
    def test_the_new_one_replaces_the_old_one(self):
        self.renewed()
        self.assert_is_new()

    def test_no_login_if_it_is_not_due(self):
        self.renewed()
        log = self.misbehave()
        self.assertIn("not due until", self.renew(command="exit 9"))
        self.assertNotIn("C_Login", misbehaving.calls(log))

    def test_nothing_is_written_before_the_certificate_is_checked(self):
        log = self.misbehave()
        self.write("answer", pki.pem(self.root.issue(self.public_key, not_after=pki.DAY / 2)))
        self.refuse(program.CERTIFICATE, "no later than the present one", "cat answer")
        self.assertFalse(CHANGES & set(misbehaving.calls(log)))
        self.assertEqual(self.read(), self.old)

    def test_a_full_token(self):
        self.misbehave("C_CreateObject=CKR_DEVICE_MEMORY")
        self.fail_with(
            program.KEY, "CKR_DEVICE_MEMORY", *self.arguments_of(), hint="it may be full"
        )
        self.assertEqual(self.read(), self.old)
        self.behave()
        self.mint(*self.identity)

    def test_what_the_ca_issued_is_kept_for_the_next_run(self):
        """A full token costs no second certificate."""
        for command in (f"{self.sign()}; echo x >> asked", "exit 9"):
            self.misbehave("C_CreateObject=CKR_DEVICE_MEMORY")
            self.assertIn("CKR_DEVICE_MEMORY", self.run_badly(command).stderr)
            self.waive_wait()
        self.behave()
        self.waive_wait()
        self.renewed(command="exit 9")
        self.assertEqual((self.folder / "asked").read_text(), "x\n")
        self.assert_is_new()

    def test_a_wrong_pin_is_sent_once(self):
        self.write("pin", self.secret("wrong-pin-4"))
        log = self.misbehave()
        self.refuse(program.KEY, "refused the PIN", "exit 9")
        self.write("pin", token.PIN)
        self.refuse(program.KEY, "secret was refused", "exit 9", hint="--force")
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)
        self.behave()
        self.renewed("--force")

    def test_killed_before_the_old_one_is_removed(self):
        self.misbehave("abort=C_DestroyObject")
        self.run_badly(self.sign())
        self.behave()
        self.assertEqual(len([one for one in self.listed() if one[0] == "Certificate"]), 2)
        self.waive_wait()
        self.renewed(command="exit 9")
        self.assert_is_new()

    def test_killed_before_the_new_one_is_written(self):
        self.misbehave("abort=C_CreateObject")
        self.run_badly(self.sign())
        self.behave()
        self.assertEqual(self.read(), self.old)
        self.mint(*self.identity)
        self.waive_wait()
        self.renewed(command="exit 9")
        self.assert_is_new()

    def test_a_certificate_file_of_a_key_on_a_token(self):
        self.write("web.pem", pki.pem(self.old))
        self.identity = ("--certificate", "web.pem", "--private-key", URI, *self.flags)
        self.renewed()
        self.mint(*self.identity)
        self.assertEqual(self.read(), self.old)


class InATpm(RenewTest):
    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.public_key = self.tpm.make_persistent("0x81000002")
        self.env = dict(self.tpm.env)
        self.old = self.root.issue(self.public_key, "a name that is longer", **OLD)
        self.tpm.write_nv(INDEX, pki.der(self.old))
        self.identity = ("--certificate", f"nv:{INDEX}", "--private-key", "handle:0x81000002")

    def read(self):
        path = self.folder / "read"
        self.tpm.tool("nvread", "-Q", "-C", INDEX, "-o", path, INDEX)
        return path.read_bytes()

    def test_an_nv_index(self):
        self.assertIn("renewed CN=a name that is longer", self.renew())
        self.assertNotEqual(self.read(), pki.der(self.old))
        self.mint(*self.identity)
        self.assertEqual(self.tpm.loaded(), [])
        self.assertIn("not due until", self.renew(command="exit 9"))

    def fill(self):
        """Leaves no room for a longer certificate."""
        size, number = 2048, 0x01800000
        while size > 16:
            try:
                self.tpm.tool(
                    *("nvdefine", "-Q", "-C", "o", "-s", size, "-a", tpm.READABLE, hex(number))
                )
                number += 1
            except Exception:
                size //= 2

    def test_full_nv_memory(self):
        self.fill()
        self.write("leaf.ext", f"{LEAF}nsComment={'long' * 60}\n")
        result = self.run_badly(f"{self.sign()}; echo x >> asked")
        self.assertIn("the TPM has no room for it; the earlier contents were put back", result.stderr)
        self.assertEqual(self.read(), pki.der(self.old))
        self.mint(*self.identity)
        self.tpm.tool("nvundefine", "-Q", "-C", "o", "0x01800000")
        self.waive_wait()
        self.assertIn("renewed", self.renew(command="exit 9"))
        self.mint(*self.identity)
        self.assertEqual((self.folder / "asked").read_text(), "x\n")

    def test_killed_while_the_index_is_missing(self):
        """The TPM cannot replace it in one step. The next run puts there what the CA has issued."""
        proxy = TpmProxy(self, self.tpm, make_folder(self) / "p")
        self.env = dict(proxy.env)
        proxy.answer("NV_Write", 0x148, times=9)
        self.run_badly(self.sign())
        self.env = dict(self.tpm.env)
        self.assertNotIn(INDEX, self.tpm.tool("getcap", "handles-nv-index").lower())
        self.waive_wait()
        self.assertIn("renewed", self.renew(command="exit 9"))
        self.mint(*self.identity)

    def test_the_owner_s_auth_value(self):
        auth = self.secret("owner-31415926")
        self.tpm.tool("changeauth", "-Q", "-c", "o", auth)
        self.refuse_but_remember("wants the auth value|needs the auth value|auth value")
        self.assertEqual(self.read(), pki.der(self.old))
        self.waive_wait()
        self.write("owner", auth)
        self.assertIn("renewed", self.renew("--owner-passin", "file:owner", command="exit 9"))
        self.mint(*self.identity)

    def refuse_but_remember(self, message):
        result = self.run_badly(self.sign())
        self.assertEqual(result.status, program.KEY, str(result))
        self.assertRegex(result.stderr, message)


if __name__ == "__main__":
    unittest.main()
