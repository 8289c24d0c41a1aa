#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint serve --status-port: health, metrics, and who may read them."""

import datetime
import json
import re
import signal
import unittest

from support import program
from support.ports import dead_port
from support.serve import Server, wait_until
from support.system_test import MintTest

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"


class StatusTest(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def flags(self, *flags):
        more = ("--token-file", "token", "--port", "0", *flags)
        return (*self.identity, *more, *self.arguments()[1:])

    def serve(self, *flags):
        return Server(self, *self.flags("--status-port", "0", *flags))


class Who(StatusTest):
    def test_strangers_are_refused(self):
        server = self.serve()
        for path in ("/healthz", "/metrics"):
            for headers in (
                {"Host": "evil.example"},
                {"Origin": "http://localhost"},
                {"X-Forwarded-For": "127.0.0.1"},
            ):
                answer = server.request("GET", path, headers, port=server.status_port)
                self.assertEqual(answer.status, 400)
            for method in ("POST", "PUT", "HEAD"):
                answer = server.request(method, path, port=server.status_port)
                self.assertEqual(answer.status, 405)

    def test_the_port_of_the_credentials_tells_nothing(self):
        server = self.serve()
        for path in ("/healthz", "/metrics"):
            self.assertEqual(server.request("GET", path).status, 401)
        for path in ("/", "/role/demo", "/latest/api/token"):
            answer = server.request("GET", path, port=server.status_port)
            self.assertEqual(answer.status, 404)

    def test_there_is_none_without_the_flag(self):
        server = Server(self, *self.flags())
        self.assertIsNone(server.status_port)
        self.assertNotIn("healthz", server.printed)

    def test_a_port_in_use(self):
        port = str(dead_port(self))
        self.fail_with(
            program.LOCAL_IO, "the status: ", "serve", *self.flags("--status-port", port)
        )
        self.assertFalse((self.folder / "token").exists())


class Metrics(StatusTest):
    def test_counts_are_exact(self):
        server = self.serve()
        credentials = json.loads(server.container().body)
        server.container()
        server.container("other")
        server.request("GET", "/role/demo")
        tokens = [
            server.request("PUT", "/latest/api/token", {TTL: "60"}).body.decode() for _ in range(5)
        ]
        role = "/latest/meta-data/iam/security-credentials/demo"
        server.request("GET", role, {TOKEN: tokens[0]})
        server.request("GET", role, {TOKEN: "x"})
        server.request("PUT", "/latest/api/token", {TTL: "0"})
        server.request("GET", "/role/demo", {"Host": "evil.example"})
        metrics = server.metrics()
        self.assertEqual(metrics.requests("container"), {200: 2, 404: 1, 401: 1, 400: 1})
        self.assertEqual(metrics.requests("imds"), {200: 6, 401: 1, 400: 1})
        self.assertEqual(metrics.get("metadata_tokens_issued_total"), 5)
        self.assertEqual(metrics.get("refreshes_total", role="demo"), 1)
        version = self.succeed("version").decode().strip()
        self.assertEqual(metrics.get("build_info", version=version), 1)
        expiration = datetime.datetime.strptime(
            credentials["Expiration"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z"
        )
        self.assertEqual(
            metrics.get("credentials_expiration_timestamp_seconds", role="demo"),
            expiration.timestamp(),
        )

    def test_every_metric_is_described_and_typed(self):
        metrics = self.serve().metrics()
        self.assertEqual(len(metrics.families), 9)
        for family in metrics.families.values():
            self.assertTrue(family.documentation, family)
            self.assertIn(family.type, ("counter", "gauge"), family)
        counters = re.findall(r"# TYPE (\S+) counter", metrics.text)
        self.assertTrue(all(name.endswith("_total") for name in counters), counters)

    def test_open_connections(self):
        server = self.serve()
        connection = server.connect()
        connection.request("PUT", "/latest/api/token", headers={TTL: "60"})
        connection.getresponse().read()
        metrics = server.metrics()
        self.assertEqual(metrics.get("http_connections"), 1)
        connection.close()
        wait_until(lambda: server.metrics().get("http_connections") == 0)

    def test_there_is_no_secret_and_no_arn(self):
        server = self.serve()
        credentials = json.loads(server.container().body)
        metadata_token = server.token()
        secrets = [value for name, value in credentials.items() if name != "Expiration"]
        secrets += [metadata_token, (self.folder / "token").read_text(), "arn:"]
        for text in (server.metrics().text, server.health()[1]):
            for secret in secrets:
                self.assertNotIn(secret, text)


class Health(StatusTest):
    def test_while_there_are_credentials(self):
        server = self.serve()
        server.container()
        self.assertEqual(server.health(), (200, "ok\n"))

    def test_before_the_first_answer(self):
        self.start_own_service(fail=["slow:1"])
        server = self.serve()
        self.assertEqual(server.health(), (503, "demo: Pending\n"))
        wait_until(lambda: server.health() == (200, "ok\n"))

    def test_in_bad_times(self):
        """Old credentials count as healthy until they expire."""
        self.start_own_service(fail=["slow:0", "500x100"], lifetime=6)
        server = self.serve()
        server.container()
        wait_until(lambda: server.metrics().get("refreshes_total", role="demo") >= 2)
        self.assertEqual(server.health(), (200, "ok\n"))
        wait_until(lambda: server.health()[0] == 503)
        self.assertEqual(server.health(), (503, "demo: ServiceBusy\n"))
        metrics = server.metrics()
        failures = metrics.get("refresh_failures_total", role="demo", reason="ServiceBusy")
        self.assertEqual(metrics.get("refreshes_total", role="demo"), failures + 1)
        self.assertEqual(len(self.service.requests()), failures + 1)

    def test_after_a_refusal(self):
        self.start_own_service(fail=["403:AccessDeniedException:no"])
        server = self.serve()
        wait_until(lambda: server.health() == (503, "demo: ServiceRefused\n"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.health() == (200, "ok\n"))
        metrics = server.metrics()
        self.assertEqual(metrics.get("refreshes_total", role="demo"), 2)
        self.assertEqual(
            metrics.get("refresh_failures_total", role="demo", reason="ServiceRefused"), 1
        )

    def test_of_a_key_that_is_gone(self):
        (self.folder / "web.key").unlink()
        server = self.serve()
        wait_until(lambda: server.health() == (503, "demo: FileUnusable\n"))


if __name__ == "__main__":
    unittest.main()
