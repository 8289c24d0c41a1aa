#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares `credential-process --cache` on a cache hit with a C program that only links libcrypto.

Runs of both are interleaved, and the shortest of each counts. Prints the ratio and fails if it is
above its limit. The limit applies to builds with -Dfast_start=true, the default.

The program is copied first, as an installation does: a file that the linker wrote is mapped 5 %
slower.

    cache_hit.py START_WITH_LIBCRYPTO_PROGRAM
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import emulator, pki, program  # noqa: E402

RUNS = 200
LIMIT = 1.5


def measure(commands, env):
    best = dict.fromkeys(commands, float("inf"))
    for _ in range(RUNS):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
            best[name] = min(best[name], time.perf_counter() - started)
    return best


def main():
    with tempfile.TemporaryDirectory(prefix="cm-") as name:
        folder = pathlib.Path(name)
        root, key = pki.make_root(), pki.make_key()
        (folder / "web.pem").write_bytes(pki.pem(root.issue(key.public_key())))
        (folder / "web.key").write_bytes(pki.pkcs8_pem(key))
        installed = shutil.copy(program.path(), folder / "installed")
        service = emulator.Emulator(root.certificate)
        hit = (
            *(installed, "credential-process", "--cache", "--endpoint", service.url),
            *("--certificate", folder / "web.pem", "--private-key", folder / "web.key"),
            *emulator.SESSION_FLAGS,
        )
        env = {**program.environment(folder), "XDG_RUNTIME_DIR": name}
        subprocess.run(hit, env=env, check=True, stdout=subprocess.DEVNULL)
        service.stop()
        best = measure({"hit": hit, "libcrypto": sys.argv[1:]}, env)
    ratio = best["hit"] / best["libcrypto"]
    times = {name: f"{1000 * seconds:.2f} ms" for name, seconds in best.items()}
    print(f"cache hit / start with libcrypto: {ratio:.3f} (limit {LIMIT}); {times}")
    return ratio > LIMIT


if __name__ == "__main__":
    sys.exit(main())
