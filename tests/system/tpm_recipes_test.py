#!/usr/bin/python3
"""docs/tpm.md is true: its shell blocks are run as they stand, in an empty home directory.

Where a reader has /dev/tpmrm0, there is a swtpm behind tpm2-abrmd: both flush what a program leaves.
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


if __name__ == "__main__":
    unittest.main()
