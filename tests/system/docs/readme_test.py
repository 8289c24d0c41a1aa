#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the three ways of use in README.md, and checks its links."""

import json
import re
import signal
import subprocess
import tomllib
import unittest

from support import documents, program, token
from support.pki import pem
from support.processes import die_with_parent
from support.requirements import need
from support.system_test import MintTest, make_folder

TEXT = (documents.SOURCE / "README.md").read_text()
SECTIONS = {section.title: section for section in documents.sections(TEXT)}
THREE_WAYS = SECTIONS["Three ways to your programs"].blocks()
((_, CONFIGURATION),) = (block for block in THREE_WAYS if block[0] == "toml")
COMMAND, SERVE, CLIENT, UPDATE = (text for language, text in THREE_WAYS if language == "sh")
((_, EXAMPLE),) = SECTIONS["credmint"].blocks()
PLACE = "/etc/web/"
MOST_LINES = 100
MOST_LINES_BEFORE_THE_EXAMPLE = 20
MOST_LINES_OF_A_WAY = 5
MOST_ROWS = 10


class ThreeWays(MintTest):
    """Runs in a home with the README's configuration. Only the folder /etc/web is another one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        need("/usr/bin/aws", "awscli")
        cls.token = token.Token(make_folder(cls) / "t", label="prod")
        cls.leaf = cls.root.issue(cls.token.generate("EC:prime256v1"))

    @classmethod
    def start_service(cls, *anchors, **options):
        """Starts a service that knows the README's ARNs."""
        role = tomllib.loads(CONFIGURATION)["role"]["web"]
        trust_anchor, profile = role["trust-anchor-arn"], role["profile-arn"]
        return super().start_service(
            *anchors, trust_anchor_arn=trust_anchor, profile_arn=profile, **options
        )

    def setUp(self):
        super().setUp()
        self.write("web.pem", pem(self.leaf))
        self.write("pin", token.PIN)
        for folder in (".config/credmint", ".aws"):
            (self.folder / folder).mkdir(mode=0o700, parents=True)
        here = CONFIGURATION.replace(PLACE, f"{self.folder}/")
        self.write(".config/credmint/config.toml", here)
        (self.folder / "credmint").symlink_to(program.path())
        self.env = {
            **program.environment(self.folder, self.token.env),
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "AWS_ENDPOINT_URL_ROLESANYWHERE": self.service.url,
        }

    def start(self, block):
        return subprocess.Popen(
            ["/bin/sh", "-euc", block],
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

    def test_the_first_example(self):
        """The output is as shown, except for secrets and times."""
        command, shown = re.fullmatch(r"\$ (.*)\n(.*)\n", EXAMPLE).groups()
        printed = self.finish(self.start(command))
        self.check(printed)
        self.assertEqual(list(json.loads(printed)), list(json.loads(shown)))

    def test_credential_process(self):
        self.check(self.finish(self.start(COMMAND)))

    def test_serve(self):
        """The command is the README's, with a port added."""
        program.need_server()
        started = self.start(f"exec {SERVE.strip()} --port 0")
        printed = ""
        while "METADATA" not in printed:
            printed += started.stdout.readline().decode() or self.fail(started.communicate())
        port = re.search(r"http://127\.0\.0\.1(:\d+)/", printed)[1]
        shown = re.search(r"^.*FULL_URI=.*$", CLIENT, re.MULTILINE)[0]
        self.assertIn(shown.replace(":9911", port), printed)
        self.check(self.finish(self.start(CLIENT.replace(":9911", port))))
        started.send_signal(signal.SIGTERM)
        self.finish(started)

    def test_update(self):
        self.check(self.finish(self.start(UPDATE)))


class Length(unittest.TestCase):
    def test_of_the_page(self):
        self.assertLessEqual(len(TEXT.splitlines()), MOST_LINES)

    def test_of_what_stands_before_the_example_ends(self):
        before = TEXT[: TEXT.index(EXAMPLE)] + EXAMPLE
        self.assertLessEqual(len(before.splitlines()), MOST_LINES_BEFORE_THE_EXAMPLE)

    def test_of_each_way(self):
        for way in (COMMAND, SERVE + CLIENT, UPDATE):
            self.assertLessEqual(len(way.splitlines()), MOST_LINES_OF_A_WAY, way)

    def test_of_the_comparison(self):
        rows = documents.rows(TEXT, "")
        self.assertIn(len(rows), range(1, MOST_ROWS + 1))
        for row in rows:
            self.assertRegex(row.cells[2], r"\]\(docs/", "it links to its proof")


def anchors(path):
    titles = (section.title.lower() for section in documents.sections(path.read_text()))
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in titles}


class Links(unittest.TestCase):
    def test_lead_somewhere(self):
        folders = ("", "docs/**/")
        pages = [page for folder in folders for page in documents.SOURCE.glob(f"{folder}*.md")]
        self.assertGreater(len(pages), 10)
        for page in pages:
            for link in re.findall(r'(?:\]\(|src(?:set)?=")([^):"]+)[)"]', page.read_text()):
                path, _, anchor = link.partition("#")
                target = page.parent / path if path else page
                self.assertTrue(target.exists(), f"{page.name}: {link}")
                if anchor:
                    self.assertIn(anchor, anchors(target), f"{page.name}: {link}")


if __name__ == "__main__":
    unittest.main()
