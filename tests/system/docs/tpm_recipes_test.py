#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests docs/guide/tpm.md, docs/guide/tpm-policies.md and docs/reference/tpm2.md.

The shell blocks of the guides run as they are, one page after the other, in one empty home. A swtpm
behind tpm2-abrmd replaces /dev/tpmrm0: both flush what programs leave.
"""

import pathlib
import re
import unittest

from support import documents, facts, help_text, program, recipes, tabrmd, tpm, tpm_policy, tss2
from support.cases import each, expand
from support.requirements import in_library_folder, provider_modules
from support.system_test import SystemTest, make_folder
from support.tpm_test import TpmTest

GUIDE = documents.read("guide/tpm.md") + documents.read("guide/tpm-policies.md")
REFERENCE = documents.read("reference/tpm2.md")
RECIPES = recipes.of(GUIDE)


@expand
class Recipes(recipes.InOneHome):
    SECTIONS = RECIPES

    @classmethod
    def setUpClass(cls):
        program.need_back_end("handle")
        super().setUpClass()
        made = tpm.Tpm(cls, make_folder(cls) / "t")
        made.tool("pcrextend", "-Q", f"7:sha256={'07' * 32}")  # firmware has measured something
        made.tool("dictionarylockout", "-Q", "-s", "-n", "5", "-t", "600", "-l", "600")
        manager = tabrmd.Tabrmd(cls, made, make_folder(cls))
        cls.env.update(manager.env)
        cls.env["TPM2OPENSSL_TCTI"] = manager.env["TPM2TOOLS_TCTI"]
        cls.env["OPENSSL_MODULES"] = str(cls.installed_modules())

    @classmethod
    def installed_modules(cls):
        """A folder with credmint's modules and the system's, as after an installation."""
        folder = cls.home.parent / "ossl-modules"
        folder.mkdir()
        ours = pathlib.Path(provider_modules()).glob("*.so")
        theirs = pathlib.Path(in_library_folder("ossl-modules")).glob("*.so")
        for module in (*ours, *theirs):
            (folder / module.name).symlink_to(module)
        return folder

    @each(**recipes.by_name(RECIPES))
    def test_recipe(self, wanted):
        self.run_up_to(wanted)


class Claims(unittest.TestCase):
    """Claims of the pages about the program and about themselves."""

    def test_only_shell_and_what_it_prints(self):
        for section in documents.sections(GUIDE):
            languages = {language for language, _ in section.blocks()}
            self.assertLessEqual(languages, {"sh", ""}, section.title)

    def test_auth_options(self):
        shown = help_text.options("credential-process")
        for row in documents.rows(REFERENCE, "option"):
            self.assertIn(row.typed, shown)

    def test_numbers_of_commands(self):
        counts = (documents.SOURCE / "tests/system/tokens/counts_test.py").read_text()
        numbers = {
            "persistent": re.search(r"COMMANDS_FOR_A_HANDLE = (\d+)", counts)[1],
            "key file, parent in a hierarchy": re.search(r"FOR_A_KEY_FILE = (\d+)", counts)[1],
        }
        said = {row.cells[0]: row.cells[1] for row in documents.rows(REFERENCE, "key")}
        self.assertLessEqual(numbers.items(), said.items())
        for row in documents.rows(REFERENCE, "key"):
            self.assertEqual(int(row.cells[1]), row.cells[2].count("`") / 2, row.cells[0])

    def test_parameters_of_the_store(self):
        names = facts.parameters("credmint-tpm2") - {"expect"}
        self.assertGreater(len(names), 5)
        self.assertEqual([name for name in names if f"`{name}`" not in REFERENCE], [])

    def test_settings(self):
        settings = {row.typed for row in documents.rows(REFERENCE, "setting")}
        self.assertEqual(settings, facts.settings("credmint-tpm2"))


class Variables(SystemTest):
    def test_their_order(self):
        """Each variable names a missing device. The message names the first one's."""
        program.need_back_end("handle")
        order = re.search(r"first of these variables that is set: ([^.]*)\.", REFERENCE)[1]
        names = re.findall(r"`(\w+)`", order)
        self.assertEqual(len(names), 4, names)
        command = ("sign-string", "--private-key", "handle:0x81000002")
        for first, name in enumerate(names):
            env = {later: self.nowhere(later) for later in names[first:]}
            self.fail_with(program.KEY, f"/nowhere/{name})", *command, env=env)

    def nowhere(self, name):
        return f"/nowhere/{name}" if name == "TPM_DEVICE" else f"device:/nowhere/{name}"


class PolicySteps(TpmTest):
    """The steps that the program reads from a key file, and no others, are in both tables."""

    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent("0x81000010")
        cls.key = cls.tpm.create("0x81000010")

    def said_of(self, code):
        """Returns the program's message about a key with this policy step and an empty body."""
        public, private, _ = self.key
        self.write("web.tss2", tss2.KeyFile(public, private, policy=[(code, b"")]).pem())
        command = ("sign-string", "--private-key", "web.tss2", "--tcti", "device:/nowhere")
        return self.run_program(*command).stderr

    def cells(self, head):
        """The names in the first column and the codes in the second, for the table with `head`."""
        rows = [row for row in documents.rows(REFERENCE, "step") if head in row.heads]
        self.assertGreater(len(rows), 6)
        return [set(re.findall(r"`(\w+)`", " ".join(row.cells[i] for row in rows))) for i in (0, 1)]

    def test_in_the_tables(self):
        steps, codes = self.cells("command code")
        known = {
            hex(code)
            for code in tpm_policy.COMMAND_CODES
            if "which is not supported" not in self.said_of(code)
        }
        self.assertEqual(known, codes)
        self.assertEqual(self.cells("what it demands")[0], steps)

    def test_in_the_hint(self):
        _, hint = self.said_of(tpm_policy.POLICY_NV).splitlines()
        steps, _ = self.cells("command code")
        self.assertEqual(set(re.findall(r"Policy\w+", hint)), steps)


if __name__ == "__main__":
    unittest.main()
