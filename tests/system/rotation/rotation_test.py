#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificate and key files are renewed in either order while serve and update run."""

import os
import shutil
import unittest

from support import pki
from support.cases import each, expand
from support.renewal import IDENTITY, MISMATCH, FilesTest, stays


@expand
class InOrder(FilesTest):
    def test_both_at_once_without_a_word(self):
        self.start_with()
        for name in ("new", "newer"):
            key, certificate = self.pair(name)
            self.put_pair(key, certificate)
            self.assert_uses(certificate)
        self.end()

    def test_the_certificate_first(self):
        old = self.start_with()
        key, certificate = self.pair("new")
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(old, mints=3)
        self.put("web.key", pki.pkcs8_pem(key))
        self.assert_uses(certificate)
        self.assert_answers()
        self.end(stays("old", MISMATCH))

    def test_the_key_first(self):
        old = self.start_with()
        key, certificate = self.pair("new")
        self.put("web.key", pki.pkcs8_pem(key))
        self.assert_uses(old, mints=3)
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(certificate)
        self.end(stays("old", "certificate CN=old: the private key does not belong to it$"))

    def test_another_certificate_for_the_same_key(self):
        key, old = self.pair("old")
        self.put_pair(key, old)
        self.start(*IDENTITY)
        certificate = self.root.issue(key.public_key(), "new")
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(certificate)
        self.end()

    def test_sighup_drops_nothing(self):
        old = self.start_with()
        key, certificate = self.pair("new")
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(old)
        self.reload()
        self.assert_uses(old, mints=2)
        self.put("web.key", pki.pkcs8_pem(key))
        self.assert_uses(certificate)
        self.end(stays("old", MISMATCH), stays("old", MISMATCH))

    @each(rsa_to_ec=("RSA2048", "P256"), ec_to_rsa=("P384", "RSA2048"))
    def test(self, kinds):
        old_kind, new_kind = kinds
        old = self.start_with(kind=old_kind)
        key, certificate = self.pair("new", new_kind)
        self.put("web.pem", pki.pem(certificate))
        self.assert_uses(old)
        self.put("web.key", pki.pkcs8_pem(key))
        self.assert_uses(certificate)
        self.end(stays("old", MISMATCH))

    def test_the_passphrase_too(self):
        """The new key has another passphrase, which the programs read on SIGHUP."""
        old_key, old = self.pair("old")
        self.put("web.pem", pki.pem(old))
        self.put("web.key", pki.encrypted_pkcs8_pem(old_key, self.secret("old-27182")))
        self.put("pass", "old-27182")
        self.start(*IDENTITY, "--passin", "file:pass")
        key, certificate = self.pair("new")
        self.put("web.pem", pki.pem(certificate))
        self.put("web.key", pki.encrypted_pkcs8_pem(key, self.secret("new-31415")))
        self.assert_uses(old, mints=3)
        self.put("pass", "new-31415")
        self.assert_uses(old)
        self.reload()
        self.assert_uses(certificate)
        self.end(stays("old", "opening key web.key: "))


class Kubernetes(FilesTest):
    """A secret volume: tls.crt -> ..data/tls.crt, and ..data -> ..2026_11_24, which is replaced."""

    def mount(self, generation, key, certificate):
        folder = self.folder / f"..{generation}"
        folder.mkdir()
        (folder / "tls.key").write_bytes(pki.pkcs8_pem(key))
        (folder / "tls.crt").write_bytes(pki.pem(certificate))
        before = (self.folder / "..data").resolve()
        (self.folder / "..data_tmp").symlink_to(folder.name)
        os.replace(self.folder / "..data_tmp", self.folder / "..data")
        if before.name.startswith("..20"):
            shutil.rmtree(before)

    def test_a_swap_of_data(self):
        for name in ("tls.key", "tls.crt"):
            (self.folder / name).symlink_to(f"..data/{name}")
        self.mount("2026_01", *self.pair("old"))
        self.start("--certificate", "tls.crt", "--private-key", "tls.key")
        for generation in ("2026_02", "2026_03"):
            key, certificate = self.pair(generation, "RSA2048")
            self.mount(generation, key, certificate)
            self.assert_uses(certificate)
        self.end()


if __name__ == "__main__":
    unittest.main()
