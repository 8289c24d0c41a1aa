#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/tpm.md is true: its shell blocks are run as they stand, in an empty home directory.

Where a reader has /dev/tpmrm0, there is a swtpm behind tpm2-abrmd: both flush what programs leave.
"""

import pathlib
import re
import unittest

from support import documents, program, recipes, tabrmd, tpm
from support.cases import each, expand
from support.requirements import in_library_folder, provider_modules
from support.system_test import make_folder

TEXT = documents.read("tpm.md")
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
    """What the document says of the sources, and of itself."""

    def test_only_shell_and_what_it_prints(self):
        for section in SECTIONS:
            languages = {language for language, _ in section.blocks()}
            self.assertLessEqual(languages, {"sh", ""}, section.title)

    def test_messages(self):
        shown = [row.typed for row in documents.rows(TEXT, "message")]
        self.assertGreater(len(shown), 15)
        said = "".join(map(read_source, (documents.SOURCE / "providers/tpm2").rglob("*.cc")))
        self.assertEqual([message for message in shown if message not in said], [])

    def test_policy_steps(self):
        """All that are read, and no others, in both tables."""
        text = read_source(documents.SOURCE / "providers/tpm2/policy/policy.cc")
        reader = text[text.index("StepReader ReaderOf") :]
        known = set(re.findall(r"case TPM2_CC_(\w+):", reader))
        self.assertGreater(len(known), 7)
        for head in ("what it demands", "command code"):
            tables = [row for row in documents.rows(TEXT, "step") if head in row.heads]
            named = {name for row in tables for name in re.findall(r"`(\w+)`", row.cells[0])}
            self.assertEqual(named, known, head)

    def test_auth_options(self):
        text = read_source(documents.SOURCE / "src/cli/options/key_options.cc")
        for row in documents.rows(TEXT, "option"):
            self.assertIn(f'"{row.typed}"', text)

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
        text = (documents.SOURCE / "providers/tpm2/provider/store.cc").read_text()
        names = re.findall(r'constexpr const char\* k\w+Param = "([^"]+)"', text)
        self.assertGreater(len(names), 5)
        self.assertEqual([name for name in names if f"`{name}`" not in TEXT], [])

    def test_settings(self):
        text = "".join(
            path.read_text() for path in (documents.SOURCE / "providers/tpm2").rglob("*.cc")
        )
        settings = set(re.findall(r'Setting\("([^"]+)"\)', text))
        self.assertEqual({row.typed for row in documents.rows(TEXT, "setting")}, settings)

    def test_variables(self):
        text = read_source(documents.SOURCE / "providers/tpm2/device/tcti.cc")
        names = re.findall(r'"(\w+_TCTI)"', text)
        self.assertEqual(len(names), 3)
        order = "`, `".join(names[:2]) + "`\nand `" + names[2]
        self.assertIn(order, TEXT)


def read_source(path):
    """The text of a source, with the parts of its literals joined."""
    return re.sub(r'"\s*\n\s*"', "", path.read_text())


if __name__ == "__main__":
    unittest.main()
