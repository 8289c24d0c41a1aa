#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/guide/tpm.md is true: its shell blocks are run as they stand, in an empty home directory.

Where a reader has /dev/tpmrm0, there is a swtpm behind tpm2-abrmd: both flush what programs leave.
"""

import pathlib
import re
import unittest

from support import documents, facts, program, recipes, tabrmd, tpm, tpm_policy, tss2
from support.cases import each, expand
from support.requirements import in_library_folder, provider_modules
from support.system_test import SystemTest, make_folder
from support.tpm_test import TpmTest

TEXT = documents.read("guide/tpm.md")
SECTIONS = documents.sections(TEXT)
RECIPES = recipes.of(TEXT)


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
        """credmint's modules beside the system's, as they are where credmint is installed."""
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
    """What the document says of the program, and of itself."""

    def test_only_shell_and_what_it_prints(self):
        for section in SECTIONS:
            languages = {language for language, _ in section.blocks()}
            self.assertLessEqual(languages, {"sh", ""}, section.title)

    def test_auth_options(self):
        shown = program.run(("credential-process", "--help"), "/").stdout.decode()
        for row in documents.rows(TEXT, "option"):
            self.assertIn(f"  {row.typed} ", shown)

    def test_numbers_of_commands(self):
        counts = (documents.SOURCE / "tests/system/tokens/counts_test.py").read_text()
        numbers = {
            "persistent": re.search(r"COMMANDS_FOR_A_HANDLE = (\d+)", counts)[1],
            "key file, parent in a hierarchy": re.search(r"FOR_A_KEY_FILE = (\d+)", counts)[1],
        }
        said = {row.cells[0]: row.cells[1] for row in documents.rows(TEXT, "key")}
        self.assertLessEqual(numbers.items(), said.items())
        for row in documents.rows(TEXT, "key"):
            self.assertEqual(int(row.cells[1]), row.cells[2].count("`") / 2, row.cells[0])

    def test_parameters_of_the_store(self):
        names = facts.parameters("credmint-tpm2") - {"expect"}
        self.assertGreater(len(names), 5)
        self.assertEqual([name for name in names if f"`{name}`" not in TEXT], [])

    def test_settings(self):
        settings = {row.typed for row in documents.rows(TEXT, "setting")}
        self.assertEqual(settings, facts.settings("credmint-tpm2"))


class Variables(SystemTest):
    def test_their_order(self):
        """Each names a device that is not there, and the message names the first one."""
        order = re.search(r"first of these variables that is set: ([^.]*)\.", TEXT)[1]
        names = re.findall(r"`(\w+)`", order)
        self.assertEqual(len(names), 4, names)
        command = ("sign-string", "--private-key", "handle:0x81000001")
        for first, name in enumerate(names):
            env = {later: self.nowhere(later) for later in names[first:]}
            self.fail_with(program.KEY, f"/nowhere/{name})", *command, env=env)

    def nowhere(self, name):
        return f"/nowhere/{name}" if name == "TPM_DEVICE" else f"device:/nowhere/{name}"


class PolicySteps(TpmTest):
    """Those that are read from a key file, and no others, stand in both tables."""

    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent("0x81000010")
        cls.key = cls.tpm.create("0x81000010")

    def said_of(self, code):
        """What the program says of a key under this step, with an empty body."""
        public, private, _ = self.key
        self.write("web.tss2", tss2.KeyFile(public, private, policy=[(code, b"")]).pem())
        command = ("sign-string", "--private-key", "web.tss2", "--tcti", "device:/nowhere")
        return self.run_program(*command).stderr

    def cells(self, head):
        """Names in the first column and codes in the second, of the table with this head."""
        rows = [row for row in documents.rows(TEXT, "step") if head in row.heads]
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
