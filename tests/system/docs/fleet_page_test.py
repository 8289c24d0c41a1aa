#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/guide/fleet.md calculates well, and its advice fits AWS's own model of the API."""

import re
import shlex
import tomllib
import unittest

import botocore.session

from support import documents

PAGE = documents.read("guide/fleet.md")
SIZES = (10, 1_000, 100_000)
HOUR = 3600
# Seconds between two calls, by docs/guide/cache.md and docs/guide/serve.md. The time of a renewal
# before expiry is half the session (25 minutes of an hour), and on average an eighth of that more.
EXPECTED = {
    ("the AWS CLI every 12 seconds, without `--cache`", "any"): 12,
    ("the same with `--cache`", "1 h"): HOUR - 16 * 60,
    ("the same with `--cache`", "12 h"): 12 * HOUR - 16 * 60,
    ("four processes of `update`", "1 h"): (HOUR - 25 * 60 * 9 / 8) / 4,
    ("one `serve`", "1 h"): HOUR - 25 * 60 * 9 / 8,
    ("one `serve`", "12 h"): 12 * HOUR - 6 * HOUR * 9 / 8,
}


def number(cell):
    return float(cell.replace(",", ""))


class Arithmetic(unittest.TestCase):
    def test_of_the_calls_a_second(self):
        rows = documents.rows(PAGE, "each machine runs")
        self.assertEqual([row.cells[:2] for row in rows], list(EXPECTED))
        for row in rows:
            with self.subTest(row=row.cells[:2]):
                pause = EXPECTED[row.cells[:2]]
                self.assertAlmostEqual(number(row.cells[2]), pause, delta=0.6)
                for cell, size in zip(row.cells[3:], SIZES, strict=True):
                    self.assertAlmostEqual(number(cell) / (size / pause), 1, delta=0.025)


class Advice(unittest.TestCase):
    def test_commands_of_the_aws_cli_have_these_options(self):
        session = botocore.session.get_session()
        commands = re.findall(r"^aws (.*)$", PAGE, re.MULTILINE)
        self.assertEqual(len(commands), 2)
        for command in commands:
            service, operation, *options = shlex.split(command)
            name = "".join(part.capitalize() for part in operation.split("-"))
            members = session.get_service_model(service).operation_model(name).input_shape.members
            known = {re.sub(r"(?<!^)(?=[A-Z])", "-", member).lower() for member in members}
            self.assertLessEqual({option[2:] for option in options[::2]}, known)

    def test_the_durations_agree(self):
        ((_, settings),) = (
            block
            for section in documents.sections(PAGE)
            for block in section.blocks()
            if block[0] == "toml"
        )
        self.assertEqual(tomllib.loads(settings), {"defaults": {"session-duration": "12h"}})
        self.assertEqual(set(re.findall(r"-duration(?:-seconds)? (\d+)", PAGE)), {str(12 * HOUR)})


if __name__ == "__main__":
    unittest.main()
