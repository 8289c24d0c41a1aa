#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/exec.md unchanged."""

import json
import re
import subprocess
import unittest

from support import documents, emulator, program, recipes
from support.requirements import need

SECTIONS = {
    section.title: section.blocks()
    for section in documents.sections(documents.read("guide/exec.md"))
}
BLOCKS = {
    title: [text for language, text in blocks if language == "sh"]
    for title, blocks in SECTIONS.items()
}


class Recipes(recipes.WithIdentity):
    def setUp(self):
        program.need_server()
        need("/usr/bin/aws", "awscli")
        super().setUp()
        folder = self.folder / ".config/credmint"
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(
            f'[identity.web]\ncertificate = "{self.folder}/web.pem"\n'
            f'private-key = "{self.folder}/web.key"\n'
            f'[role.web]\ntrust-anchor-arn = "{emulator.TRUST_ANCHOR_ARN}"\n'
            f'profile-arn = "{emulator.PROFILE_ARN}"\nrole-arn = "{emulator.ROLE_ARN}"\n'
        )

    def test_a_command(self):
        exported = json.loads(self.finish(self.start(BLOCKS["Run it"][0])))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])

    def test_a_script(self):
        printed = self.finish(self.start(BLOCKS["Run it"][1])).decode()
        self.assertRegex(printed, r"access_key .*container-role")
        self.assertIn(self.last_request()["access_key_id"], printed)

    def test_variables(self):
        started = self.start(BLOCKS["Without a server"][0])
        printed, told = started.communicate(timeout=60)
        self.assertEqual(printed.decode().strip(), self.last_request()["access_key_id"])
        (shown,) = (text for language, text in SECTIONS["Without a server"] if language == "")
        pattern = re.escape(shown.strip()).replace(re.escape("2026-11-30T10:00:00Z"), r"\S+Z")
        self.assertRegex(told.decode(), rf"\A{pattern}\n\Z")

    def test_no_block_is_left_out(self):
        self.assertEqual(sum(map(len, BLOCKS.values())), 3)


if __name__ == "__main__":
    unittest.main()
