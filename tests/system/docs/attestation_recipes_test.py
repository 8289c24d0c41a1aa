#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests docs/guide/attestation.md and docs/reference/attestation.md.

The shell blocks of the guide run as they are, with a swtpm that swtpm_setup certified.
"""

import re
import unittest

from support import documents, endorsement, help_text, recipes, tpm
from support.cases import each, expand
from support.system_test import make_folder

GUIDE = documents.read("guide/attestation.md")
REFERENCE = documents.read("reference/attestation.md")
RECIPES = recipes.of(GUIDE)


@expand
class Recipes(recipes.InOneHome):
    SECTIONS = RECIPES
    REPORTS = ("not yet proven: the attestation key may not be in this TPM",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        manufacturer = endorsement.Manufacturer(make_folder(cls) / "m")
        made = tpm.Tpm(cls, make_folder(cls) / "t", manufacturer)
        cls.env.update(made.env)
        (cls.home / "tpm-roots.pem").write_bytes(manufacturer.trusted)

    @each(**recipes.by_name(RECIPES))
    def test_recipe(self, wanted):
        self.run_up_to(wanted)


class Claims(unittest.TestCase):
    def test_options(self):
        shown = help_text.options("key", "attest") | help_text.options("key", "verify-attestation")
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", GUIDE + REFERENCE))
        others = {"--type", "--private-key", "--subject", "--out"}
        self.assertLessEqual(named - others, set(shown))

    def test_indices(self):
        source = documents.SOURCE / "providers/tpm2/attesting/endorsement_key.cc"
        table = re.findall(r"^    \{(0x01c000[0-9a-f]{2}), ", source.read_text(), re.M)
        said = [row.typed for row in documents.rows(REFERENCE, "index")]
        self.assertEqual((said, len(table)), (table, 5))


if __name__ == "__main__":
    unittest.main()
