#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/update.md unchanged."""

import json
import signal
import unittest

from support import documents, recipes
from support.requirements import need
from support.serve import wait_until

BLOCKS = {
    section.title: [text for language, text in section.blocks() if language == "sh"]
    for section in documents.sections(documents.read("guide/update.md"))
}


class Recipes(recipes.WithIdentity):
    def setUp(self):
        need("/usr/bin/aws", "awscli")
        super().setUp()

    def test_once(self):
        update, export = BLOCKS["Write it once"]
        self.assertEqual(self.finish(self.start(update)), b"")
        exported = json.loads(self.finish(self.start(export)))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])

    def test_for_as_long_as_it_runs(self):
        (block,) = BLOCKS["Keep it fresh"]
        started = self.start(f"exec {block}")
        path = self.folder / ".aws/credentials"
        wait_until(path.exists)
        started.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(started), b"")
        self.assertIn(self.last_request()["access_key_id"], path.read_text())

    def test_no_block_is_left_out(self):
        self.assertEqual(sum(map(len, BLOCKS.values())), 3)


if __name__ == "__main__":
    unittest.main()
