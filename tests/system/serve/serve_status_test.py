#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint serve --status-port: health, metrics, and who may read them."""

import datetime
import json
import re
import signal
import unittest

from support import emulator, pki, program
from support.manager import Manager
from support.ports import dead_port
from support.serve import Server, wait_until
from support.system_test import MintTest

TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TOKEN = "X-aws-ec2-metadata-token"


class StatusTest(MintTest):
    def setUp(self):
        program.need_server()
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
            metrics.get("credentials_expiry_timestamp_seconds", role="demo"),
            expiration.timestamp(),
        )

    def test_every_metric_is_described_and_typed(self):
        metrics = self.serve().metrics()
        self.assertEqual(len(metrics.families), 11)
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
        self.assertEqual(server.health(), (503, "demo: ServiceBusy (the service is busy)\n"))
        metrics = server.metrics()
        failures = metrics.get("refresh_failures_total", role="demo", reason="ServiceBusy")
        self.assertEqual(metrics.get("refreshes_total", role="demo"), failures + 1)
        self.assertEqual(len(self.service.requests()), failures + 1)

    def test_after_a_refusal(self):
        self.start_own_service(fail=["403:AccessDeniedException:no"])
        server = self.serve()
        wait_until(lambda: server.health() == (503, "demo: ServiceRefused (the service refuses)\n"))
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
        wait_until(lambda: server.health() == (503, "demo: FileUnusable (a file cannot be read)\n"))


class Check(StatusTest):
    """`serve --check`, which the health check of a container runs."""

    def check(self, server):
        return ("serve", "--check", "--status-port", str(server.status_port))

    def test_while_there_are_credentials(self):
        server = self.serve()
        server.container()
        self.assertEqual(self.succeed(*self.check(server)), b"ok\n")

    def test_with_the_configuration_of_the_server(self):
        """A wildcard address leads to this machine. Proxies are not asked."""
        for address in ("0.0.0.0", "[::]"):
            server = Server(self, *self.flags("--status-listen", f"{address}:0"))
            port = re.search(r":(\d+)/healthz", server.printed)[1]
            server.container()
            file = self.write("config.toml", f'[serve]\nstatus-listen = "{address}:{port}"\n')
            proxy = {"http_proxy": "http://127.0.0.1:9", "all_proxy": "http://127.0.0.1:9"}
            command = ("serve", "--check", "--config", str(file))
            self.assertEqual(self.succeed(*command, env=proxy), b"ok\n")

    def test_without_credentials(self):
        self.start_own_service(fail=["403:AccessDeniedException:no"])
        server = self.serve()
        wait_until(lambda: server.health()[0] == 503 and "Pending" not in server.health()[1])
        self.fail_with(
            program.SERVICE,
            "serve has no credentials for each role: demo: ServiceRefused (the service refuses)",
            *self.check(server),
        )

    def test_without_a_server(self):
        port = str(dead_port(self))
        self.fail_with(
            program.NETWORK,
            f"asking serve for its health: connecting to 127.0.0.1:{port}: connection refused",
            *("serve", "--check", "--status-port", port),
            hint="check that serve runs",
        )

    def test_of_another_server(self):
        self.fail_with(
            program.SERVICE,
            "answers with status 40",
            *("serve", "--check", "--status-port", str(self.serve().port)),
            hint="status address",
        )

    def test_without_a_port(self):
        for flags in ((), ("--status-port", "0")):
            self.fail_with(
                program.USAGE,
                "serve has no status port that can be asked",
                *("serve", "--check", *flags, *self.arguments()[1:]),
                hint="status-listen in [serve]",
            )


class Ends(StatusTest):
    """An operator learns of a certificate's end before it comes."""

    def serve_until(self, days, *flags, validity=60, env=None):
        """Serves with a certificate that has so many days left, of a validity of 60."""
        key = pki.make_key()
        changes = {"not_before": (days - validity) * pki.DAY, "not_after": days * pki.DAY}
        self.leaf = self.root.issue(key.public_key(), **changes)
        identity = self.write_identity(key, self.leaf)
        more = ("--status-port", "0", "--token-file", "token", "--port", "0")
        return Server(self, *identity, *more, *self.arguments()[1:], *flags, env=env)

    def test_metrics_have_the_ends_of_certificate_and_credentials(self):
        server = self.serve_until(40)
        wait_until(lambda: server.health() == (200, "ok\n"))
        metrics = server.metrics()
        end = self.leaf.not_valid_after.replace(tzinfo=datetime.timezone.utc).timestamp()
        self.assertEqual(
            metrics.get("certificate_not_after_timestamp_seconds", role="demo"), end
        )
        self.assertEqual(server.end(signal.SIGTERM).stderr, "")

    def test_a_warning_comes_once(self):
        server = self.serve_until(6.5)
        wait_until(lambda: server.health() == (200, "ok\n"))
        earlier = len(self.service.requests())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.service.requests()) > earlier)
        wait_until(lambda: server.health() == (200, "ok\n"))
        self.assertRegex(
            server.end(signal.SIGTERM).stderr,
            r"\Acredmint: warning: certificate CN=web expires in 6 days, at 20\S+: renew it with its "
            r"CA\n\Z",
        )

    def test_the_manager_hears_of_it(self):
        manager = Manager(self, self.folder)
        server = self.serve_until(12.5, env=manager.env)
        until = r"demo: until \d\d:\d\d UTC, certificate 12 days"
        manager.wait_for_status(lambda status: re.fullmatch(until, status))
        server.end(signal.SIGTERM)


class Clock(StatusTest):
    def test_a_wrong_clock_is_reported_once(self):
        self.start_own_service(clock_offset=-1200)
        server = self.serve()
        wait_until(lambda: server.health() == (200, "ok\n"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.service.requests()) == 4)
        wait_until(lambda: server.health() == (200, "ok\n"))
        self.assertRegex(
            server.end(signal.SIGTERM).stderr,
            r"\Acredmint: warning: this machine's clock is (20|19) minutes ahead of the service's, and "
            r"is corrected for requests: set it\n\Z",
        )


class Causes(StatusTest):
    def test_two_roles_with_a_refused_secret_say_it_once(self):
        key = pki.make_key()
        self.write("web.key", pki.encrypted_pkcs8_pem(key, "right"))
        self.write("web.pem", pki.pem(self.root.issue(key.public_key())))
        self.write("phrase", "wrong")
        _, anchor, _, profile, _, role = emulator.SESSION_FLAGS
        self.write(
            "c.toml",
            '[identity.web]\ncertificate = "web.pem"\nprivate-key = "web.key"\n'
            f'passin = "file:phrase"\n[defaults]\nendpoint = "{self.service.url}"\n'
            f'trust-anchor-arn = "{anchor}"\nprofile-arn = "{profile}"\nrole-arn = "{role}"\n'
            "[role.a]\n[role.b]\n",
            0o644,
        )
        manager = Manager(self, self.folder)
        flags = ("--config", "c.toml", "--status-port", "0", "--token-file", "token", "--port", "0")
        server = Server(self, *flags, env=manager.env)
        waits = "PIN refused, waits for SIGHUP"
        manager.wait_for_status(lambda status: status in (f"a, b: {waits}", f"b, a: {waits}"))
        reasons = "".join(f"{name}: KeyUnusable ({waits})\n" for name in "ab")
        self.assertEqual(server.health(), (503, reasons))
        said = server.end(signal.SIGTERM).stderr
        self.assertEqual(said.count("passphrase"), 1, said)
        self.assertRegex(said, "role [ab]: the same as role [ab]\n")


if __name__ == "__main__":
    unittest.main()
