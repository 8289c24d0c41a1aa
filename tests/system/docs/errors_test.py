#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/reference/errors.md lists the messages of the program.

Each system test that fails a command compares its message with the page, see system_test. Here, the
page is what the script prints, and its texts are in the program.
"""

import functools
import pathlib
import re
import subprocess
import sys
import unittest

from support import documents, errors_page, program
from support.cases import each, expand
from support.requirements import need_part
from support.system_test import SystemTest

# A compiler may cut a text into pieces of 8 bytes. Another text consists of shorter ones.
SHORTEST_PIECE = 2
PIECE = 8

# For machines that are neither x86-64 nor ARM.
NOT_BUILT = {"no filter for this architecture"}

FACTS = {
    "no token of … matches the URI; it shows '…'": (3, "TokenAbsent", "--pkcs11-lib"),
    "it expired on … UTC": (4, "Certificate", "renew it"),
    "… needs a PIN and none was given": (3, "PinRequired", "--passin file:PATH"),
    "connecting to …: its name cannot be resolved": (6, "Network", "name servers"),
    "the service answered with status …": (5, "ServiceBusy", "try again later"),
    "… is writable by everyone (mode …)": (7, "LocalIo", "chmod o-w"),
    "there is no setting …": (2, "Usage", "did you mean"),
    "loading …: …": (1, "Internal", "install the package"),
}


class Listed(unittest.TestCase):
    def test_is_what_the_script_prints(self):
        made = [sys.executable, "-EsB", documents.SOURCE / "scripts" / "errors-page"]
        printed = subprocess.run(made, capture_output=True, text=True, timeout=120, check=True).stdout
        page = documents.read("reference/errors.md")
        self.assertEqual(page, printed, "run scripts/errors-page > docs/reference/errors.md")

    def test_has_status_code_and_hint(self):
        entries = {(one.text, one.code): one for one in errors_page.read().entries}
        for text, (status, code, hint) in FACTS.items():
            entry = entries[text, code]
            self.assertIn(status, entry.statuses, text)
            self.assertIn(hint, " ".join(entry.hints), text)

    def test_lists_each_message_once_for_a_code(self):
        entries = [(one.text, one.code) for one in errors_page.read().entries]
        self.assertGreater(len(entries), 400)
        self.assertEqual(len(entries), len(set(entries)))

    def test_is_in_the_program(self):
        for part in ("pkcs11", "tpm2", "serve"):
            need_part(part)
        missing = [
            text
            for text in self.texts()
            if text not in NOT_BUILT
            and any(not is_in_program(part) for part in text.split(errors_page.HOLE))
        ]
        self.assertEqual(missing, [])

    def texts(self):
        for entry in errors_page.read().entries:
            yield entry.text
            yield from (hint for hint in entry.hints if hint != errors_page.DEPENDS)

    def test_a_text_that_is_not_in_the_program_is_found_out(self):
        self.assertTrue(is_in_program("needs a passphrase and none was given"))
        self.assertFalse(is_in_program("needs a pass-phrase, but you gave none"))


@expand
class Troubleshooting(unittest.TestCase):
    """The guide quotes messages that the page lists."""

    # Words of AWS, of programs that use credmint, and of answers to them.
    FOREIGN = {"The service", "The program that asks"}
    ANSWERS = {"UserNotAllowed", "no role is served at this path"}

    def quoted(self, head):
        for row in documents.rows(documents.read("guide/troubleshooting.md"), head):
            if row.section not in self.FOREIGN:
                yield from re.findall("`(.*?)`", row.cells[0])

    @each("a command says", "message")
    def test_quotes(self, head):
        texts = list(self.quoted(head))
        self.assertGreater(len(texts), 60)
        self.assertEqual({text for text in texts if not self.is_listed(text)} - self.ANSWERS, set())

    def is_listed(self, text):
        page = errors_page.read()
        quoted = re.compile(errors_page.pattern(text))
        return (
            any(quoted.search(one.text) for one in page.entries)
            or any(quoted.search(one) for one in (*page.before, *page.behind, *page.hints))
            or any(
                page.causes(before + text.replace(errors_page.HOLE, "x"))
                for before in ("", "connecting to x: ")
            )
            or page.has_foreign_cause(text)
        )


@functools.cache
def program_bytes():
    return pathlib.Path(program.path()).read_bytes()


def is_in_program(text):
    """Whether a text consists of a few long pieces that are in the program."""
    rest, pieces = text.encode(), 0
    while rest:
        size = longest_in_program(rest)
        pieces += 1
        if size < min(SHORTEST_PIECE, len(rest)):
            return False
        rest = rest[size:]
    return pieces <= 2 + len(text) / PIECE


def longest_in_program(text):
    """The length of the longest beginning of `text` that is in the program."""
    least, most = 0, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if text[:middle] in program_bytes():
            least = middle
        else:
            most = middle - 1
    return least


class Compared(SystemTest):
    """The comparison with a run finds what the page lacks."""

    def why(self, status, message, hint=""):
        return errors_page.why_unlisted(status, message, hint)

    def test_of_a_run(self):
        run = self.run_program("credential-process", "--config", "absent.toml")
        self.assertEqual(self.why(run.status, run.stderr[10:-1]), "")

    def test_finds_another_text(self):
        self.assertEqual(self.why(2, "c.toml:1: there is no setting 'colour'"), "")
        self.assertRegex(self.why(2, "c.toml:1: nobody knows the setting 'colour'"), "does not list")

    def test_finds_an_unknown_clause_before_it(self):
        self.assertEqual(self.why(3, "opening key web: it is damaged"), "")
        self.assertRegex(self.why(3, "looking at a key: it is damaged"), "does not list")

    def test_finds_another_status(self):
        self.assertRegex(self.why(7, "opening key web: it is damaged"), "another status")

    def test_finds_another_hint(self):
        message = "certificate CN=web: it expired on 2026-01-01 00:00:00 UTC"
        self.assertEqual(self.why(4, message, "renew it with its CA"), "")
        self.assertRegex(self.why(4, message, "buy another one"), "this hint")


if __name__ == "__main__":
    unittest.main()
