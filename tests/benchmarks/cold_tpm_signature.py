#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a whole run of the program with two other ways to sign with a TPM (swtpm).

They are a bare C program of two TPM commands, and `openssl dgst` with tpm2-openssl, by persistent
handle and by key file. Each run makes one P-256 signature, without network. Runs are interleaved,
and the shortest of each counts. Prints the ratios and fails if one is above its limit.

    cold_tpm_signature.py RAW_TPM_SIGNATURE_PROGRAM
"""

import sys
import unittest

from cold_signature import measure
from support import openssl, program, tpm
from support.system_test import make_folder

HANDLE = "0x81000001"
LIMITS = {
    ("credmint handle", "raw handle"): 2.0,
    ("credmint handle", "tpm2-openssl handle"): 1.0,
    ("credmint file", "tpm2-openssl file"): 1.0,
}


def commands(folder, device):
    device.make_persistent(HANDLE)
    contents, _ = device.make_key_file(tpm.EC_P256)
    file = folder / "web.tss2"
    file.write_bytes(contents)
    message = folder / "message"
    message.write_bytes(b"a string to sign")
    dgst = (openssl.OPENSSL, "dgst", "-provider", "tpm2", "-provider", "default")
    theirs = (*dgst, "-propquery", "?provider=tpm2", "-sha256", "-sign")
    ours = (program.path(), "sign-string", "--private-key")
    return {
        "raw handle": (sys.argv[1], device.tcti, HANDLE),
        "credmint handle": (*ours, f"handle:{HANDLE}"),
        "tpm2-openssl handle": (*theirs, f"handle:{HANDLE}", message),
        "credmint file": (*ours, file),
        "tpm2-openssl file": (*theirs, file, message),
        "credmint version": (program.path(), "version"),
    }


class Benchmark(unittest.TestCase):
    """A test case only for the sake of its cleanups."""

    def runTest(self):
        folder = make_folder(self)
        device = tpm.Tpm(self, folder / "t")
        env = program.environment(folder, {**device.env, "TPM2OPENSSL_TCTI": device.tcti})
        best = measure(commands(folder, device), env)
        print({name: f"{1000 * seconds:.2f} ms" for name, seconds in best.items()})
        ratios = {pair: best[pair[0]] / best[pair[1]] for pair in LIMITS}
        for (one, other), ratio in ratios.items():
            print(f"{one} / {other}: {ratio:.3f} (limit {LIMITS[one, other]})")
        for pair, ratio in ratios.items():
            self.assertLessEqual(ratio, LIMITS[pair], pair)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
