#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""From a key in a device to credentials: openssl makes the request with credmint's modules.

The environment variable CREDMINT_MODULES has the path of the folder with credmint-pkcs11.so and
credmint-tpm2.so.
"""

import unittest

from cryptography import x509

from support import openssl, pki, token, tpm
from support.processes import run_tool
from support.requirements import provider_modules
from support.system_test import MintTest


class FirstCertificate(MintTest):
    def setUp(self):
        self.modules = provider_modules()
        super().setUp()

    def certify(self, provider, key, env, *flags):
        """Has openssl request a certificate for a key, and writes the issued certificate."""
        request = run_tool(
            *(openssl.OPENSSL, "req", "-new", "-subj", "/CN=web", "-key", key, *flags),
            *("-provider-path", self.modules, "-provider", provider, "-provider", "default"),
            env=env,
        )
        wanted = x509.load_pem_x509_csr(request)
        self.assertTrue(wanted.is_signature_valid)
        self.write("web.pem", pki.pem(self.root.issue(wanted.public_key())))
        self.env = env

    def mint_with(self, key, *flags):
        self.mint("--certificate", "web.pem", "--private-key", key, *flags)

    def test_of_a_token(self):
        made = token.Token(self.folder / "t")
        made.generate("EC:prime256v1")
        key = "pkcs11:token=test;object=web"
        pin = ("-passin", f"pass:{token.PIN}")
        self.certify("credmint-pkcs11", key, made.env, *pin)
        self.mint_with(key, "--passin", f"pass:{token.PIN}")

    def test_of_a_persistent_tpm_key(self):
        made = tpm.Tpm(self, self.folder / "t")
        made.make_persistent("0x81000002")
        self.certify("credmint-tpm2", "handle:0x81000002", made.env)
        self.mint_with("handle:0x81000002")

    def test_of_a_tpm_key_file(self):
        made = tpm.Tpm(self, self.folder / "t")
        contents, _ = made.make_key_file(tpm.RSA_2048)
        key = self.write("web.tss2", contents)
        self.certify("credmint-tpm2", key, made.env)
        self.mint_with(key)


if __name__ == "__main__":
    unittest.main()
