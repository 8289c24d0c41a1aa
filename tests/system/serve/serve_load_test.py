#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint serve with 64 clients: it answers every request, counts exactly, and does not leak.

These variables set the load:
  CREDMINT_LOAD         requests of each client on a kept-alive connection (2000)
  CREDMINT_LOAD_NEW     requests of each client on new connections (250)
  CREDMINT_LOAD_TOKENS  metadata tokens (40000)
"""

import os
import signal
import unittest

from support import load
from support.serve import Server, wait_until
from support.system_test import MintTest

CLIENTS = 64
EACH_KEPT = int(os.environ.get("CREDMINT_LOAD", "2000"))
EACH_NEW = int(os.environ.get("CREDMINT_LOAD_NEW", "250"))
TOKENS = int(os.environ.get("CREDMINT_LOAD_TOKENS", "40000"))
ROLE = "/latest/meta-data/iam/security-credentials/demo"
TTL = "X-aws-ec2-metadata-token-ttl-seconds: 21600"

# A C program that links libmicrohttpd, libcurl and libcrypto uses 12 MiB after one HTTPS request.
RESIDENT_KIB = 10 << 10
OWN_KIB = 6 << 10
FREED_KIB = 512  # at least, after a silence
GROWTH_KIB = 256


class LoadTest(MintTest):
    def setUp(self):
        super().setUp()
        tls = self.folder / "tls"
        tls.mkdir()
        self.start_own_service(tls_folder=str(tls))
        self.server = Server(
            self,
            *self.write_identity(),
            *("--port", "0", "--status-port", "0", "--token-file", "token"),
            *("--ca-bundle", self.service.ca_bundle, *self.arguments()[1:]),
        )
        self.pid = self.server.process.pid
        self.assertEqual(self.server.container().status, 200)

    def ask(self, path, header, each, **how):
        url = f"http://127.0.0.1:{self.server.port}{path}"
        result = load.run(url, self.folder, [header], clients=CLIENTS, each=each, **how)
        self.assertEqual((result.failed, result.refused), (0, 0), result)
        self.assertEqual(result.complete, CLIENTS * each)

    def ask_in_both_ways(self, path, header):
        self.ask(path, header, EACH_KEPT, keep_alive=True)
        self.ask(path, header, EACH_NEW, keep_alive=False)

    def check_counts(self, **requests):
        metrics = self.server.metrics()
        for interface, count in requests.items():
            self.assertEqual(metrics.requests(interface), {200: count})
        self.assertEqual(len(self.service.requests()), 1)
        self.end_well()

    def end_well(self):
        wait_until(lambda: self.server.metrics().get("http_connections") == 0)
        run = self.server.end(signal.SIGTERM)
        self.assertEqual((run.status, run.stderr), (0, ""), str(run))

    def test_container_credentials(self):
        token = (self.folder / "token").read_text()
        self.ask_in_both_ways("/role/demo", f"Authorization: {token}")
        self.check_counts(container=1 + CLIENTS * (EACH_KEPT + EACH_NEW))

    def test_metadata_service(self):
        header = f"X-aws-ec2-metadata-token: {self.server.token(21600)}"
        self.ask_in_both_ways(ROLE, header)
        self.check_counts(imds=1 + CLIENTS * (EACH_KEPT + EACH_NEW))

    def test_memory_between_calls_of_the_service(self):
        for _ in range(3):
            self.assertEqual(self.server.metadata("/meta-data/iam/security-credentials/demo").status, 200)
            self.check_memory()
            calls = len(self.service.requests())
            self.server.process.send_signal(signal.SIGHUP)
            wait_until(lambda calls=calls: len(self.service.requests()) > calls)
        self.end_well()

    def test_memory_after_a_silence(self):
        """The code that requests run through does not stay resident when nobody asks any more."""
        token = (self.folder / "token").read_text()
        self.ask("/role/demo", f"Authorization: {token}", EACH_KEPT, keep_alive=True)
        busy = load.memory(self.pid)["Rss"]
        if not load.SANITIZED:
            wait_until(lambda: load.memory(self.pid)["Rss"] < busy - FREED_KIB)
        self.assertEqual(self.server.container().status, 200)
        self.end_well()

    def check_memory(self):
        if load.SANITIZED:
            return
        # A call to the service may have ended only recently.
        wait_until(lambda: load.memory(self.pid)["Rss"] < RESIDENT_KIB)
        used = load.memory(self.pid)
        print(f"# {used['Rss']} KiB resident, {used['Anonymous']} of its own")
        self.assertLess(used["Anonymous"], OWN_KIB, used)

    def put_tokens(self, count):
        each = count // CLIENTS
        self.ask("/latest/api/token", TTL, each, keep_alive=True, put=True)
        wait_until(lambda: self.server.metrics().get("http_connections") == 0)
        return each * CLIENTS

    def test_memory_is_flat_over_many_tokens(self):
        put = self.put_tokens(TOKENS // 4)
        before = load.memory(self.pid)
        put += self.put_tokens(TOKENS)
        after = load.memory(self.pid)
        self.check_memory()
        metrics = self.server.metrics()
        self.assertEqual(metrics.get("metadata_tokens_issued_total"), put)
        self.assertEqual(metrics.requests("imds"), {200: put})
        self.end_well()
        if not load.SANITIZED:
            self.assertLess(after["Rss"] - before["Rss"], GROWTH_KIB, (before, after))


if __name__ == "__main__":
    unittest.main()
