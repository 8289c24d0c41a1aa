#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a whole run of the program with a bare C program of ten PKCS#11 calls.

Both make one P-256 signature with a SoftHSM token, without network. Runs are interleaved, and the
shortest of each counts. Prints the ratio and fails if it is above its limit.

    cold_signature.py RAW_SIGNATURE_PROGRAM
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import program, token  # noqa: E402

RUNS = 60
LIMIT = 1.35


def slot_of(env):
    listed = subprocess.run(
        (program.path(), "list", "--json", "--pkcs11-lib", token.MODULE, "pkcs11:token=test"),
        env=env,
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    return json.loads(listed)["modules"][0]["slots"][0]["number"]


def measure(commands, env):
    best = dict.fromkeys(commands, float("inf"))
    for _ in range(RUNS):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def main():
    with tempfile.TemporaryDirectory(prefix="cm-") as folder:
        made = token.Token(pathlib.Path(folder) / "t")
        made.generate("EC:prime256v1")
        env = program.environment(folder, made.env)
        raw = (sys.argv[1], token.MODULE, slot_of(env), token.PIN, "web")
        ours = (
            *(program.path(), "sign-string", "--private-key", "pkcs11:token=test;object=web"),
            *("--pkcs11-lib", token.MODULE, "--passin", f"pass:{token.PIN}"),
        )
        best = measure({"raw": raw, "credmint": ours, "start": (program.path(), "version")}, env)
    ratio = best["credmint"] / best["raw"]
    times = {name: f"{1000 * seconds:.2f} ms" for name, seconds in best.items()}
    print(f"sign-string / ten calls: {ratio:.3f} (limit {LIMIT}); {times}")
    return ratio > LIMIT


if __name__ == "__main__":
    sys.exit(main())
