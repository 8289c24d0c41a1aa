#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The AWS CLI by each way of docs/guide/clients.md, by the page's lines; its mints, and botocore's.

scripts/test-clients tries the other programs, and writes the page's results.
"""

import unittest

from support import clients, documents
from support.cases import each, expand
from support.requirements import need
from support.system_test import SystemTest

PAGE = documents.read("guide/clients.md")
BLOCKS = [block for section in documents.sections(PAGE) for block in section.blocks()]
AWS_CLI, BOTOCORE = clients.CLIENTS[:2]
BOTH = {"the_aws_cli": AWS_CLI, "botocore": BOTOCORE}
# The AWS CLI 2.9 does not know the variable. 2.23 does.
NOT_BY_THE_OLD_CLI = "token file"


class Page(unittest.TestCase):
    """The page shows what is run, and nothing else."""

    def test_profiles(self):
        shown = [text for language, text in BLOCKS if language == "ini"]
        self.assertEqual(shown, list(clients.PROFILES.values()))

    def test_lines_of_all_programs(self):
        shown = [text for language, text in BLOCKS if language == "sh"]
        self.assertEqual(sorted(shown), sorted(clients.LINES.values()))

    def test_lines_of_single_programs(self):
        for client in clients.CLIENTS:
            for line in "".join(client.lines.values()).splitlines():
                self.assertIn(f"`{line}`", PAGE, client.name)
            self.assertIn(f"`{client.profile}`", PAGE, client.name)

    def test_every_program_has_its_results(self):
        for client in clients.CLIENTS:
            self.assertIn(f"\n| {client.name} ", PAGE)


@expand
class Mints(SystemTest):
    def setUp(self):
        need("/usr/bin/aws", "awscli")
        super().setUp()

    def source(self, way, **settings):
        source = clients.Source(self, **settings)
        if way in clients.SERVED:
            source.serve()
        return source

    def mints(self, client, way, **settings):
        """How many sessions a command with forty requests costs. It must succeed."""
        outcome = self.source(way, **settings).run(client, way)
        self.assertTrue(outcome.good, outcome)
        self.assertEqual(len(outcome.callers), clients.FILES)
        return len(outcome.issued)

    @each(**{way.replace(" ", "_"): way for way in clients.WAYS if way != NOT_BY_THE_OLD_CLI})
    def test_one_by_each_way(self, way):
        self.assertEqual(self.mints(AWS_CLI, way), 1)

    def test_one_by_botocore(self):
        self.assertEqual(self.mints(BOTOCORE, "process"), 1)

    @each(**BOTH)
    def test_several_with_sessions_of_15_minutes(self, client):
        self.assertGreater(self.mints(client, "process", session_duration=900), 1)

    @each(**BOTH)
    def test_one_with_sessions_of_15_minutes_and_the_cache(self, client):
        self.assertEqual(self.mints(client, "cache", session_duration=900), 1)

    @each("process", "token")
    def test_none_if_the_service_refuses_and_the_reason_is_shown(self, way):
        outcome = self.source(way, profile_arn=clients.WRONG_PROFILE).run(AWS_CLI, way)
        self.assertNotEqual(outcome.status, 0)
        self.assertIn(clients.WHY_REFUSED, outcome.said)
        self.assertEqual(outcome.callers, [])


if __name__ == "__main__":
    unittest.main()
