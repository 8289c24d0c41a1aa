#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Key and certificate are replaced while credential-process reads them."""

import os
import signal
import subprocess
import sys
import time
import unittest

from support import pki, program
from support.cases import each, expand
from support.processes import die_with_parent
from support.serve import Server, wait_until
from support.system_test import MintTest

IDENTITY = ("--certificate", "web.pem", "--private-key", "web.key")
MISMATCH = "the private key does not belong to it"
RUNS = 60

# Replaces both files continuously: by renaming, or by truncating and writing them in place.
SWAPS = """
import os, sys, time
how, pause = sys.argv[1], float(sys.argv[2])
pairs = [[open(f"{pair}.{kind}", "rb").read() for kind in ("key", "pem")] for pair in ("one", "two")]
print("swapping", flush=True)
while True:
    for pair in pairs:
        for name, contents in zip(("web.key", "web.pem"), pair):
            with open(name if how == "in_place" else name + ".new", "wb") as file:
                time.sleep(pause / 4)
                file.write(contents)
            if how == "renamed":
                os.rename(name + ".new", name)
            time.sleep(pause)
"""


def age(*paths):
    """Waits until the files have not changed for more than a second, by their ctime."""
    wait_until(lambda: all(time.time() - os.stat(path).st_ctime > 1.1 for path in paths))


@expand
class SwappedFiles(MintTest):
    def pair(self, name, kind="P256"):
        key = pki.make_key(kind)
        certificate = self.root.issue(key.public_key(), name)
        self.write(f"{name}.key", pki.pkcs8_pem(key))
        self.write(f"{name}.pem", pki.pem(certificate))
        return key, certificate

    def put(self, pair, *kinds):
        for kind in kinds:
            self.write(f"web.{kind}", (self.folder / f"{pair}.{kind}").read_bytes())

    def swap(self, how, pause):
        self.pair("one")
        self.pair("two", "RSA2048")
        self.put("one", "key", "pem")
        swaps = subprocess.Popen(
            [sys.executable, "-c", SWAPS, how, str(pause)],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        self.addCleanup(swaps.stdout.close)
        self.addCleanup(swaps.wait)
        self.addCleanup(swaps.kill)
        swaps.stdout.readline()

    @each(
        renamed_all_the_time=("renamed", 0),
        renamed_one_after_the_other=("renamed", 0.01),
        in_place=("in_place", 0.004),
    )
    def test_a_pair_that_is_swapped_in_a_loop(self, swaps):
        self.swap(*swaps)
        runs = [self.run_program(*self.arguments(*IDENTITY)) for _ in range(RUNS)]
        failed = [run.stderr for run in runs if run.status != program.SUCCESS]
        self.assertEqual(failed, [], f"{len(failed)} of {RUNS} failed")

    def test_the_cache_reads_the_certificate_too(self):
        (self.folder / "run").mkdir(mode=0o700)
        self.env["XDG_RUNTIME_DIR"] = str(self.folder / "run")
        self.swap("in_place", 0.004)
        for _ in range(RUNS // 2):
            self.succeed(*self.arguments(*IDENTITY, "--cache"))

    @each(the_certificate="pem", the_key="key")
    def test_the_other_file_comes_half_a_second_later(self, last):
        self.pair("one")
        self.pair("two")
        self.put("one", last)
        self.put("two", "pem" if last == "key" else "key")
        started = program.start(self.arguments(*IDENTITY, "--debug"), self.folder, self.env)
        self.addCleanup(started.process.kill)
        time.sleep(0.4)  # the other file must come while the program waits for it
        self.write("web.new", (self.folder / f"two.{last}").read_bytes())
        os.rename(self.folder / "web.new", self.folder / f"web.{last}")
        run = started.finish()
        self.assertEqual(run.status, program.SUCCESS, str(run))

    @each(serve="serve", update="update")
    def test_the_first_pair_of(self, command):
        self.swap("renamed", 0)
        if command == "update":
            _, *flags = self.arguments(*IDENTITY)
            for _ in range(RUNS // 4):
                self.succeed("update", "--once", *flags)
            return
        for _ in range(RUNS // 4):
            _, *flags = self.arguments(*IDENTITY)
            server = Server(self, "--port", "0", "--token-file", "token", *flags)
            self.assertEqual(server.container().status, 200)
            self.assertEqual(server.end(signal.SIGTERM).stderr, "")

    def test_a_lasting_mismatch_costs_nothing(self):
        self.pair("one")
        self.pair("two")
        self.put("one", "key")
        self.put("two", "pem")
        age(self.folder / "web.key", self.folder / "web.pem")
        run = self.run_program(*self.arguments(*IDENTITY, "--debug"))
        self.assertEqual(run.status, program.CERTIFICATE, str(run))
        self.assertIn(MISMATCH, run.stderr)
        self.assertNotIn("trying again", run.stderr)


if __name__ == "__main__":
    unittest.main()
