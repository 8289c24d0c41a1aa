#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""1,000 mints on a TPM with three object slots and no resource manager leave nothing loaded."""

import itertools
import unittest

from support import pki, program, tpm
from support.system_test import MintTest, make_folder

MINTS = 1000
A_FAILURE_AFTER = 20  # mints
AUTH = "auth-27182818"


class Endurance(MintTest):
    """Keys of every kind that loads something into the TPM, in turn, with some failures."""

    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.env = self.tpm.env
        with_auth = ("--passin", f"pass:{self.secret(AUTH)}")
        self.tpm.make_parent("0x81000010")
        persistent = self.tpm.make_persistent("0x81000001")
        persistent_with_auth = self.tpm.make_persistent("0x81000002", auth=AUTH)
        self.keys = [
            self.certified(persistent, "handle:0x81000001"),
            self.certified(persistent_with_auth, "handle:0x81000002?pass", *with_auth),
            self.key_file("open.tss2"),
            self.key_file("parent.tss2", ("parent:0x81000010",)),
            self.key_file("auth.tss2", (f"user-auth:{AUTH}",), with_auth),
        ]
        uncounted = tpm.SIGNING + "|noda"
        self.tpm.make_persistent("0x81000003", auth=AUTH, attributes=uncounted)
        wrong = ("--passin", f"pass:{self.secret('wrong-31415926')}")
        self.failures = [
            (*self.certified(persistent, "handle:0x81000003?pass"), *wrong),
            self.certified(persistent, "handle:0x81000099"),
            self.certified(persistent, "open.tss2"),
            (*self.keys[2], "--endpoint", "http://127.0.0.1:1"),
        ]

    def certified(self, public_key, key, *flags):
        name = f"{len(list(self.folder.iterdir()))}.pem"
        self.write(name, pki.pem(self.root.issue(public_key)))
        return ("--certificate", name, "--private-key", key, *flags)

    def key_file(self, name, options=(), flags=()):
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256, *options)
        self.write(name, contents)
        return self.certified(public_key, name, *flags)

    def test_leave_nothing_behind(self):
        keys, failures = itertools.cycle(self.keys), itertools.cycle(self.failures)
        for number in range(1, MINTS + 1):
            self.mint(*next(keys))
            if number % A_FAILURE_AFTER == 0:
                result = self.run_program(*self.arguments(*next(failures)))
                self.assertNotEqual(result.status, program.SUCCESS, str(result))
        self.assertEqual(len(self.service.requests()), MINTS)
        self.assertEqual((self.tpm.loaded(), self.tpm.wrong_tries()), ([], 0))


if __name__ == "__main__":
    unittest.main()
