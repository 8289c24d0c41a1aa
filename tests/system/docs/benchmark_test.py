#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/benchmark, the statistics of its tables, and the page that gives their figures."""

import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import unittest

from support import documents, program
from support.system_test import SystemTest

SCRIPTS = documents.SOURCE / "tests" / "benchmarks"
PAGE = documents.SOURCE / "docs" / "project" / "benchmarks.md"

sys.path.append(str(SCRIPTS))

import growth  # noqa: E402
import measuring  # noqa: E402


class Statistics(unittest.TestCase):
    # Ranks of the ends of the interval for a median, from tables for the sign test.
    RANKS = {6: (1, 6), 9: (2, 8), 10: (2, 9), 15: (4, 12), 20: (6, 15), 25: (8, 18), 41: (14, 28)}

    def test_the_ends_of_the_interval_are_those_of_the_sign_test(self):
        for size, ranks in self.RANKS.items():
            values = list(range(1, size + 1))
            random.shuffle(values)
            self.assertEqual(measuring.interval(values), ranks, size)

    def test_few_values_give_the_whole_range(self):
        self.assertEqual(measuring.interval([3, 1, 2]), (1, 3))
        self.assertEqual(measuring.interval([1]), (1, 1))

    def test_the_interval_holds_the_median_as_often_as_it_says(self):
        source = random.Random(1)
        held = 0
        for _ in range(2000):
            low, high = measuring.interval([source.expovariate(1) for _ in range(21)])
            held += low <= 0.693147 <= high  # the median of that distribution
        self.assertGreater(held / 2000, 0.95)

    def test_a_ratio_is_that_of_runs_in_the_same_round(self):
        found = measuring.ratio_of([10, 200, 30], [5, 100, 20])
        self.assertEqual((found.median, found.low, found.high), (2, 1.5, 2))

    def test_growth(self):
        sizes = (1, 10, 100, 1000)
        self.assertFalse(growth.grows_faster(sizes, [5 + 0.1 * size for size in sizes]))
        self.assertTrue(growth.grows_faster(sizes, [5 + 0.0001 * size**2 for size in sizes]))
        self.assertFalse(growth.grows_faster(sizes, [5, 5.2, 4.9, 5.4]), "noise")


class Script(SystemTest):
    def benchmark(self, *arguments):
        return subprocess.run(
            (documents.SOURCE / "scripts" / "benchmark", *map(str, arguments)),
            env={**os.environ, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def of_this_build(self, *arguments):
        return self.benchmark("--build", os.environ["CREDMINT_BUILD"], "--no-rebuild", *arguments)

    def test_a_mint_beside_two_peers(self):
        peer = shutil.copy(program.path(), self.folder / "peer")
        ran = self.of_this_build("--only", "cold_mint", "--rounds", 1, "--peer", peer, "--peer", "/bin/false")
        self.assertEqual(ran.returncode, 0, ran)
        rows = [line.split(" | ") for line in ran.stdout.splitlines() if line.startswith("| ")]
        programs = {kind: [row[1] for row in rows if row[0] == kind] for kind in {row[0] for row in rows[1:]}}
        self.assertEqual(len(programs), 15, ran.stdout)
        for kind, measured in programs.items():
            self.assertEqual(measured, ["credmint", "peer", "minimal program"], kind)
        self.assertEqual(ran.stderr.count("false cannot do "), 15, ran.stderr)
        for row in rows[1:]:
            self.assertTrue(all(float(number) > 0 for number in row[2:6]), row)
            self.assertRegex(row[6], r"^(\d+\.\d\d \(\d+\.\d\d to \d+\.\d\d\))? ?\|$")

    def test_an_unknown_name(self):
        ran = self.of_this_build("--only", "cold_mints")
        self.assertEqual((ran.returncode, ran.stdout), (1, ""), ran)
        self.assertIn("there is no benchmark cold_mints", ran.stderr)

    def test_the_page_gives_the_command_of_each(self):
        names = set(self.of_this_build("--list").stdout.split())
        self.assertEqual(set(re.findall(r"--only ([\w]+)", PAGE.read_text())), names)
        scripts = {path.stem for path in SCRIPTS.glob("*.py")} & names
        self.assertIn("growth", scripts)


if __name__ == "__main__":
    unittest.main()
