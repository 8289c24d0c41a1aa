#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates change many times a second while clients request credentials.

CREDMINT_ROTATIONS is the number of changes (300); CREDMINT_ROTATION_FIGURES=1 prints statistics.
"""

import collections
import json
import os
import random
import shutil
import signal
import sys
import threading
import time
import unittest

from support import pki, program
from support.serve import Server, wait_until
from support.system_test import MintTest

ROTATIONS = int(os.environ.get("CREDMINT_ROTATIONS", "300"))
SERVERS = 8
LIFETIME_SECONDS = 4  # half of it allows for mints that fail or wait for the processor
LONGEST_PAUSE_SECONDS = 0.03
FILES = ("--certificate", "tls.crt", "--private-key", "tls.key")


class Files:
    """Two files that are replaced one after the other, in either order, sometimes in place."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def put(self, key, certificate, chance):
        files = [("tls.key", pki.pkcs8_pem(key)), ("tls.crt", pki.pem(certificate))]
        chance.shuffle(files)
        for name, contents in files:
            if chance.random() < 0.3:
                self.write_slowly(name, contents, chance)
            else:
                (self.folder / "new").write_bytes(contents)
                (self.folder / "new").rename(self.folder / name)
            time.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))

    def write_slowly(self, name, contents, chance):
        with open(self.folder / name, "wb", buffering=0) as file:
            half = chance.randrange(len(contents))
            file.write(contents[:half])
            time.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
            file.write(contents[half:])


class Volume:
    """A Kubernetes secret volume: both files change atomically."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("tls.key", "tls.crt"):
            (folder / name).symlink_to(f"..data/{name}")
        self.generation = 0

    def put(self, key, certificate, chance):
        del chance
        self.generation += 1
        new = self.folder / f"..{self.generation}"
        new.mkdir()
        (new / "tls.key").write_bytes(pki.pkcs8_pem(key))
        (new / "tls.crt").write_bytes(pki.pem(certificate))
        (self.folder / "..data_tmp").symlink_to(new.name)
        (self.folder / "..data_tmp").rename(self.folder / "..data")
        shutil.rmtree(self.folder / f"..{self.generation - 1}", ignore_errors=True)


class UnderLoad(MintTest):
    def setUp(self):
        super().setUp()
        self.start_own_service(lifetime=LIFETIME_SECONDS)
        self.chance = random.Random(1)
        self.keys = [pki.make_key(kind) for kind in ("P256", "RSA2048", "P384") * 2]
        self.issued = []
        self.places = [Files(self.folder / "files"), Volume(self.folder / "volume")]
        self.answers = collections.Counter()
        self.ended = threading.Event()

    def rotate(self):
        number = len(self.issued)
        key = self.keys[number % len(self.keys)]
        certificate = self.root.issue(key.public_key(), f"web{number}")
        self.issued.append(certificate.serial_number)
        for place in self.places:
            place.put(key, certificate, self.chance)

    def start(self, number):
        folder = self.places[number % len(self.places)].folder
        _, *flags = self.arguments(*FILES, "--role-arn", role(number))
        flags = [str(folder / flag) if flag in FILES[1::2] else flag for flag in flags]
        return Server(self, "--port", "0", "--token-file", f"token{number}", *flags)

    def ask(self, number):
        """Acts as a client that requests credentials until the test ends."""
        while not self.ended.is_set():
            try:
                answer = self.servers[number].container(role(number).rpartition("/")[2])
                self.answers[answer.status] += 1
            except OSError as error:
                self.answers[repr(error)] += 1
            time.sleep(0.002)

    def mints(self, number):
        return [
            int(record["serial"])
            for record in self.service.requests()
            if json.loads(record["body"])["roleArn"] == role(number)
        ]

    def test_rotations(self):
        self.rotate()
        self.servers = []
        for number in range(SERVERS):
            self.servers.append(self.start(number))
            time.sleep(LIFETIME_SECONDS / 2 / SERVERS)  # so that they mint at different times
        wait_until(lambda: all(self.mints(number) for number in range(SERVERS)))
        clients = [threading.Thread(target=self.ask, args=(n,)) for n in range(SERVERS)]
        for client in clients:
            client.start()
        self.addCleanup(self.ended.set)
        begin = time.monotonic()
        for _ in range(ROTATIONS):
            self.rotate()
        seconds = time.monotonic() - begin
        last = self.issued[-1]
        wait_until(lambda: all(self.mints(number)[-1] == last for number in range(SERVERS)))
        self.ended.set()
        for client in clients:
            client.join()
        runs = [server.end(signal.SIGTERM) for server in self.servers]
        self.check(runs)
        self.print_figures(runs, seconds)

    def check(self, runs):
        records = self.service.requests()
        self.assertEqual({record["reason"] for record in records}, {"accepted"})
        used = {int(record["serial"]) for record in records}
        self.assertLessEqual(used, set(self.issued))
        self.assertGreater(len(used), ROTATIONS // 20)
        self.assertEqual(set(self.answers), {200})
        for run in runs:
            self.assertEqual(run.status, program.SUCCESS, str(run))
            for line in run.stderr.splitlines():
                self.assertRegex(line, "^credmint: the certificate .* stays in use: |^hint: ")

    def print_figures(self, runs, seconds):
        if "CREDMINT_ROTATION_FIGURES" not in os.environ:
            return
        records = self.service.requests()
        said = sum(run.stderr.count("stays in use") for run in runs)
        print(
            f"# {len(self.issued) - 1} rotations in {seconds:.1f} s, {SERVERS} servers, "
            f"{len(records)} mints with {len({record['serial'] for record in records})} "
            f"certificates, {sum(self.answers.values())} answers {dict(self.answers)}, "
            f"an earlier pair was said to stay {said} times",
            file=sys.stderr,
        )


def role(number):
    return f"arn:aws:iam::111122223333:role/server{number}"


if __name__ == "__main__":
    unittest.main()
