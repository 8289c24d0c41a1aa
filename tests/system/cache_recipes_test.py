#!/usr/bin/python3
"""docs/cache.md is true: its shell blocks are run as they stand, in an empty home directory."""

import pathlib
import re
import subprocess
import tempfile
import unittest

from cryptography import x509

from support import documents, emulator, program
from support.processes import die_with_parent
from support.system_test import make_folder

TEXT = documents.read("cache.md")
SECTIONS = documents.sections(TEXT)

# Each block goes on where the one before it ended.
CONTINUE = """
set -eu
. ./.state
. ./.block
export -p > .state
"""


class Recipes(unittest.TestCase):
    def setUp(self):
        self.home = make_folder(self) / "home"
        self.home.mkdir()
        (self.home / ".state").touch()
        tools = pathlib.Path(tempfile.mkdtemp(dir=self.home.parent))
        (tools / "credmint").symlink_to(program.path())
        self.env = {**program.environment(self.home), "PATH": f"{tools}:/usr/bin:/bin"}
        self.service = None

    def run_block(self, text):
        """What it prints; it must succeed, with nothing of credmint's on stderr."""
        if "$session" in text and not self.service:
            self.start_service(text)
        (self.home / ".block").write_text(text)
        result = subprocess.run(
            ["/bin/sh", "-c", CONTINUE],
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        shown = f"{text}\nstdout:\n{result.stdout}\nstderr:\n{result.stderr}"
        self.assertEqual(result.returncode, 0, shown)
        self.assertNotIn("credmint: ", result.stderr, shown)
        return result.stdout

    def start_service(self, text):
        """The service trusts the CA of the recipe and knows the ARNs that stand in it."""
        self.service = emulator.Emulator(
            x509.load_pem_x509_certificate((self.home / "ca.pem").read_bytes()),
            trust_anchor_arn=re.search(r"--trust-anchor-arn (\S+)", text)[1],
            profile_arn=re.search(r"--profile-arn (\S+)", text)[1],
        )
        self.addCleanup(self.service.stop)
        self.env["AWS_ENDPOINT_URL_ROLESANYWHERE"] = self.service.url

    def test_all_of_them(self):
        printed, shell_blocks = None, 0
        for section in SECTIONS:
            for language, text in section.blocks():
                if language == "sh":
                    printed = self.run_block(text)
                    shell_blocks += 1
                elif language == "":
                    self.assertEqual(printed, text, section.title)
        self.assertGreater(shell_blocks, 5)
        # One of the first two, and the one in the unit's folder.
        reasons = [record["reason"] for record in self.service.requests()]
        self.assertEqual(reasons, ["accepted", "accepted"])

    def test_the_list_shows_what_the_text_says(self):
        printed = {}
        for section in SECTIONS:
            for language, text in section.blocks():
                if language == "sh":
                    printed[text] = self.run_block(text)
        shown = printed["credmint cache list\ncredmint cache list --json\n"]
        self.assertRegex(shown, r"\Aarn:aws:iam::111122223333:role/web  -  \S+Z  \d+ min left\n\[")


class Claims(unittest.TestCase):
    def test_of_minutes(self):
        source = (documents.SOURCE / "src/credentials/cache_entry.cc").read_text()
        (minutes,) = re.findall(r"minutes kLeastLeft\{(\d+)\}", source)
        self.assertIn(f"less than {minutes} minutes are left", TEXT)
        self.assertIn(f"sessions under {2 * int(minutes)} minutes", TEXT)


if __name__ == "__main__":
    unittest.main()
