#!/usr/bin/python3
"""docs/pkcs11.md is true: its shell blocks are run as they stand, in an empty home directory."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from cryptography import x509

from support import documents, emulator, nss, p11_kit, program, token
from support.cases import each, expand
from support.processes import die_with_parent
from support.requirements import need, provider_modules
from support.system_test import make_folder

TEXT = documents.read("pkcs11.md")
SECTIONS = documents.sections(TEXT)
RECIPES = [
    section for section in SECTIONS if any(language == "sh" for language, _ in section.blocks())
]
UNTESTED = "**untested**"

NOBODY = 65534

# Runs a block as the lines of one shell that goes on from block to block.
CONTINUE = """
set -eu
. ./.state
. ./.block
export -p > .state
"""


def by_name(sections):
    return {re.sub(r"\W+", "_", section.title): section for section in sections}


@expand
class Recipes(unittest.TestCase):
    """One home for all: each recipe begins where the one before it ended."""

    @classmethod
    def setUpClass(cls):
        token.need_softhsm()
        need(token.SPY, "opensc")
        need(nss.MODULE, "libnss3")
        need(nss.CERTUTIL, "libnss3-tools")
        need(p11_kit.PROXY, "p11-kit-modules")
        program.need_back_end("pkcs11")
        modules = provider_modules()
        cls.home = make_folder(cls) / "home"
        cls.home.mkdir()
        (cls.home / ".state").touch()
        tools = pathlib.Path(tempfile.mkdtemp(dir=cls.home.parent))
        tools.chmod(0o755)
        (tools / "credmint").symlink_to(program.path())
        cls.env = {
            **program.environment(cls.home),
            "PATH": f"{tools}:/usr/bin:/bin",
            "OPENSSL_MODULES": modules,
        }
        if os.getuid() == 0:  # for whom p11-kit reads no configuration of a user's
            cls.home.parent.chmod(0o711)
            os.chown(cls.home, NOBODY, NOBODY)
            os.chown(cls.home / ".state", NOBODY, NOBODY)
        cls.service = None
        cls.done = []
        cls.failed = None

    @each(**by_name(RECIPES))
    def test_recipe(self, wanted):
        cls = type(self)
        for section in RECIPES[: RECIPES.index(wanted) + 1]:
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

    def run_block(self, text):
        """What it prints on stdout. It must succeed, and mint as often as it says."""
        before = len(self.service.requests()) if self.service else 0
        mints = text.count("credmint credential-process")
        if mints and not self.service:
            before = self.start_service(text)
        (self.home / ".block").write_text(text)
        result = subprocess.run(
            [*p11_kit.wrapper(), "/bin/sh", "-c", CONTINUE],
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
        if mints:
            records = self.service.requests()[before:]
            reasons = [record["reason"] for record in records]
            self.assertEqual(reasons, ["accepted"] * mints, shown)
        return result.stdout

    def start_service(self, text):
        """The service trusts the CA of the recipe and knows the ARNs that stand in it."""
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


class Claims(unittest.TestCase):
    """What the document says of the sources, and of itself."""

    def test_what_was_not_run_is_marked_and_nothing_else(self):
        for section in SECTIONS:
            languages = {language for language, _ in section.blocks()}
            if UNTESTED in section.text.split("\n\n"):
                self.assertNotIn("sh", languages, section.title)
            else:
                self.assertLessEqual(languages, {"sh", ""}, section.title)

    def test_vendors(self):
        marked = [section.title for section in SECTIONS if f"\n{UNTESTED}\n" in section.text]
        self.assertEqual(marked, ["YubiKey PIV", "YubiHSM 2", "AWS CloudHSM", "Thales Luna"])

    def test_every_parameter_of_the_store_is_named(self):
        text = (documents.SOURCE / "providers/pkcs11/store.cc").read_text()
        names = re.findall(r'constexpr const char\* k\w+Param = "([^"]+)"', text)
        self.assertGreater(len(names), 5)
        self.assertEqual([name for name in names if f"`{name}`" not in TEXT], [])

    def test_every_setting_stands_in_the_table(self):
        text = (documents.SOURCE / "providers/pkcs11/store.cc").read_text()
        constants = dict(re.findall(r'constexpr const char\* (k\w+Param) = "([^"]+)"', text))
        settings = {constants[name] for name in re.findall(r"core\.Setting\((k\w+)\)", text)}
        self.assertEqual({row.typed for row in documents.rows(TEXT, "setting")}, settings)

    def test_numbers_of_calls(self):
        counts = (documents.SOURCE / "tests/system/counts_test.py").read_text()
        rsa, ec = re.search(r'EXACTLY = \{"RSA": (\d+), "EC": (\d+)\}', counts).groups()
        self.assertIn(f"An RSA key takes {rsa} calls", TEXT)
        self.assertIn(f"```\n{ec}\n1\n1\n```", TEXT)

    def test_numbers_of_sessions(self):
        header = (documents.SOURCE / "providers/pkcs11/slot.h").read_text()
        (most,) = re.findall(r"kMostSessions = (\d+)", header)
        self.assertRegex(TEXT, rf"at most\s+{most}\s+at\s+once")


if __name__ == "__main__":
    unittest.main()
