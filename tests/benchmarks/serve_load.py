#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the CPU time of a request to `serve` with that of a minimal server on libmicrohttpd.

The minimal server answers the same requests with a constant of the same size. 64 clients make 2,000
requests each to both interfaces, on kept-alive and on new connections.

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

CLIENTS, EACH = 64, 2000
ROUNDS = 2
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
            for keep_alive in (True, False):
                ours, least = self.compare(server, size, path, header, keep_alive)
                ratio = ours[0] / least[0]
                worst = max(worst, ratio, keep_alive * LIMIT * ours[0] / PEER_MICROSECONDS)
                kind = f"{name}, {'kept' if keep_alive else 'new'}"
                print(
                    f"{kind:22}{ours[0]:8.1f}{least[0]:8.1f}{ratio:7.2f}"
                    f"{ours[1].per_second:8.0f}{ours[1].p99_milliseconds:8.1f}"
                )
        memory = load.memory(server.process.pid)
        print("memory, KiB:", {name: memory[name] for name in ("Rss", "Pss", "Anonymous")})
        self.assertLessEqual(worst, LIMIT)

    def compare(self, server, size, path, header, keep_alive):
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
                    cost = self.measure(pid, f"http://127.0.0.1:{port}{path}", header, keep_alive)
                    best[pid] = min(best.get(pid, cost), cost, key=lambda pair: pair[0])
            constant.stdin.close()
        return best.values()

    def measure(self, pid, url, header, keep_alive):
        before = load.cpu_seconds(pid)
        result = load.run(
            url, self.folder, [header], clients=CLIENTS, each=EACH, keep_alive=keep_alive
        )
        self.assertEqual(
            (result.complete, result.failed, result.refused), (CLIENTS * EACH, 0, 0), result
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
