#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/check-prose finds the prose in each kind of file, and its faults."""

import importlib.machinery
import importlib.util
import unittest

from support.cases import each, expand
from support.documents import SOURCE

_LOADER = importlib.machinery.SourceFileLoader("prose", str(SOURCE / "scripts" / "check-prose"))
prose = importlib.util.module_from_spec(importlib.util.spec_from_loader("prose", _LOADER))
_LOADER.exec_module(prose)

LONG = " ".join(["word"] * 26)


@expand
class Complaints(unittest.TestCase):
    @each(
        a_long_sentence=(f"{LONG}.", "26 words"),
        a_long_sentence_behind_a_short_one=(f"It is short. And {LONG}.", "27 words"),
        what=("What it prints is a list.", "begin with the subject"),
        whoever=("It is for whoever asks.", "'whoever'"),
        anew=("It is read anew.", "'anew'"),
    )
    def test_of(self, case):
        text, expected = case
        (found,) = prose.complaints(text)
        self.assertIn(expected, found)

    @each(
        a_sentence_of_the_longest_length=" ".join(["word"] * 25) + ".",
        code_that_is_one_word=f"Run `{LONG}` now.",
        a_question="What does it print?",
        a_word_in_code="The option `anew` is one.",
    )
    def test_none_of(self, text):
        self.assertEqual(list(prose.complaints(text)), [])


@expand
class Readers(unittest.TestCase):
    @each(
        markdown=(
            prose.of_markdown,
            "# Head\n\nOne line\ngoes on.\n\n```\ncode\n```\n| a | b |\n|---|---|\n* item\n",
            ["Head", "One line goes on.", "a", "b", "item"],
        ),
        manual=(
            prose.of_manual,
            ".Nd a page\n.Sh NAME\nIt takes\n.Fl -role .\n.Bd -literal\ncode\n.Ed\nEnd.\n",
            ["a page", "It takes `-role`.", "End."],
        ),
        cxx=(
            prose.of_cxx,
            '/// One line\n/// goes on.\nint x;  // Behind code.\nFail("no such key "\n "is here");\n',
            ["One line goes on.", "Behind code.", "no such key is here"],
        ),
        python=(prose.of_python, '"""Doc."""\n# Comment.\nx = "text"\n', ["Doc.", "Comment."]),
        script=(prose.of_script, "#!/bin/sh\n# One.\n#\n# Two.\nx\n", ["One.", "Two."]),
    )
    def test_of(self, case):
        read, text, expected = case
        self.assertEqual([paragraph for _, paragraph in read(text)], expected)


class Spelling(unittest.TestCase):
    def test_code_and_names_are_no_words(self):
        text = "Set `xyz`, see [it](http://x.y/zz): EVP_PKEY, C_Login, --passin, file.txt and zzyzx."
        self.assertEqual(prose.plain_words(text), ["Set", "see", "it", "and", "zzyzx"])


if __name__ == "__main__":
    unittest.main()
