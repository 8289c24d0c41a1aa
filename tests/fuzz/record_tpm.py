#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records what swtpm answers to credmint, for the corpus of tpm_responses_fuzzer.cc:

    CREDMINT=build/src/cli/credmint tests/fuzz/record_tpm.py
"""

import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

_FOLDER = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(_FOLDER.parent / "system"))

from support import pki, tpm_policy, tss2  # noqa: E402
from support.tpm import SIGNING, SIGNING_UNDER_POLICY, Tpm  # noqa: E402
from support.tpm_proxy import TpmProxy  # noqa: E402

_HANDLE, _KEY_FILE, _CERTIFICATE, _KEYS, _CERTIFICATES = range(5)
_KEY_AT, _RSA_KEY_AT, _PARENT_AT = "0x81000001", "0x81000002", "0x81000003"
_INDEX = "0x01c00002"


def _record(contents):
    return struct.pack(">H", len(contents)) + contents


class Recording(unittest.TestCase):
    def test_record(self):
        self._home = pathlib.Path(tempfile.mkdtemp())
        self._count = 0
        self._tpm = Tpm(self, self._home / "tpm")
        self._tpm.make_persistent(_KEY_AT)
        self._tpm.make_persistent(_RSA_KEY_AT, "rsa2048")
        leaf = pki.make_root().issue(pki.make_key().public_key())
        self._tpm.write_nv(_INDEX, pki.der(leaf))
        self._sign("ec_handle", _HANDLE, f"handle:{_KEY_AT}")
        self._sign("rsa_handle", _HANDLE, f"handle:{_RSA_KEY_AT}")
        place = ("--certificate", f"nv:{_INDEX}")
        self._run("certificate", _CERTIFICATE, "read-certificate-data", *place)
        self._run("keys", _KEYS, "list", "handle:")
        self._run("certificates", _CERTIFICATES, "list", "nv:")
        self._tpm.make_parent(_PARENT_AT)
        self._sign_with_file("ec_file", self._key_file())
        policy = tpm_policy.Policy().pcr(self._tpm, 16).command_code(tpm_policy.SIGN)
        self._sign_with_file("policy", self._key_file(policy))
        policy = tpm_policy.Policy().secret(tpm_policy.OWNER)
        policy.any_of(tpm_policy.Policy().auth_value())
        self._sign_with_file("policy_secret", self._key_file(policy))
        public, duplicate, seed, _ = self._tpm.wrap(_PARENT_AT, pki.make_key())
        self._sign_with_file(
            "importable",
            tss2.KeyFile(
                public, duplicate, parent=int(_PARENT_AT, 16), kind=tss2.IMPORTABLE, secret=seed
            ),
        )

    def _key_file(self, policy=None):
        attributes = SIGNING_UNDER_POLICY if policy else SIGNING
        public, private, _ = self._tpm.create(
            _PARENT_AT, policy=policy.digest if policy else b"", attributes=attributes
        )
        commands = policy.commands if policy else None
        return tss2.KeyFile(public, private, parent=int(_PARENT_AT, 16), policy=commands)

    def _sign(self, name, choice, key, file=b""):
        self._run(name, choice, "sign-string", "--private-key", key, file=file)

    def _sign_with_file(self, name, key_file):
        path = self._home / f"{name}.tss2"
        path.write_bytes(key_file.der())
        self._sign(name, _KEY_FILE, str(path), key_file.der())

    def _run(self, name, choice, *arguments, file=b""):
        self._count += 1
        proxy = TpmProxy(self, self._tpm, self._home / f"proxy{self._count}")
        done = subprocess.run(
            [os.environ["CREDMINT"], *arguments, "--no-key-process"],
            input=b"message",
            capture_output=True,
            env=proxy.env,
        )
        print(name, proxy.names(), done.stderr.decode())
        answers = b"".join(_record(command.answer) for command in proxy.commands)
        folder = _FOLDER / "corpus" / "tpm_responses"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(bytes([choice]) + _record(file) + answers)


if __name__ == "__main__":
    unittest.main()
