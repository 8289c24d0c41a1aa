#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""README.md is true: the three ways of use are run as they stand, and its links lead somewhere."""

import json
import re
import signal
import subprocess
import unittest

from support import documents, emulator, program, token
from support.pki import pem
from support.processes import die_with_parent
from support.requirements import need
from support.system_test import MintTest, make_folder

TEXT = (documents.SOURCE / "README.md").read_text()
SECTIONS = {section.title: section for section in documents.sections(TEXT)}
BLOCKS = {
    title: [text for language, text in section.blocks() if language == "sh"]
    for title, section in SECTIONS.items()
}
WAYS = [title for title in SECTIONS if re.match(r"[0-9]\. ", title)]
MOST_LINES = 10


class ThreeWays(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need("/usr/bin/aws", "awscli")
        cls.token = token.Token(make_folder(cls) / "t", label="prod")
        cls.leaf = cls.root.issue(cls.token.generate("EC:prime256v1"))

    @classmethod
    def start_service(cls, *anchors, **options):
        """It knows the ARNs of the README."""
        (variables,) = BLOCKS["Use it"]
        arns = dict(re.findall(r"^export (\w+)=(\S+)$", variables, re.MULTILINE))
        trust_anchor, profile = arns["TRUST_ANCHOR"], arns["PROFILE"]
        return super().start_service(
            *anchors, trust_anchor_arn=trust_anchor, profile_arn=profile, **options
        )

    def setUp(self):
        super().setUp()
        self.write("web.pem", pem(self.leaf))
        self.write("pin", token.PIN)
        (self.folder / "credmint").symlink_to(program.path())
        self.env = {
            **program.environment(self.folder, self.token.env),
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL_ROLESANYWHERE": self.service.url,
        }

    def start(self, block):
        """The variables of the beginning are set."""
        return subprocess.Popen(
            ["/bin/sh", "-euc", f"{BLOCKS['Use it'][0]}\n{block}"],
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
        return out.decode()

    def check(self, exported):
        credentials = json.loads(exported)
        self.assertEqual(credentials["AccessKeyId"], self.last_request()["access_key_id"])
        self.assertEqual(self.last_request()["reason"], "accepted")

    def test_credential_process(self):
        (block,) = BLOCKS[WAYS[0]]
        self.check(self.finish(self.start(block)))

    def test_serve(self):
        """On a port of its own, which is all that differs."""
        serve, client = BLOCKS[WAYS[1]]
        started = self.start(f"exec {serve.strip()} --port 0")
        printed = ""
        while "METADATA" not in printed:
            printed += started.stdout.readline().decode() or self.fail(started.communicate())
        port = re.search(r"http://127\.0\.0\.1(:\d+)/", printed)[1]
        shown = re.search(r"^.*FULL_URI=.*$", client, re.MULTILINE)[0]
        self.assertIn(shown.replace(":9911", port), printed)
        self.check(self.finish(self.start(client.replace(":9911", port))))
        started.send_signal(signal.SIGTERM)
        self.finish(started)

    def test_update(self):
        (block,) = BLOCKS[WAYS[2]]
        self.check(self.finish(self.start(block)))

    def test_are_three_of_ten_lines(self):
        self.assertEqual(len(WAYS), 3)
        for way in WAYS:
            lines = "".join(BLOCKS[way]).splitlines()
            self.assertLessEqual(len(lines), MOST_LINES, way)


def anchors(path):
    titles = (section.title.lower() for section in documents.sections(path.read_text()))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        folders = ("", "docs/**/")
        pages = [page for folder in folders for page in documents.SOURCE.glob(f"{folder}*.md")]
        self.assertGreater(len(pages), 10)
        for page in pages:
            for link in re.findall(r"\]\(([^):]+)\)", page.read_text()):
                path, _, anchor = link.partition("#")
                target = page.parent / path if path else page
                self.assertTrue(target.exists(), f"{page.name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {link}")


if __name__ == "__main__":
    unittest.main()
