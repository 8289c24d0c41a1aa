#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Each command that has loaded a PKCS#11 module exits with its own status and without messages.

SoftHSM crashes a process that finalises it after SoftHSM's exit handlers have run. The order of exit
handlers depends on the version of OpenSSL.
"""

import unittest

from support import pki, token
from support.cases import each, expand
from support.system_test import MintTest, make_folder

KEY = "pkcs11:token=test;object=web"


@expand
class EveryCommand(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))
        cls.original.write_certificate(leaf)

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.env = dict(self.token.env)
        self.module = ("--pkcs11-lib", token.MODULE)
        self.pin = ("--passin", f"pass:{self.secret(token.PIN)}")

    def test_credential_process(self):
        self.mint("--certificate", KEY, "--private-key", KEY, *self.pin, *self.module)

    @each(
        list_without_login=("list",),
        read_certificate_data=("read-certificate-data", "--certificate", KEY),
    )
    def test_without_a_pin(self, command):
        self.succeed(*command, *self.module)

    @each(list_with_login=("list",), sign_string=("sign-string", "--private-key", KEY))
    def test_with_a_pin(self, command):
        self.succeed(*command, *self.pin, *self.module)


if __name__ == "__main__":
    unittest.main()
