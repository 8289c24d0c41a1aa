# SPDX-License-Identifier: Apache-2.0
"""The base of tests with keys in a TPM, with checks that apply to every mint."""

from support import pki, tpm
from support.system_test import MintTest, make_folder

HANDLE = "0x81000001"
AUTH = "auth-27182818"


class TpmTest(MintTest):
    """A TPM with the keys that `make_keys` makes. The tests of a class share it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.make_keys()

    @classmethod
    def make_keys(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent(HANDLE))

    def setUp(self):
        super().setUp()
        self.env = dict(self.tpm.env)
        self.secret(AUTH)
        if hasattr(self, "leaf"):
            self.write("web.pem", pki.pem(self.leaf))

    def mint_with_key(self, key, *flags, **more):
        """Mints with a key of the TPM, in which nothing may stay loaded."""
        minted = self.mint("--certificate", "web.pem", "--private-key", key, *flags, **more)
        self.assertEqual(self.tpm.loaded(), [])
        return minted

    def refuse(self, status, message, key, *flags, hint=None, **more):
        """Mints with this key, which must fail, leave nothing in the TPM, and show no secret."""
        command = ("--certificate", "web.pem", "--private-key", key, *flags)
        self.mint_fails_locally(status, message, *command, hint=hint, **more)
        self.assertEqual(self.tpm.loaded(), [])
