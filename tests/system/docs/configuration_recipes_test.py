#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/reference/configuration.md. Its table must be complete."""

import json
import re
import unittest

from cryptography import x509

from support import documents, emulator, help_text, recipes
from support.cases import each, expand

TEXT = documents.read("reference/configuration.md")
RECIPES = recipes.of(TEXT)
NOT_IN_THE_FILE = {
    "check",
    "help",
    "help-all",
    "config",
    "role",
    "allow-user",
    "tpm-key-password",
    "pkcs8-password",
    "system-store-name",
}
WITHOUT_A_FLAG = {"identity", "cache", "credential-process", "serve", "token-group"}


@expand
class Recipes(recipes.InOneHome):
    SECTIONS = RECIPES

    @each(**recipes.by_name(RECIPES))
    def test_recipe(self, wanted):
        self.run_up_to(wanted)
        bodies = [json.loads(record["body"]) for record in self.service.requests()]
        seen = [(body["roleArn"].rpartition("/")[2], body["durationSeconds"]) for body in bodies]
        self.assertEqual(seen, [("reader", 3600), ("backup", 900), ("backup", 7200)])
        self.assertIn("[backup]", (self.home / ".aws/credentials").read_text())

    def start_service(self, text):
        certificate = x509.load_pem_x509_certificate((self.home / "pki/ca.pem").read_bytes())
        configuration = (self.home / ".config/credmint/config.toml").read_text()
        cls = type(self)
        cls.service = emulator.Emulator(
            certificate,
            trust_anchor_arn=re.search(r'trust-anchor-arn = "(\S+)"', configuration)[1],
            profile_arn=re.search(r'profile-arn = "(\S+)"', configuration)[1],
        )
        cls.addClassCleanup(cls.service.stop)
        cls.env["AWS_ENDPOINT_URL_ROLESANYWHERE"] = cls.service.url
        return 0


class Settings(unittest.TestCase):
    def test_the_table_has_all_flags_of_serve_and_no_others(self):
        rows = re.findall(r"^\| (?:before|`\[).*$", TEXT, re.MULTILINE)
        self.assertEqual(len(rows), 5)
        named = set(re.findall(r"`([a-z][a-z0-9-]+)`", " ".join(row.split("|")[2] for row in rows)))
        names = [name for it in help_text.options("serve").values() for name in it.names]
        flags = {name.removeprefix("--") for name in names if name.startswith("--")}
        self.assertEqual(named - WITHOUT_A_FLAG, flags - NOT_IN_THE_FILE)


if __name__ == "__main__":
    unittest.main()
