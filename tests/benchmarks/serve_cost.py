#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what `serve` costs: ours, peers, and a minimal server on libmicrohttpd.

    serve_cost.py CONSTANT_ANSWER_PROGRAM [--rounds N] [--peer PROGRAM]...

A peer is any program that takes the flags of AWS's `aws_signing_helper serve`. All programs have a
key in a file and get credentials over TLS from constant_service.py. Each round sends requests for
credentials to the metadata service of each program, on kept and on new connections.

Prints the medians for a request, and the memory after the requests. The median ratio of our processor
time to theirs has its interval of 95 % confidence.
"""

import argparse
import dataclasses
import http.client
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

import measuring
from cold_mint import World, named

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import load  # noqa: E402
from support.ports import free_port  # noqa: E402
from support.processes import ENDING_WITH_PARENT  # noqa: E402

CLIENTS, EACH = 64, 300
ROLE = "/latest/meta-data/iam/security-credentials/demo"
PATIENCE_SECONDS = 10


@dataclasses.dataclass
class Running:
    """A server, and the cost of its requests so far, by kind of connection."""

    process: subprocess.Popen
    port: int
    header: str
    microseconds: dict = dataclasses.field(default_factory=lambda: {"kept": [], "new": []})
    milliseconds: dict = dataclasses.field(default_factory=lambda: {"kept": [], "new": []})

    def measure(self, folder):
        for kind in self.microseconds:
            before = load.cpu_seconds(self.process.pid)
            url = f"http://127.0.0.1:{self.port}{ROLE}"
            result = load.run(
                url, folder, [self.header], clients=CLIENTS, each=EACH, keep_alive=kind == "kept"
            )
            if result.complete != CLIENTS * EACH or result.failed or result.refused:
                raise SystemExit(f"requests failed: {result}")
            used = load.cpu_seconds(self.process.pid) - before
            self.microseconds[kind].append(1e6 * used / result.complete)
            self.milliseconds[kind].append(result.p99_milliseconds)


def ask(port, method, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return None, ""
    finally:
        connection.close()


def token_header(port, process):
    """The header of a metadata token, once credentials are there; nothing if they never are."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        status, token = ask(port, "PUT", "/latest/api/token", **lifetime)
        header = {"X-aws-ec2-metadata-token": token}
        if status == 200 and ask(port, "GET", ROLE, **header)[0] == 200:
            return f"X-aws-ec2-metadata-token: {token}"
        time.sleep(0.05)
    return None


def start(world, command, env, **more):
    """Starts a program that ends with the world."""
    process = subprocess.Popen(
        [*ENDING_WITH_PARENT, *map(str, command)],
        cwd=world.folder, env=env, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, **more
    )  # fmt: skip

    def end():
        process.kill()
        process.wait()

    world.addCleanup(end)
    return process


def start_server(world, path):
    """Starts the serve command of a program; returns nothing if it gives no credentials."""
    port = free_port()
    mint = world.mint(path, "file", "ca")
    (_, _, *flags) = mint.arguments
    command = (path, "serve", "--port", port, *flags)
    process = start(world, command, mint.env, stdout=subprocess.DEVNULL)
    header = token_header(port, process)
    return Running(process, port, header) if header else None


def start_minimal(world, program, like):
    """Starts the minimal server, whose answers are as long as those of `like`."""
    name, _, value = like.header.partition(": ")
    size = len(ask(like.port, "GET", ROLE, **{name: value})[1])
    process = start(world, (program, size), world.env, stdout=subprocess.PIPE, text=True)
    return Running(process, int(process.stdout.readline()), like.header)


def peak(pid):
    """The peak of resident memory, in KiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def report(servers):
    ours = servers["credmint"]
    measuring.table(
        ("requests to the metadata service", "program", "processor, µs", "99th percentile, ms",
         "credmint's processor time beside it"),
        [
            (
                f"{kind} connections",
                name,
                f"{statistics.median(server.microseconds[kind]):.1f}",
                f"{statistics.median(server.milliseconds[kind]):.1f}",
                "" if server is ours
                else measuring.ratio_of(ours.microseconds[kind], server.microseconds[kind]),
            )
            for kind in ("kept", "new")
            for name, server in servers.items()
        ],
    )  # fmt: skip
    memory = {name: load.memory(server.process.pid) for name, server in servers.items()}
    measuring.table(
        ("memory after the requests", "resident, KiB", "proportional, KiB", "private, KiB", "peak, KiB"),
        [
            (name, each["Rss"], each["Pss"], each["Private_Clean"] + each["Private_Dirty"],
             peak(servers[name].process.pid))
            for name, each in memory.items()
        ],
    )  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description="Compares what serve costs.")
    parser.add_argument("minimal", type=os.path.abspath)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--peer", action="append", default=[])
    options = parser.parse_args()
    world = World()
    World.setUpClass()
    world.setUp()
    try:
        world.prepare({"file"})
        servers = {}
        for name, path in named(options.peer).items():
            server = start_server(world, path)
            if server:
                servers[name] = server
            else:
                print(f"{name} cannot serve", file=sys.stderr)
        servers["minimal program"] = start_minimal(world, options.minimal, servers["credmint"])
        for _ in range(options.rounds):
            for server in servers.values():
                server.measure(world.folder)
        time.sleep(2)  # idle memory is released after one second
        report(servers)
    finally:
        world.doCleanups()
        World.doClassCleanups()


if __name__ == "__main__":
    main()
