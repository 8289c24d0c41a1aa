#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints how the cost grows with the number of objects, slots, certificates, roles and cache entries.

    growth.py [--rounds N] [--only NAME]...

Each dimension has a table with a row for each size. Times are medians of interleaved runs. "A
further one" is what each unit above the first size costs: it stays the same where the cost grows
linearly. Where a minimal C program (raw_*.c) meets the same device, its time is beside ours, because
a device's own cost may grow too. Calls of PKCS#11 functions are exact.

Fails where a limit is missed, or where the cost of a further one grows (see GROWTH).
"""

import argparse
import dataclasses
import hashlib
import inspect
import json
import os
import pathlib
import signal
import sys
import time

import constant_service
import measuring
from measuring import Command

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import emulator, load, misbehaving, pki, program, token  # noqa: E402
from support.serve import Server  # noqa: E402
from support.system_test import MintTest, make_folder  # noqa: E402

URI = "pkcs11:token=test;object=web"
RAW_SIGNATURE = "tests/raw_token_signature"

MOST_KIB_A_ROLE = 100
MOST_MS_FOR_A_THOUSAND_ROLES = 5
# The cost of a further unit, at the largest size beside that at the size before. Costs below NOISE
# milliseconds in all say nothing.
GROWTH = 1.5
NOISE = 1.0


def further(sizes, values):
    """The cost of each unit above the first size, by size: linear growth keeps it the same."""
    return [None] + [
        (value - values[0]) / (size - sizes[0]) for size, value in zip(sizes[1:], values[1:])
    ]


def grows_faster(sizes, values):
    """Whether the last unit costs more than earlier ones, beyond noise."""
    costs = further(sizes, values)[1:]
    if len(costs) < 2 or values[-1] - values[0] < NOISE:
        return False
    return costs[-1] > GROWTH * max(costs[-2], NOISE / (sizes[-2] - sizes[0]))


def micro(milliseconds):
    return "" if milliseconds is None else f"{1000 * milliseconds:.1f} µs"


class World(MintTest):
    """The service, the folder and the environment that all dimensions share."""

    def runTest(self):
        pass

    def prepare(self):
        self.env = program.environment(self.folder) | {"XDG_RUNTIME_DIR": str(self.folder)}
        self.file_key = pki.make_key()
        self.write_identity(self.file_key)
        self.port = constant_service.start(self)
        self.failures = []

    def command(self, *arguments, env=None):
        return Command((program.path(), *arguments), self.folder, self.env | (env or {}))

    def mint(self, *flags, env=None):
        """The command for a mint over plain HTTP. The service's time is not in its processor time."""
        return self.command(*self.arguments(*flags), env=env)

    def medians(self, commands, rounds):
        """Medians of the processor time, and of the wall time, by name, in ms."""
        figures = measuring.interleaved(commands, rounds)
        return (
            {name: measuring.median(runs, "processor") for name, runs in figures.items()},
            {name: measuring.median(runs, "wall") for name, runs in figures.items()},
        )

    def calls(self, command, env):
        """The names of the PKCS#11 functions that a command calls, in order."""
        log = make_folder(self) / "calls"
        recorded = [misbehaving.module() if part == token.MODULE else part for part in command.arguments]
        measuring.run_once(
            Command(recorded, command.folder, command.env | misbehaving.environment(env, log=log))
        )
        return misbehaving.calls(log)

    def expect(self, holds, what):
        if not holds:
            self.failures.append(what)

    def expect_linear(self, what, sizes, values):
        self.expect(not grows_faster(sizes, values), f"{what}: worse than linear: {values}")


def token_flags():
    return ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{token.PIN}")


def write_certificate(world, name, public_key):
    world.write(name, pki.pem(world.root.issue(public_key)))


def slot_of(world, made, label):
    listed = world.run_program(
        "list", "--json", "--pkcs11-lib", token.MODULE, f"pkcs11:token={label}", env=made.env
    )
    return json.loads(listed.stdout)["modules"][0]["slots"][0]["number"]


def raw_signature(world, made, label="test"):
    raw = os.path.join(os.environ["CREDMINT_BUILD"], RAW_SIGNATURE)
    arguments = (raw, token.MODULE, slot_of(world, made, label), token.PIN, "web")
    return Command(arguments, world.folder, world.env | made.env)


def token_rows(world, tokens, rounds, what):
    """Rows for tokens by size: (Token, the mint's command, the raw program's command)."""
    commands = {}
    for size, (_, mint, raw) in tokens.items():
        commands |= {("mint", size): mint, ("raw", size): raw}
    processor, wall = world.medians(commands, rounds)
    sizes = list(tokens)
    ours = [processor["mint", size] for size in sizes]
    above = [processor["mint", size] - processor["raw", size] for size in sizes]
    counts = [len(world.calls(mint, made.env)) for made, mint, _ in tokens.values()]
    world.expect_linear(what, sizes, above)
    measuring.table(
        (what, "PKCS#11 calls", "processor", "wall", "ten bare calls", "ours above them", "a further one"),
        [
            (size, calls, f"{cpu:.1f} ms", f"{wall['mint', size]:.1f} ms",
             f"{processor['raw', size]:.1f} ms", f"{more:.1f} ms", micro(each))
            for size, calls, cpu, more, each in zip(sizes, counts, ours, above, further(sizes, above))
        ],
    )  # fmt: skip
    return counts


def objects(world, rounds):
    """A token with 1, 50 and 5,000 objects. The key is found by its label."""
    tokens = {}
    for size in (2, 50, 5000):
        made = token.Token(make_folder(world) / "t")
        name = f"objects-{size}.pem"
        write_certificate(world, name, made.generate("EC:prime256v1"))
        if size > 2:
            made.crowd((size - 2) // 2, "EC:prime256v1")
        mint = world.mint("--certificate", name, "--private-key", URI, *token_flags(), env=made.env)
        tokens[size] = (made, mint, raw_signature(world, made))
    counts = token_rows(world, tokens, rounds, "objects")
    world.expect(len(set(counts)) == 1, f"the calls depend on the number of objects: {counts}")


def slots(world, rounds):
    """A module with 1, 5 and 60 slots. The key is on the token that was made last."""
    tokens = {}
    for size in (1, 5, 60):
        made = token.Token(make_folder(world) / "t", label="test")
        for number in range(size - 1):
            made.add_token(f"other-{number}")
        name = f"slots-{size}.pem"
        write_certificate(world, name, made.generate("EC:prime256v1"))
        mint = world.mint("--certificate", name, "--private-key", URI, *token_flags(), env=made.env)
        tokens[size] = (made, mint, raw_signature(world, made))
    token_rows(world, tokens, rounds, "slots")


def chains(world, rounds):
    """Chains of 1 to 5 certificates, which are all sent."""
    commands, sizes = {}, range(1, 6)
    for size in sizes:
        issuer, between = world.root, []
        for number in range(1, size):
            issuer = issuer.make_intermediate(f"level {number}")
            between.insert(0, issuer.certificate)
        leaf = issuer.issue(world.file_key.public_key())
        path = world.write(f"chain-{size}.pem", pki.pem(leaf, *between))
        commands[size] = world.mint("--certificate", path.name, "--private-key", "web.key")
    processor, wall = world.medians(commands, rounds)
    world.expect_linear("chains", list(sizes), list(processor.values()))
    measuring.table(
        ("certificates", "processor", "wall", "a further one"),
        [
            (size, f"{processor[size]:.2f} ms", f"{wall[size]:.2f} ms", micro(each))
            for size, each in zip(sizes, further(sizes, list(processor.values())))
        ],
    )


def configuration(world, number, identity, identities=1):
    """A configuration file of so many roles, which use the identities in turn; returns its name."""
    service = (
        f'[defaults]\nendpoint = "http://localhost:{world.port}"\n'
        f'trust-anchor-arn = "{emulator.TRUST_ANCHOR_ARN}"\nprofile-arn = "{emulator.PROFILE_ARN}"\n'
    )
    named = (f"[identity.i{each}]\n{identity}\n" for each in range(identities))
    roles = (
        f'[role.r{each}]\nidentity = "i{each % identities}"\n'
        f'role-arn = "arn:aws:iam::{emulator.ACCOUNT}:role/r{each}"\n'
        for each in range(number)
    )
    return world.write(f"{number}-{identities}.toml", "\n".join((service, *named, *roles))).name


FILES = 'certificate = "web.pem"\nprivate-key = "web.key"'


def roles(world, rounds):
    """A configuration of up to 1,000 roles, of which one is used: a hit in the cache, and a check.

    The roles share an identity, or each has its own.
    """
    sizes, commands = (1, 10, 100, 1000), {}
    for size in sizes:
        for kind, path in (
            ("shared", configuration(world, size, FILES)),
            ("own", configuration(world, size, FILES, identities=size)),
        ):
            hit = world.command("credential-process", "--cache", "--config", path, "--role", "r0")
            measuring.run_once(hit)
            commands[kind, "hit", size] = hit
            commands[kind, "check", size] = world.command("config", "check", path)
    processor, _ = world.medians(commands, rounds)
    columns = {}
    for kind, what in (("shared", "hit"), ("own", "hit"), ("shared", "check"), ("own", "check")):
        values = [processor[kind, what, size] for size in sizes]
        world.expect_linear(f"roles, {kind}, {what}", sizes, values)
        columns[f"{what}, {kind} identity"] = [f"{value:.2f} ms" for value in values]
        columns[f"a further one ({what}, {kind})"] = map(micro, further(sizes, values))
    more = processor["shared", "hit", 1000] - processor["shared", "hit", 1]
    world.expect(more <= MOST_MS_FOR_A_THOUSAND_ROLES, f"1,000 roles cost {more:.1f} ms")
    measuring.table(("roles in the file", *columns), zip(sizes, *columns.values()))


def fill_cache(entry, number):
    """Adds entries like this one, each for another role, with their locks."""
    contents = json.loads(entry.read_text())
    for each in range(number):
        digest = hashlib.sha256(str(each).encode()).hexdigest()
        copy = entry.with_name(f"{digest}.json")
        copy.write_text(json.dumps(contents | {"Key": digest}))
        copy.chmod(0o600)
        entry.with_name(f"{digest}.lock").touch(0o600)


def cache_commands(world, size):
    """A hit, a miss, and the list, with a folder of so many entries."""
    home = make_folder(world)
    env = {"XDG_RUNTIME_DIR": str(home)}
    hit = world.mint("--cache", "--certificate", "web.pem", "--private-key", "web.key", env=env)
    measuring.run_once(hit)
    (entry,) = home.glob("credmint/*.json")
    contents = entry.read_bytes()

    def restore():
        entry.write_bytes(contents)

    fill_cache(entry, size - 1)
    return {
        "hit": dataclasses.replace(hit, before=restore),
        "miss": dataclasses.replace(hit, before=entry.unlink),
        "list": world.command("cache", "list", env=env),
    }


def entries(world, rounds):
    """A cache folder of up to 4,000 entries: a hit, a miss and the list of them."""
    sizes, commands = (1, 100, 1000, 4000), {}
    for size in sizes:
        commands |= {(what, size): each for what, each in cache_commands(world, size).items()}
    processor, _ = world.medians(commands, rounds)
    kinds = ("hit", "miss", "list")
    columns = {}
    for what in kinds:
        values = [processor[what, size] for size in sizes]
        world.expect_linear(f"cache, {what}", sizes, values)
        columns[f"{what}, processor"] = [f"{value:.2f} ms" for value in values]
        columns[f"{what}, a further one"] = map(micro, further(sizes, values))
    measuring.table(("entries", *columns), zip(sizes, *columns.values()))


def memory_of(pid):
    """The proportional set size of a process and all below it, in KiB."""
    total = load.memory(pid)["Pss"]
    for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        total += memory_of(int(child))
    return total


def serve_once(world, path, env):
    """Starts serve with a configuration; returns ms until all have credentials, and KiB once idle."""
    started = time.monotonic()
    server = Server(world, "--config", path, "--port", "0", "--status-port", "0", env=env)
    while server.health()[0] != 200:
        time.sleep(0.005)
    ready = 1000 * (time.monotonic() - started)
    time.sleep(2)  # idle memory is released after one second
    kib = memory_of(server.process.pid)
    server.end(signal.SIGTERM)
    return ready, kib


def serve(world, _rounds):
    """serve with 1 to 256 roles of one identity, whose key is on a token. One run of each."""
    made = token.Token(make_folder(world) / "t")
    write_certificate(world, "serve.pem", made.generate("EC:prime256v1"))
    world.write("pin", token.PIN)
    identity = f'certificate = "serve.pem"\nprivate-key = "{URI}"\npassin = "file:pin"\npkcs11-lib = '
    sizes, starts, memory, counts = (1, 4, 16, 64, 256), [], [], []
    for size in sizes:
        log = make_folder(world) / "calls"
        recorded = misbehaving.environment(made.env, log=log)
        path = configuration(world, size, f'{identity}"{misbehaving.module()}"')
        serve_once(world, path, recorded)
        counts.append(misbehaving.calls(log))
        path = configuration(world, size, f'{identity}"{token.MODULE}"')
        ready, kib = serve_once(world, path, made.env)
        starts.append(ready)
        memory.append(kib)
    logins = [calls.count("C_Login") for calls in counts]
    each = further(sizes, memory)
    world.expect(set(logins) == {1}, f"serve: logins by size: {logins}")
    world.expect(each[-1] <= MOST_KIB_A_ROLE, f"serve: a role takes {each[-1]:.0f} KiB")
    world.expect_linear("serve, start", sizes, starts)
    measuring.table(
        ("roles", "until all have credentials", "a further one", "C_Login", "C_Sign", "all calls", "memory (PSS)", "a further one"),
        [
            (size, f"{start:.0f} ms", micro(more), login, calls.count("C_Sign"), len(calls),
             f"{kib} KiB", "" if role is None else f"{role:.0f} KiB")
            for size, start, more, login, calls, kib, role in zip(
                sizes, starts, further(sizes, starts), logins, counts, memory, each
            )
        ],
    )  # fmt: skip


DIMENSIONS = {each.__name__: each for each in (objects, slots, chains, roles, entries, serve)}


def main():
    parser = argparse.ArgumentParser(description="Prints how the cost grows.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", action="append", choices=DIMENSIONS)
    options = parser.parse_args()
    world = World()
    World.setUpClass()
    world.setUp()
    try:
        world.prepare()
        for name in options.only or DIMENSIONS:
            print(f"{inspect.getdoc(DIMENSIONS[name])}\n", flush=True)
            DIMENSIONS[name](world, options.rounds)
    finally:
        world.doCleanups()
        World.doClassCleanups()
    for failure in world.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return bool(world.failures)


if __name__ == "__main__":
    sys.exit(main())
