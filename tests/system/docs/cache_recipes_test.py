#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/cache.md unchanged, in an empty home directory."""

import unittest

from support import documents, recipes
from support.cases import each, expand

TEXT = documents.read("guide/cache.md")
RECIPES = recipes.of(TEXT)
LOGIN_SESSION = "In a login session"


@expand
class Recipes(recipes.InOneHome):
    SECTIONS = RECIPES
    PRINTED = {}

    def mints(self, text):
        """At most one: the other commands of a block get cached credentials."""
        return min(super().mints(text), 1)

    def run_block(self, text):
        self.PRINTED[text] = super().run_block(text)
        return self.PRINTED[text]

    @each(**recipes.by_name(RECIPES))
    def test_recipe(self, wanted):
        self.run_up_to(wanted)

    def test_the_list_shows_what_the_text_says(self):
        self.run_up_to(next(one for one in RECIPES if one.title == LOGIN_SESSION))
        shown = self.PRINTED["credmint cache list\ncredmint cache list --json\n"]
        self.assertRegex(shown, r"\Aarn:aws:iam::111122223333:role/web  -  \S+Z  \d+ min left\n\[")


if __name__ == "__main__":
    unittest.main()
