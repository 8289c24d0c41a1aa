# SPDX-License-Identifier: Apache-2.0
"""Runs the recipes of a document: its shell blocks, unchanged, one after another, in one home.

A block without a language is the expected output of the shell block before it. The test of a
document has a class with a case for each section. Each section continues from the one before it:

    RECIPES = recipes.of(documents.read("guide/hsm.md"))

    @expand
    class Recipes(recipes.InOneHome):
        SECTIONS = RECIPES

        @each(**recipes.by_name(RECIPES))
        def test_recipe(self, wanted):
            self.run_up_to(wanted)
"""

import pathlib
import re
import subprocess
import tempfile
import unittest

from cryptography import x509

from support import documents, emulator, program
from support.processes import die_with_parent
from support.system_test import MintTest, make_folder

UNTESTED = "**untested**"

_TIME_LIMIT_SECONDS = 60

# Runs a block as if one shell ran all of them.
_CONTINUE = """
set -eu
. ./.state
. ./.block
export -p > .state
"""


def of(text):
    """The sections of a document that have shell blocks."""
    return [
        section
        for section in documents.sections(text)
        if any(language == "sh" for language, _ in section.blocks())
    ]


def by_name(sections):
    return {re.sub(r"\W+", "_", section.title): section for section in sections}


def is_marked(section):
    """Whether the section is marked as untested."""
    return UNTESTED in section.text.split("\n\n")


class InOneHome(unittest.TestCase):
    """Runs sections in one home. Those that mint share one service."""

    SECTIONS = []
    REPORTS = ()  # what the program is meant to report in them

    @classmethod
    def setUpClass(cls):
        cls.home = make_folder(cls) / "home"
        cls.home.mkdir()
        (cls.home / ".state").touch()
        tools = pathlib.Path(tempfile.mkdtemp(dir=cls.home.parent))
        tools.chmod(0o755)
        (tools / "credmint").symlink_to(program.path())
        cls.env = {**program.environment(cls.home), "PATH": f"{tools}:/usr/bin:/bin"}
        cls.service = None
        cls.done = []
        cls.failed = None

    @classmethod
    def wrapper(cls):
        """The command prefix of the shell."""
        return ()

    def run_up_to(self, wanted):
        cls = type(self)
        for section in self.SECTIONS[: self.SECTIONS.index(wanted) + 1]:
            if section in cls.done:
                continue
            self.assertIsNone(cls.failed, "this recipe failed, and later ones need what it makes")
            cls.failed = section.title
            self.run_section(section)
            cls.failed = None
            cls.done.append(section)

    def run_section(self, section):
        printed = None
        for language, text in section.blocks():
            if language == "sh":
                printed = self.run_block(text)
            elif language == "":
                self.assertEqual(printed, text, section.title)

    def mints(self, text):
        """The number of sessions that a block creates."""
        return text.count("credmint credential-process")

    def run_block(self, text):
        """Runs a block, which must succeed and mint as often as `mints` says; returns stdout."""
        before = len(self.service.requests()) if self.service else 0
        mints = self.mints(text)
        if mints and not self.service:
            before = self.start_service(text)
        (self.home / ".block").write_text(text)
        result = subprocess.run(
            [*self.wrapper(), "/bin/sh", "-c", _CONTINUE],
            cwd=self.home,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT_SECONDS,
            preexec_fn=die_with_parent,
            check=False,
        )
        shown = f"{text}\nstdout:\n{result.stdout}\nstderr:\n{result.stderr}"
        self.assertEqual(result.returncode, 0, shown)
        reported = result.stderr
        for report in self.REPORTS:
            reported = reported.replace(f"credmint: {report}\n", "")
        self.assertNotIn("credmint: ", reported, shown)
        if mints:
            records = self.service.requests()[before:]
            reasons = [record["reason"] for record in records]
            self.assertEqual(reasons, ["accepted"] * mints, shown)
        return result.stdout

    def start_service(self, text):
        """Starts a service that trusts the recipe's CA and knows the recipe's ARNs."""
        certificate = x509.load_pem_x509_certificate((self.home / "ca.pem").read_bytes())
        cls = type(self)
        cls.service = emulator.Emulator(
            certificate,
            trust_anchor_arn=re.search(r"--trust-anchor-arn (\S+)", text)[1],
            profile_arn=re.search(r"--profile-arn (\S+)", text)[1],
        )
        cls.addClassCleanup(cls.service.stop)
        cls.env["AWS_ENDPOINT_URL_ROLESANYWHERE"] = cls.service.url
        return 0


class WithIdentity(MintTest):
    """Runs a single block in a folder with web.pem and web.key. Variables hold the three ARNs."""

    def setUp(self):
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

    def start(self, script):
        """Starts a shell with the script; its output and errors are captured."""
        started = subprocess.Popen(
            ["/bin/sh", "-euc", script],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        self.addCleanup(started.communicate)
        self.addCleanup(started.kill)
        return started

    def finish(self, started):
        """Waits for a shell, which must succeed without writing to stderr; returns its stdout."""
        out, err = started.communicate(timeout=_TIME_LIMIT_SECONDS)
        self.assertEqual((started.returncode, err), (0, b""), out)
        return out
