#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several programs share a TPM through the resource manager tpm2-abrmd."""

import concurrent.futures
import unittest

from support import pki, program, tabrmd, tpm
from support.system_test import MintTest, make_folder

LIMIT = 2  # connections
PROGRAMS = 5  # more than the TPM has slots for objects
MINTS = 4
AUTH = "auth-27182818"


class Sharing(MintTest):
    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256, f"user-auth:{AUTH}")
        self.write("web.tss2", contents)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.flags = ("--certificate", "web.pem", "--private-key", "web.tss2")
        self.flags += ("--passin", f"pass:{self.secret(AUTH)}")

    def share(self, *flags):
        self.manager = tabrmd.Tabrmd(self, self.tpm, make_folder(self), *flags)
        self.env = self.manager.env

    def test_many_at_once(self):
        self.share()
        with concurrent.futures.ThreadPoolExecutor(PROGRAMS) as programs:
            command = self.arguments(*self.flags)
            runs = programs.map(lambda _: self.run_program(*command), range(PROGRAMS * MINTS))
            for result in runs:
                self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        self.assertEqual(len(self.service.requests()), PROGRAMS * MINTS)

    def test_more_at_once_than_may_be_connected(self):
        """Programs wait for a connection instead of failing with 0xa0008."""
        self.share(f"--max-connections={LIMIT}")
        with concurrent.futures.ThreadPoolExecutor(PROGRAMS) as programs:
            command = self.arguments(*self.flags)
            runs = programs.map(lambda _: self.run_program(*command), range(PROGRAMS * MINTS))
            for result in runs:
                self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))

    def test_all_connections_are_taken_for_good(self):
        self.share("--max-connections=1")
        self.manager.hold_connection(self)
        message = "tpm2-abrmd has as many connections as it allows and none became free in 10 seconds"
        self.mint_fails_locally(program.KEY, message, *self.flags, hint="--max-connections")

    def test_nobody_shares_it(self):
        """Only our message is shown, not that of the libraries."""
        self.env = {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.folder}/none"}
        for tcti in ("tabrmd:bus_type=session", "pcap:tabrmd:bus_type=session"):
            self.mint_fails_locally(
                *(program.KEY, f"cannot open the TPM ({tcti}): ", *self.flags, "--tcti", tcti)
            )


if __name__ == "__main__":
    unittest.main()
