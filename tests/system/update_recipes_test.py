#!/usr/bin/python3
"""docs/update.md is true: its shell blocks are run as they stand."""

import json
import signal
import subprocess
import time
import unittest

from support import documents, emulator, program
from support.processes import die_with_parent
from support.requirements import need
from support.system_test import MintTest

BLOCKS = {
    section.title: [text for language, text in section.blocks() if language == "sh"]
    for section in documents.sections(documents.read("update.md"))
}


class Recipes(MintTest):
    def setUp(self):
        need("/usr/bin/aws", "awscli")
        super().setUp()
        self.write_identity()
        (self.folder / "credmint").symlink_to(program.path())
        _, trust_anchor, _, profile, _, role = emulator.SESSION_FLAGS
        self.env = {
            **program.environment(self.folder),
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL_ROLESANYWHERE": self.service.url,
            "TRUST_ANCHOR": trust_anchor,
            "PROFILE": profile,
            "ROLE": role,
        }

    def start(self, block):
        return subprocess.Popen(
            ["/bin/sh", "-euc", f"exec {block}"],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )

    def finish(self, started):
        out, err = started.communicate(timeout=60)
        self.assertEqual((started.returncode, err), (0, b""), out)
        return out

    def test_once(self):
        update, export = BLOCKS["Once"]
        self.assertEqual(self.finish(self.start(update)), b"")
        exported = json.loads(self.finish(self.start(export)))
        self.assertEqual(exported["AccessKeyId"], self.last_request()["access_key_id"])

    def test_for_as_long_as_it_runs(self):
        (block,) = BLOCKS["For as long as it runs"]
        started = self.start(block)
        path = self.folder / ".aws/credentials"
        end = time.monotonic() + program.TIME_LIMIT_SECONDS
        while not path.exists():
            self.assertLess(time.monotonic(), end, "nothing is written")
            time.sleep(0.01)
        started.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(started), b"")
        self.assertIn(self.last_request()["access_key_id"], path.read_text())

    def test_no_block_is_left_out(self):
        self.assertEqual(sum(map(len, BLOCKS.values())), 3)


if __name__ == "__main__":
    unittest.main()
