#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the CPU time of a request to `serve` with that of a minimal server on libmicrohttpd.

The minimal server answers the same requests with a constant of the same size. 64 clients make 2,000
requests each to both interfaces, on kept-alive and on new connections. A single client makes 20,000
on one kept-alive connection. Each answer to it takes a turn of the server's loop, which 64 clients
share. So this shows what a turn costs.

Prints a table. Fails if a request gets no response. Also fails if its CPU time is above that of
AWS's tool, or above 1.5 times that of the minimal server.

    serve_load.py CONSTANT_ANSWER_PROGRAM
"""

import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import load  # noqa: E402
from support.serve import Server  # noqa: E402
from support.system_test import MintTest  # noqa: E402

ROUNDS = 3
# name of the row: clients, requests of each, whether connections are kept
WAYS = {"kept": (64, 2000, True), "one kept": (1, 20000, True), "new": (64, 2000, False)}
LIMIT = 1.5
PEER_MICROSECONDS = 20.5  # CPU time of AWS's tool for a request on a kept-alive connection
ROLE = "/latest/meta-data/iam/security-credentials/demo"


class Benchmark(MintTest):
    def runTest(self):
        server = Server(
            self, *self.write_identity(), *("--port", "0", "--token-file", "token"),
            *self.arguments()[1:],
        )
        token = (self.folder / "token").read_text()
        interfaces = {
            "container": ("/role/demo", f"Authorization: {token}"),
            "metadata": (ROLE, f"X-aws-ec2-metadata-token: {server.token(21600)}"),
        }
        size = len(server.container().body)
        worst = 0
        print(f"{'':22}{'us CPU':>8}{'least':>8}{'ratio':>7}{'req/s':>8}{'p99 ms':>8}")
        for name, (path, header) in interfaces.items():
            for kind, way in WAYS.items():
                ours, least = self.compare(server, size, path, header, way)
                ratio = ours[0] / least[0]
                worst = max(worst, ratio, (kind == "kept") * LIMIT * ours[0] / PEER_MICROSECONDS)
                kind = f"{name}, {kind}"
                print(
                    f"{kind:22}{ours[0]:8.1f}{least[0]:8.1f}{ratio:7.2f}"
                    f"{ours[1].per_second:8.0f}{ours[1].p99_milliseconds:8.1f}"
                )
        memory = load.memory(server.process.pid)
        print("memory, KiB:", {name: memory[name] for name in ("Rss", "Pss", "Anonymous")})
        self.assertLessEqual(worst, LIMIT)

    def compare(self, server, size, path, header, way):
        """Runs interleaved rounds; returns the microseconds and Load of each server's cheapest."""
        with subprocess.Popen(
            [sys.argv[1], str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as constant:
            processes = {
                server.process.pid: server.port,
                constant.pid: int(constant.stdout.readline()),
            }
            best = {}
            for _ in range(ROUNDS):
                for pid, port in processes.items():
                    cost = self.measure(pid, f"http://127.0.0.1:{port}{path}", header, way)
                    best[pid] = min(best.get(pid, cost), cost, key=lambda pair: pair[0])
            constant.stdin.close()
        return best.values()

    def measure(self, pid, url, header, way):
        clients, each, keep_alive = way
        before = load.cpu_seconds(pid)
        result = load.run(
            url, self.folder, [header], clients=clients, each=each, keep_alive=keep_alive
        )
        self.assertEqual(
            (result.complete, result.failed, result.refused), (clients * each, 0, 0), result
        )
        return 1e6 * (load.cpu_seconds(pid) - before) / result.complete, result


def main():
    benchmark = Benchmark()
    Benchmark.setUpClass()
    benchmark.setUp()
    try:
        benchmark.runTest()
    finally:
        benchmark.doCleanups()
        Benchmark.doClassCleanups()


if __name__ == "__main__":
    main()
