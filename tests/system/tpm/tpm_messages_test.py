#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Provokes each message about TPMs in docs/guide/troubleshooting.md."""

import re
import unittest

from support import documents, program, tabrmd, tpm, tss2
from support.cases import each, expand
from support.system_test import make_folder
from support.tpm_policy import Policy
from support.tpm_proxy import TpmProxy
from support.tpm_test import AUTH, HANDLE, TpmTest

MESSAGES = [
    row.typed
    for row in documents.rows(documents.read("guide/troubleshooting.md"), "message")
    if row.section == "The TPM"
]
KEY = f"handle:{HANDLE}"
PARENT = "0x81000010"
CHANGED_PCR = 16

# {message: the key that causes it}
OF_KEYS = {
    "there is no key at handle": "handle:0x81000099",
    "needs an auth value (it is the key's parent) and none was given": "below.tss2",
    "are no longer those that the key is bound to": "pcr.tss2",
    "wants a signature of another key (PolicySigned)": "signed.tss2",
    "can be used only under a policy": "handle:0x81000003",
    "the TPM key is restricted": "handle:0x81000002",
}

# {message: (key, command, the response code that causes it)} (TPM 2.0 Part 2 section 6.6.3)
OF_ANSWERS = {
    "has an auth value and none was given": (KEY, "Sign", 0x98E),
    "the TPM refused the auth value": (f"{KEY}?pass", "Sign", 0x98E),
    "the TPM is in dictionary-attack lockout": (KEY, "Sign", 0x921),
    "a PCR changed whenever the key's policy was being satisfied": (KEY, "Sign", 0x128),
    "the key file does not belong to this TPM or is damaged": ("open.tss2", "Load", 0x1DF),
    "the TPM does not allow this use of the key under the policy in its file": (KEY, "Sign", 0x99D),
    "the TPM has no free object slot": ("open.tss2", "Load", 0x902),
    "the TPM has no free session slot": ("open.tss2", "Load", 0x903),
    "the TPM is busy and does not begin a command": (KEY, "Sign", 0x909),
    "the TPM was reset and no longer holds what was loaded": ("open.tss2", "Sign", 0x910),
    "is disabled in the TPM": ("open.tss2", "CreatePrimary", 0x185),
    "the TPM is not started": (KEY, "Sign", 0x100),
    "the TPM is in failure mode": (KEY, "Sign", 0x101),
    "the TPM must be reset before it goes on": (KEY, "Sign", 0x130),
}

# The same of `key create`: {message: (command, the response code that causes it)}
OF_CREATION = {
    "the owner hierarchy needs an auth value and none was given": ("CreatePrimary", 0x9A2),
    "the TPM has no room for one more persistent key": ("EvictControl", 0x14B),
    "the TPM cannot make … keys": ("TestParms", 0x1C4),
}


def by_name(table):
    return {re.sub(r"\W+", "_", message): (message, case) for message, case in table.items()}


@expand
class Messages(TpmTest):
    @classmethod
    def make_keys(cls):
        made = cls.tpm
        made.make_persistent(HANDLE)
        restricted = f"{tpm.SIGNING}|restricted"
        made.make_persistent("0x81000002", "ecc256:ecdsa-sha256:null", attributes=restricted)
        made.make_parent(PARENT, AUTH, f"{tpm.STORAGE}|noda")
        made.make_parent("0x81000011", attributes=f"{tpm.STORAGE}|noda")
        cls.files = {
            "open.tss2": made.make_key_file(tpm.EC_P256)[0],
            "below.tss2": made.make_key_file(
                tpm.EC_P256, f"parent:{PARENT}", f"parent-auth:{AUTH}"
            )[0],
            "pcr.tss2": cls.key_under(Policy().pcr(made, CHANGED_PCR), None),
            "signed.tss2": cls.key_under(
                Policy().signed(made.external_public(made.public_key(HANDLE))), "0x81000003"
            ),
        }
        made.tool("pcrextend", f"{CHANGED_PCR}:sha256={'11' * 32}")

    @classmethod
    def key_under(cls, condition, handle):
        """Makes a key file with a policy, and persists its key if there is a handle."""
        public, private, _ = cls.tpm.create(
            "0x81000011", policy=condition.digest, attributes=tpm.SIGNING_UNDER_POLICY
        )
        if handle:
            cls.tpm.persist("0x81000011", public, private, handle)
        return tss2.KeyFile(public, private, 0x81000011, policy=condition.commands).pem()

    def setUp(self):
        super().setUp()
        for name, contents in self.files.items():
            self.write(name, contents)

    def is_said(self, message, key, *flags):
        self.assertIn(message, MESSAGES)
        passin = ("--passin", f"pass:{AUTH}") if key.endswith("?pass") else ()
        command = ("sign-string", "--private-key", key, *passin, *flags)
        self.fail_with(program.KEY, message, *command)

    def watch(self):
        proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = proxy.env
        return proxy

    @each(**by_name(OF_KEYS))
    def test_of_key(self, case):
        self.is_said(*case)

    @each(**by_name(OF_ANSWERS))
    def test_of_answer(self, case):
        message, (key, command, code) = case
        self.watch().answer(command, code)
        self.is_said(message, key)

    @each(**by_name(OF_CREATION))
    def test_of_creation(self, case):
        message, (command, code) = case
        self.assertIn(message, MESSAGES)
        self.watch().answer(command, code)
        said = message.replace("…", "ec-p256")
        arguments = ("key", "create", "handle:0x81000020", "--type", "ec-p256")
        self.fail_with(program.KEY, said, *arguments)

    def test_without_a_tpm(self):
        self.is_said("cannot open the TPM", KEY, "--tcti", "device:/nowhere")

    def test_of_a_connection_that_ends(self):
        self.watch().cut("Sign")
        self.is_said("the connection to the TPM failed", KEY)

    def test_of_many_connections(self):
        manager = tabrmd.Tabrmd(self, self.tpm, make_folder(self), "--max-connections=1")
        manager.hold_connection(self)
        self.env = manager.env
        self.is_said("tpm2-abrmd has as many connections as it allows", KEY)

    def test_all_are_tested(self):
        others = {
            "cannot open the TPM",
            "the connection to the TPM failed",
            "tpm2-abrmd has as many connections as it allows",
        }
        self.assertEqual({*OF_KEYS, *OF_ANSWERS, *OF_CREATION, *others}, set(MESSAGES))


if __name__ == "__main__":
    unittest.main()
