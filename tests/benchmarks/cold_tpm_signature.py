#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a whole run of the program with two other ways to sign with a TPM (swtpm).

They are a bare C program of two TPM commands, and `openssl dgst` with tpm2-openssl, by persistent
handle and by key file. Each run makes one P-256 signature, without network. Runs are interleaved.
Prints the median ratios and fails if one is above its limit.

    cold_tpm_signature.py RAW_TPM_SIGNATURE_PROGRAM [--rounds N]
"""

import unittest

import measuring
from cold_signature import parse
from support import openssl, program, tpm, tss2
from support.system_test import make_folder

HANDLE = "0x81000001"
BY_HANDLE = "`sign-string` by handle"
BY_FILE = "`sign-string` by key file"
LIMITS = {
    (BY_HANDLE, "a C program of two commands"): 2.0,
    (BY_HANDLE, "`openssl dgst` by handle"): 1.0,
    (BY_FILE, "a C program of five commands"): 2.0,
    (BY_FILE, "`openssl dgst` by key file"): 1.0,
}


def commands(folder, device, raw):
    device.make_persistent(HANDLE)
    contents, _ = device.make_key_file(tpm.EC_P256)
    file = folder / "web.tss2"
    file.write_bytes(contents)
    message = folder / "message"
    message.write_bytes(b"a string to sign")
    dgst = (openssl.OPENSSL, "dgst", "-provider", "tpm2", "-provider", "default")
    theirs = (*dgst, "-propquery", "?provider=tpm2", "-sha256", "-sign")
    ours = (program.path(), "sign-string", "--private-key")
    parts = [folder / "public", folder / "private"]
    for path, part in zip(parts, tss2.parts(tss2.to_der(contents))):
        path.write_bytes(part)
    return {
        BY_HANDLE: (*ours, f"handle:{HANDLE}"),
        BY_FILE: (*ours, file),
        "a C program of two commands": (raw, device.tcti, HANDLE),
        "a C program of five commands": (raw, device.tcti, *parts),
        "`openssl dgst` by handle": (*theirs, f"handle:{HANDLE}", message),
        "`openssl dgst` by key file": (*theirs, file, message),
    }


class Benchmark(unittest.TestCase):
    """A test case only for the sake of its cleanups."""

    options = parse()

    def runTest(self):
        folder = make_folder(self)
        device = tpm.Tpm(self, folder / "t")
        env = program.environment(folder, {**device.env, "TPM2OPENSSL_TCTI": device.tcti})
        compared = {
            name: measuring.Command(command, folder, env)
            for name, command in commands(folder, device, self.options.raw).items()
        }
        self.assertFalse(measuring.compare(compared, LIMITS, self.options.rounds), "above a limit")


if __name__ == "__main__":
    unittest.main(argv=["cold_tpm_signature"])
