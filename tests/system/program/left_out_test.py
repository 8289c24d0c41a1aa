# SPDX-License-Identifier: Apache-2.0
"""A build with -Dpkcs11=disabled, -Dtpm2=disabled or -Dserve=disabled says that the part is not there.

In a complete build this file is not registered.
"""

import unittest

from support import program
from support.requirements import has_part
from support.system_test import MintTest


class LeftOut(MintTest):
    def test_keys(self):
        for part, uri in (("pkcs11", "pkcs11:token=t;object=o"), ("tpm2", "handle:0x81000001")):
            if not has_part(part):
                scheme = uri.partition(":")[0]
                message = f"this build cannot use {scheme}: references"
                self.fail_with(program.USAGE, message, "sign-string", "--private-key", uri)

    def test_the_server(self):
        if not has_part("serve"):
            role = (*self.write_identity(), *self.arguments()[1:])
            for command, rest in (("serve", ("--port", "0")), ("exec", ("--", "/bin/true"))):
                self.fail_with(
                    program.USAGE,
                    "this build has no HTTP server",
                    *(command, *role, *rest),
                    hint="another build of credmint has one",
                )

    def test_what_is_there_works(self):
        self.mint(*self.write_identity())


if __name__ == "__main__":
    unittest.main()
