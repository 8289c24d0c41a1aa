#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The pages that scripts/test-programs and scripts/test-modules write, and how they write them."""

import unittest
from unittest import mock

from support import documents, real_modules, results_page

PAGES = ("reference/programs.md", "reference/compatibility.md")
RELEASES = ["Debian 12", "Debian 13", "Debian sid"]


def sections(text):
    """{release: its results}, in the order of the page."""
    return dict(part.split("\n", 1) for part in text.split("\n### ")[1:])


class ResultsPages(unittest.TestCase):
    def test_the_modules_of_the_script_are_in_the_results_of_each_release(self):
        found = sections(documents.read("reference/compatibility.md"))
        self.assertEqual(list(found), RELEASES)
        for release, results in found.items():
            names = [line.split(" | ")[0].strip("| ") for line in results.splitlines() if "|" in line]
            self.assertEqual(names[2:], [each.NAME for each in real_modules.ALL], release)

    def test_a_run_changes_the_results_of_its_release_alone(self):
        for name in PAGES:
            before = documents.read(name)
            for release in RELEASES:
                with mock.patch.object(results_page, "release", lambda: (release, "0")):
                    after = results_page.page(name, "other results")
                self.assertEqual(after.partition("## Results")[0], before.partition("## Results")[0])
                changed = {**sections(before), release: "\nother results\n"}
                self.assertEqual(
                    {title: text.strip() for title, text in sections(after).items()},
                    {title: text.strip() for title, text in changed.items()},
                )

    def test_the_same_results_leave_the_page_as_it_is(self):
        for name in PAGES:
            before = documents.read(name)
            for release, results in sections(before).items():
                with mock.patch.object(results_page, "release", lambda: (release, "0")):
                    self.assertEqual(results_page.page(name, results), before)

    def test_a_new_release_comes_in_its_place(self):
        with mock.patch.object(results_page, "release", lambda: ("Debian 14", "14.0")):
            after = results_page.page("reference/compatibility.md", "results")
        self.assertEqual(list(sections(after)), [*RELEASES[:2], "Debian 14", RELEASES[2]])


if __name__ == "__main__":
    unittest.main()
