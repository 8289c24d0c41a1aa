#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates on a token and in a TPM are renewed while serve and update run."""

import time
import unittest

from support import pki, token, tpm
from support.renewal import IDENTITY, RenewalTest, stays
from support.serve import wait_until
from support.system_test import make_folder


class OnAToken(RenewalTest):
    """Only one program runs, because two would disturb each other: see support/token.py."""

    PROGRAMS = ("serve",)
    OBJECT = "pkcs11:token=test;object=web"

    def setUp(self):
        super().setUp()
        self.token = token.Token(self.folder / "t")
        self.env = self.token.env
        self.write("pin", self.secret(token.PIN))

    def issue(self, name, key_type="EC:prime256v1"):
        """Makes a key on the token and issues its certificate, which is not written yet."""
        return self.root.issue(self.token.generate(key_type), name)

    def start(self, certificate):
        module = ("--pkcs11-lib", token.MODULE, "--passin", "file:pin")
        super().start("--certificate", certificate, "--private-key", self.OBJECT, *module)

    def test_another_certificate_for_the_same_key(self):
        """The token has no certificate for a while between the old one and the new one."""
        old = self.issue("old")
        self.token.write_certificate(old)
        self.start(self.OBJECT)
        self.token.delete("cert")
        self.assert_uses(old)
        certificate = self.root.issue(self.token.public_key(), "new")
        self.token.write_certificate(certificate)
        self.assert_uses(certificate)
        reason = f"opening certificate {self.OBJECT};type=cert: no certificate on token 'test'"
        self.end(stays("old", reason))

    def test_another_key(self):
        """From RSA to EC. The old key is gone, so nothing is minted until the pair is complete."""
        self.token.write_certificate(self.issue("old", "rsa:2048"))
        self.start(self.OBJECT)
        for kind in ("cert", "privkey", "pubkey"):
            self.token.delete(kind)
        certificate = self.issue("new")
        before = self.look()
        time.sleep(1.5)
        self.assertEqual(self.look(), before)
        self.token.write_certificate(certificate)
        self.assert_uses(certificate)
        self.assert_answers()
        lines = self.end_at_will()
        self.assertRegex(
            lines["serve"][-2],
            f"^credmint: opening certificate {self.OBJECT};type=cert: .*; the earlier one is unusable, too: "
            "(opening key|certificate CN=old: the private key does not belong to it)",
        )

    def test_a_certificate_file_before_its_key(self):
        old = self.issue("old")
        self.put("web.pem", pki.pem(old))
        self.start("web.pem")
        other = pki.make_key()
        self.put("web.pem", pki.pem(self.root.issue(other.public_key(), "new")))
        self.assert_uses(old)
        certificate = self.root.issue(self.token.public_key(), "newer")
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(certificate)
        self.end(stays("old", "certificate CN=new: the private key does not belong to it"))


class InATpm(RenewalTest):
    KEY = "0x81000001"
    INDEX = "0x01900002"

    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.env = self.tpm.env

    def write_nv(self, contents):
        path = self.folder / "nv"
        path.write_bytes(contents.ljust(1500, b"\0"))
        self.tpm.tool("nvwrite", "-Q", "-C", "o", "-i", path, self.INDEX)

    def start_with(self, certificate, *flags):
        self.tpm.write_nv(self.INDEX, None, size=1500)
        self.write_nv(pki.der(certificate))
        key = ("--private-key", f"handle:{self.KEY}")
        self.start("--certificate", f"nv:{self.INDEX}", *key, *flags)

    def test_another_certificate_for_the_same_key(self):
        """Nothing stays loaded in the TPM between mints, including the key in use."""
        public_key = self.tpm.make_persistent(self.KEY)
        old = self.root.issue(public_key, "old")
        self.start_with(old)
        certificate = self.root.issue(public_key, "new")
        self.write_nv(pki.der(certificate)[:300])
        self.assert_uses(old, mints=2)
        wait_until(lambda: self.tpm.loaded() == [])  # a mint may be running
        self.write_nv(pki.der(certificate))
        self.assert_uses(certificate)
        self.end(stays("old", f"opening certificate nv:{self.INDEX}: .*it holds something other"))

    def test_another_key(self):
        """To another curve. The old key is gone: nothing is minted until the pair is complete."""
        self.start_with(self.root.issue(self.tpm.make_persistent(self.KEY), "old"))
        self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", self.KEY)
        public_key = self.tpm.make_persistent(self.KEY, "ecc384")
        certificate = self.root.issue(public_key, "new")
        before = self.look()
        time.sleep(1.5)
        self.assertEqual(self.look(), before)
        self.write_nv(pki.der(certificate))
        self.assert_uses(certificate)
        self.assert_answers()
        lines = self.end_at_will()
        self.assertRegex(lines["update"][-2], "^credmint: certificate CN=old: the private key does")

    def test_a_key_file_before_its_certificate(self):
        """The old key stays usable from its file's contents, so the order does not matter."""
        key_file, public_key = self.tpm.make_key_file(tpm.EC_P256)
        old = self.root.issue(public_key, "old")
        self.put("web.key", key_file)
        self.put("web.pem", pki.pem(old))
        self.start(*IDENTITY)
        key_file, public_key = self.tpm.make_key_file(tpm.RSA_2048)
        certificate = self.root.issue(public_key, "new")
        self.put("web.key", key_file)
        self.assert_uses(old, mints=2)
        wait_until(lambda: self.tpm.loaded() == [])  # a mint may be running
        (self.folder / "web.key").unlink()
        self.assert_uses(old, mints=2)
        self.put("web.key", key_file)
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(certificate)
        self.end(
            stays("old", "certificate CN=old: the private key does not belong to it"),
            stays("old", "opening key web.key: .*No such file"),
        )

    def test_another_key_file_with_another_auth_value(self):
        """The new auth value is not tried on the old key, because the TPM counts wrong ones."""
        self.tpm.set_lockout(after_tries=10)
        key_file, public_key = self.tpm.make_key_file(tpm.EC_P256, "user-auth:old-27182818")
        self.put("pin", self.secret("old-27182818"))
        self.put("web.key", key_file)
        self.put("web.pem", pki.pem(self.root.issue(public_key, "old")))
        self.start(*IDENTITY, "--passin", "file:pin")
        key_file, public_key = self.tpm.make_key_file(tpm.EC_P256, "user-auth:new-31415926")
        self.put("pin", self.secret("new-31415926"))
        self.put("web.key", key_file)
        self.reload()
        time.sleep(3)
        self.assertEqual(self.tpm.wrong_tries(), 0)
        certificate = self.root.issue(public_key, "new")
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(certificate)
        self.end_at_will()
        self.assertEqual(self.tpm.wrong_tries(), 0)

    def test_another_auth_value(self):
        """Each program sends the old value once and waits for SIGHUP: the TPM counts wrong ones."""
        self.tpm.set_lockout(after_tries=10)
        self.put("pin", self.secret("old-27182818"))
        old = self.root.issue(self.tpm.make_persistent(self.KEY, auth="old-27182818"), "old")
        self.start_with(old, "--passin", "file:pin")
        self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", self.KEY)
        auth = self.secret("new-31415926")
        certificate = self.root.issue(self.tpm.make_persistent(self.KEY, auth=auth), "new")
        self.write_nv(pki.der(certificate))
        wait_until(lambda: self.tpm.wrong_tries() == len(self.running))
        time.sleep(3)
        self.assertEqual(self.tpm.wrong_tries(), len(self.running))
        self.put("pin", auth)
        self.reload()
        self.assert_uses(certificate)
        lines = self.end_at_will()
        self.assertRegex(lines["update"][-2], "^credmint: certificate CN=new: .*refused the auth")


if __name__ == "__main__":
    unittest.main()
