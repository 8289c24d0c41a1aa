#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a whole run of the program with a bare C program of ten PKCS#11 calls.

Both make one P-256 signature with a SoftHSM token, without network. Runs are interleaved. Prints the
median ratio and fails if it is above its limit.

    cold_signature.py RAW_SIGNATURE_PROGRAM [--rounds N]
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import measuring

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import program, token  # noqa: E402

LIMIT = 1.35


def slot_of(env):
    listed = subprocess.run(
        (program.path(), "list", "--json", "--pkcs11-lib", token.MODULE, "pkcs11:token=test"),
        env=env,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    return json.loads(listed)["modules"][0]["slots"][0]["number"]


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("raw")
    parser.add_argument("--rounds", type=int, default=61)
    return parser.parse_args()


def main():
    options = parse()
    with tempfile.TemporaryDirectory(prefix="cm-") as folder:
        made = token.Token(pathlib.Path(folder) / "t")
        made.generate("EC:prime256v1")
        env = program.environment(folder, made.env)
        raw = (options.raw, token.MODULE, slot_of(env), token.PIN, "web")
        ours = (
            *(program.path(), "sign-string", "--private-key", "pkcs11:token=test;object=web"),
            *("--pkcs11-lib", token.MODULE, "--passin", f"pass:{token.PIN}"),
        )
        commands = {
            "`sign-string` with a SoftHSM token": measuring.Command(ours, folder, env),
            "a C program of ten calls": measuring.Command(raw, folder, env),
        }
        return measuring.compare(commands, {tuple(commands): LIMIT}, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
