#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares whole mints, from the start of a program to its end: ours, peers, and minimal programs.

    cold_mint.py [--rounds N] [--kinds file-ca,...] [--peer PROGRAM]...

A peer is any program that takes the flags of AWS's `aws_signing_helper credential-process`. All
programs get the same ones. The environment names the CAs and the TPM, because AWS's tool has no
flag for them. A kind that a program cannot do is reported and skipped.

A kind is a key and a way to the service. The keys are file, rsa, token, handle and tss. The ways are
http, ca (a file with one CA) and all (a folder with all CAs of the system). The minimal program
(raw_mint.c) does as little as the same key and way allow, one step after the other.

Prints a table: the medians, and the median ratio of our wall time to theirs with its interval of
95 % confidence. The service is constant_service.py.
"""

import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import constant_service
import measuring
from measuring import Command

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import emulator, pki, program, token, tpm, tss2  # noqa: E402
from support.processes import run_tool  # noqa: E402
from support.system_test import MintTest, make_folder  # noqa: E402

import tls_material  # noqa: E402  (found by support.emulator)

KEYS = {
    "file": "file, P-256",
    "rsa": "file, RSA 2048",
    "token": "SoftHSM token, P-256",
    "handle": "TPM, P-256 by handle",
    "tss": "TPM, P-256 by key file",
}
WAYS = {"ca": "one CA file", "all": "all CAs of the system", "http": "plain HTTP"}
KINDS = [f"{key}-{way}" for key in KEYS for way in WAYS]
HANDLE = "0x81000010"
MEMORY_RUNS = 9
TPM_KEYS = {"handle": f"handle:{HANDLE}", "tss": "tss.key"}


@dataclasses.dataclass(frozen=True)
class Key:
    """A key as flags of credential-process, and as arguments of a minimal program."""

    flags: tuple
    raw: str  # the minimal program
    raw_arguments: tuple


class World(MintTest):
    """The service, the devices and the keys."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()

    def runTest(self):
        pass

    def prepare(self, keys):
        folder = self.folder / "tls"
        folder.mkdir()
        tls = tls_material.server_context(*tls_material.make_tls_material(folder))
        self.ports = {"http": constant_service.start(self), "https": constant_service.start(self, tls)}
        self.ca = folder / "ca.pem"
        (self.folder / "none").mkdir()
        shutil.copytree("/etc/ssl/certs", self.folder / "all")
        shutil.copy(self.ca, self.folder / "all" / "one-more.pem")
        subprocess.run(
            ("openssl", "rehash", self.folder / "all"), check=True, stderr=subprocess.DEVNULL
        )
        self.env = program.environment(self.folder)
        self.keys = {}
        for name, kind in {"file": "P256", "rsa": "RSA2048"}.items():
            if name in keys:
                self.keys[name] = self.file_key(name, kind)
        if "token" in keys:
            self.keys["token"] = self.token_key()
        if keys & set(TPM_KEYS):
            self.keys |= self.tpm_keys()

    def issue(self, name, public_key):
        self.write(f"{name}.pem", pki.pem(self.root.issue(public_key)))

    def file_key(self, name, kind):
        key = pki.make_key(kind)
        self.write(f"{name}.key", pki.pkcs8_pem(key))
        self.issue(name, key.public_key())
        return Key(("--private-key", f"{name}.key"), "raw_file_mint", (f"{name}.key",))

    def token_key(self):
        made = token.Token(make_folder(self) / "t")
        self.issue("token", made.generate("EC:prime256v1"))
        self.env |= made.env
        uri = f"pkcs11:token=test;object=web?pin-value={token.PIN}"
        raw = (token.MODULE, slot_of_token(made), token.PIN, "web")
        return Key(("--private-key", uri, "--pkcs11-lib", token.MODULE), "raw_token_mint", raw)

    def tpm_keys(self):
        """A key at a handle and one in a file, both of one TPM."""
        made = tpm.Tpm(self, make_folder(self))
        self.env |= {"TPM_DEVICE": made.tcti.removeprefix("swtpm:path=")}
        self.issue("handle", made.make_persistent(HANDLE))
        contents, public_key = made.make_key_file(tpm.EC_P256)
        self.issue("tss", public_key)
        self.write("tss.key", contents)
        public, private = tss2.parts(tss2.to_der(contents))
        raw = (self.write("public", public), self.write("private", private))
        return {
            "handle": Key(("--private-key", f"handle:{HANDLE}"), "raw_tpm_mint", (made.tcti, HANDLE)),
            "tss": Key(("--private-key", "tss.key"), "raw_tpm_mint", (made.tcti, *raw)),
        }

    def environment(self, way):
        """Names the trusted CAs, in variables that OpenSSL, credmint and Go read."""
        trust = {
            "ca": {"SSL_CERT_FILE": str(self.ca), "SSL_CERT_DIR": str(self.folder / "none")},
            "all": {"SSL_CERT_DIR": str(self.folder / "all")},
            "http": {},
        }
        return self.env | trust[way]

    def mint(self, path, key, way):
        scheme = "http" if way == "http" else "https"
        endpoint = ("--endpoint", f"{scheme}://localhost:{self.ports[scheme]}")
        arguments = ("credential-process", "--certificate", f"{key}.pem", *self.keys[key].flags)
        flags = (*endpoint, "--region", "us-east-1", *emulator.SESSION_FLAGS)
        return Command((path, *arguments, *flags), self.folder, self.environment(way))

    def minimal_mint(self, key, way):
        trust = {"ca": self.ca, "all": f"{self.folder}/all/", "http": "http"}[way]
        port = self.ports["http" if way == "http" else "https"]
        arguments = (port, trust, f"{key}.pem", *self.keys[key].raw_arguments)
        path = os.path.join(os.environ["CREDMINT_BUILD"], "tests", self.keys[key].raw)
        return Command((path, *arguments), self.folder, self.environment(way))


def slot_of_token(made):
    listed = run_tool(token.PKCS11_TOOL, "--module", token.MODULE, "--list-slots", env=made.env)
    return next(line.split("(")[1].split(")")[0] for line in listed.decode().splitlines() if "(0x" in line)


def able(commands, kind):
    """Those that can do it. Each runs twice, so that its files are in memory."""
    kept = {}
    for name, command in commands.items():
        try:
            measuring.run_once(command)
            measuring.run_once(command)
            kept[name] = command
        except (measuring.Failed, OSError) as failure:
            print(f"{name} cannot do {kind}: {failure}", file=sys.stderr)
    return kept


def compare(world, kind, programs, rounds):
    """Rows of the table for one kind."""
    key, _, way = kind.partition("-")
    commands = {name: world.mint(path, key, way) for name, path in programs.items()}
    commands["minimal program"] = world.minimal_mint(key, way)
    commands = able(commands, kind)
    figures = measuring.interleaved(commands, rounds)
    for name, runs in figures.items():
        yield (
            f"{KEYS[key]}, {WAYS[way]}",
            name,
            f"{measuring.median(runs, 'wall'):.1f}",
            f"{measuring.median(runs, 'processor'):.1f}",
            f"{measuring.median(runs, 'resident') / 1024:.1f}",
            f"{measuring.proportional_size(commands[name], min(rounds, MEMORY_RUNS)) / 1024:.1f}",
            "" if name == "credmint" else measuring.ratio(figures["credmint"], runs),
        )


def named(peers):
    """{name: path} of all programs. A name that occurs twice gets its folder."""
    programs = {"credmint": program.path()}
    for peer in map(os.path.abspath, peers):
        name = os.path.basename(peer)
        programs[peer if name in programs else name] = peer
    return programs


def main():
    parser = argparse.ArgumentParser(description="Compares whole mints.")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--peer", action="append", default=[])
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    world = World()
    World.setUpClass()
    world.setUp()
    try:
        world.prepare({kind.partition("-")[0] for kind in kinds})
        rows = []
        for kind in kinds:
            rows += compare(world, kind, named(options.peer), options.rounds)
        measuring.table(
            ("mint", "program", "wall, ms", "processor, ms", "largest process, MiB",
             "all processes, MiB", "credmint's wall time beside it"),
            rows,
        )  # fmt: skip
    finally:
        world.doCleanups()
        World.doClassCleanups()


if __name__ == "__main__":
    main()
