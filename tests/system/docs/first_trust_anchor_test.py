#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/first-trust-anchor.md unchanged, from an untouched TPM.

A stand-in for the AWS CLI answers, and checks its arguments.
"""

import pathlib
import unittest

from cryptography import x509

from support import aws_cli, documents, emulator, recipes, tpm
from support.system_test import make_folder

TEXT = documents.read("guide/first-trust-anchor.md")
(PAGE,) = recipes.of(TEXT)
MOST_LINES = 70


class FirstTrustAnchor(recipes.InOneHome):
    SECTIONS = [PAGE]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.update(tpm.Tpm(cls, make_folder(cls) / "t").env)
        tools = pathlib.Path(cls.env["PATH"].partition(":")[0])
        cls.aws = aws_cli.AwsCli(
            tools,
            {
                "create-trust-anchor": emulator.TRUST_ANCHOR_ARN,
                "create-role": emulator.ROLE_ARN,
                "create-profile": emulator.PROFILE_ARN,
                "attach-role-policy": "",
            },
        )

    def start_service(self, text):
        cls = type(self)
        certificate = x509.load_pem_x509_certificate((self.home / "ca.pem").read_bytes())
        cls.service = emulator.Emulator(certificate)
        cls.addClassCleanup(cls.service.stop)
        cls.env["AWS_ENDPOINT_URL_ROLESANYWHERE"] = cls.service.url
        return 0

    def test_page(self):
        self.run_up_to(PAGE)
        calls = [operation for operation, _ in self.aws.calls()]
        self.assertEqual(
            calls,
            ["create-trust-anchor", "create-role", "create-profile", "attach-role-policy"],
        )

    def test_it_is_one_screen(self):
        self.assertLessEqual(len(TEXT.splitlines()), MOST_LINES)
        server = [line for _, block in PAGE.blocks() for line in block.splitlines()]
        used = {line.split()[1] for line in server if line.startswith("credmint ")}
        self.assertEqual(used, {"init", "import-certificate", "credential-process"})


if __name__ == "__main__":
    unittest.main()
