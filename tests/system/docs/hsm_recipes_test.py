#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/hsm.md unchanged, in an empty home directory."""

import os
import re
import unittest

from support import documents, facts, nss, p11_kit, program, recipes, token, token_calls
from support.cases import each, expand
from support.requirements import need, provider_modules

TEXT = documents.read("guide/hsm.md")
REFERENCE = documents.read("reference/pkcs11.md")
SECTIONS = documents.sections(TEXT)
RECIPES = recipes.of(TEXT)

NOBODY = 65534


@expand
class Recipes(recipes.InOneHome):
    SECTIONS = RECIPES

    @classmethod
    def setUpClass(cls):
        token.need_softhsm()
        need(token.SPY, "opensc")
        need(nss.MODULE, "libnss3")
        need(nss.CERTUTIL, "libnss3-tools")
        need(p11_kit.PROXY, "p11-kit-modules")
        program.need_back_end("pkcs11")
        modules = provider_modules()
        super().setUpClass()
        cls.env["OPENSSL_MODULES"] = modules
        if os.getuid() == 0:  # root's p11-kit reads no user configuration
            cls.home.parent.chmod(0o711)
            os.chown(cls.home, NOBODY, NOBODY)
            os.chown(cls.home / ".state", NOBODY, NOBODY)

    @classmethod
    def wrapper(cls):
        return p11_kit.wrapper()

    @each(**recipes.by_name(RECIPES))
    def test_recipe(self, wanted):
        self.run_up_to(wanted)

    def test_softhsm_needs_the_default_provider(self):
        (section,) = (one for one in RECIPES if one.title.startswith("The `openssl` command"))
        self.run_up_to(section)
        (request,) = re.findall(r"(?m)^openssl req -new .*object=web'.*$", section.text)
        refused = request.replace(" -provider default", "")
        self.assertNotEqual(refused, request)
        said = self.run_block(f"! {refused} 2> said\ncat said\n")
        (message,) = re.findall(r"`(logging in to token [^`]*)`", TEXT)
        self.assertIn(message, said)


class Claims(unittest.TestCase):
    """Facts about the program in the guide and its reference page, and about the guide."""

    def test_what_was_not_run_is_marked_and_nothing_else(self):
        for section in SECTIONS:
            languages = {language for language, _ in section.blocks()}
            if recipes.is_marked(section):
                self.assertNotIn("sh", languages, section.title)
            else:
                self.assertLessEqual(languages, {"sh", ""}, section.title)

    def test_vendors(self):
        marked = [section.title for section in SECTIONS if recipes.is_marked(section)]
        self.assertEqual(marked, ["YubiKey PIV", "YubiHSM 2", "AWS CloudHSM", "Thales Luna"])

    def test_every_parameter_of_the_store_is_named(self):
        names = facts.parameters("credmint-pkcs11") - {"expect"}
        self.assertGreater(len(names), 5)
        self.assertEqual([name for name in names if f"`{name}`" not in REFERENCE], [])

    def test_every_setting_stands_in_the_table(self):
        settings = {row.typed for row in documents.rows(REFERENCE, "setting")}
        self.assertEqual(settings, facts.settings("credmint-pkcs11"))

    def test_numbers_of_calls(self):
        rows = {"RSA": ("RSA", 1), "EC": ("EC", 1), "EC, among five tokens": ("EC", 5)}
        for shown, (kind, tokens) in rows.items():
            in_file = len(token_calls.cold(kind, tokens))
            on_token = len(token_calls.cold_with_certificate(kind, tokens))
            self.assertIn(f"| {shown} | {in_file} calls | {on_token} calls |", REFERENCE)
        self.assertIn(f"```\n{len(token_calls.cold('EC'))}\n1\n1\n```", TEXT)

    def test_numbers_of_sessions(self):
        self.assertIn(f"at most {facts.of('sessions with a token')} sessions", REFERENCE)


if __name__ == "__main__":
    unittest.main()
