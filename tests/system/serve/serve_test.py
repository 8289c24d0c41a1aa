#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint serve: responses to clients, refusals, and behaviour while the service fails."""

import concurrent.futures
import datetime
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import time
import unittest

from support import pki, program
from support.cases import each, expand
from support.manager import Manager
from support.ports import dead_port
from support.processes import die_with_parent
from support.requirements import need
from support.serve import Server, wait_until
from support.system_test import MintTest

AWS = "/usr/bin/aws"
PYTHON = "/usr/bin/python3"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"

BOTOCORE_SCRIPT = """
import json, botocore.session
credentials = botocore.session.Session().get_credentials()
frozen = credentials.get_frozen_credentials()
print(json.dumps({"method": credentials.method, **frozen._asdict()}))
"""


class ServeTest(MintTest):
    def setUp(self):
        program.need_server()
        super().setUp()
        self.identity = self.write_identity(self.key, self.leaf)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    def flags(self, *flags):
        return (*self.identity, "--token-file", "token", *self.arguments()[1:], *flags)

    def serve(self, *flags, **more):
        return Server(self, *self.flags("--port", "0", *flags), **more)

    def serve_fails(self, status, message, *flags, hint=None, **more):
        self.fail_with(status, message, "serve", *flags, hint=hint, **more)

    def end_well(self, server, number=signal.SIGTERM):
        """Ends the server, which must succeed and have logged nothing."""
        run = server.end(number)
        self.assertEqual((run.status, run.stderr), (0, ""), str(run))


class Interfaces(ServeTest):
    def test_both_give_the_same_credentials(self):
        server = self.serve()
        earlier = len(self.service.requests())
        metadata = json.loads(server.metadata("/meta-data/iam/security-credentials/demo").body)
        container = json.loads(server.container().body)
        self.assertEqual(metadata["Code"], "Success")
        for name in ("AccessKeyId", "SecretAccessKey", "Token", "Expiration"):
            self.assertEqual(metadata[name], container[name])
        self.assertEqual(container["AccountId"], "111122223333")
        self.assertEqual(container["AccessKeyId"], self.last_request()["access_key_id"])
        self.assertLessEqual(len(self.service.requests()) - earlier, 1)
        expiration = datetime.datetime.strptime(container["Expiration"], "%Y-%m-%dT%H:%M:%SZ")
        left = expiration.replace(tzinfo=datetime.timezone.utc) - pki.now()
        self.assertAlmostEqual(left.total_seconds(), 3600, delta=20)
        self.end_well(server)

    def test_what_the_metadata_service_tells(self):
        server = self.serve()
        self.assertEqual(server.metadata("/meta-data/iam/security-credentials/").body, b"demo")
        self.assertEqual(server.metadata("/meta-data/placement/region").body, b"us-east-1")
        answer = server.request("PUT", "//latest/api/token", {TTL: "300"})
        self.assertEqual((answer.status, answer.headers[TTL.lower()]), (200, "300"))

    def test_a_token_without_a_lifetime_has_the_longest(self):
        answer = self.serve().request("PUT", "/latest/api/token", {})
        self.assertEqual((answer.status, answer.headers[TTL.lower()]), (200, "21600"))

    def test_who_gets_nothing(self):
        server = self.serve()
        token = pathlib.Path(self.folder / "token").read_text()
        put = ("PUT", "/latest/api/token")
        for status, method, path, headers in (
            (400, *put, {TTL: "300", "Host": "evil.example"}),
            (400, *put, {TTL: "300", "Origin": "http://localhost"}),
            (400, *put, {TTL: "300", "X-Forwarded-For": "127.0.0.1"}),
            (400, *put, {TTL: "21601"}),
            (401, "GET", "/latest/meta-data/iam/security-credentials/demo", {}),
            (401, "GET", "/role/demo", {}),
            (401, "GET", "/role/demo", {"Authorization": token[:-1]}),
            (400, "GET", "/role/demo", {"Authorization": token, "Host": "evil.example"}),
            (404, "GET", "/role/other", {"Authorization": token}),
            (405, "POST", "/role/demo", {"Authorization": token}),
        ):
            answer = server.request(method, path, headers)
            self.assertEqual(answer.status, status, (method, path, headers))
            self.assertEqual(set(json.loads(answer.body)), {"Code", "Message"})

    def test_on_ipv6(self):
        server = self.serve("--listen", "[::1]")
        self.assertEqual(server.container().status, 200)
        self.assertTrue(
            server.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"].startswith("http://[::1]:")
        )

    def test_beyond_loopback_only_with_the_token(self):
        server = self.serve("--listen", "0.0.0.0")
        self.assertNotIn("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.variables)
        self.assertEqual(server.request("PUT", "/latest/api/token", {TTL: "300"}).status, 403)
        self.assertEqual(server.request("GET", "/role/demo").status, 401)
        self.assertEqual(server.container().status, 200)


@expand
class TokenFile(ServeTest):
    def test_is_for_the_owner_alone_and_has_no_newline(self):
        self.serve()
        path = self.folder / "token"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertRegex(path.read_bytes(), rb"\A[0-9a-f]{64}\Z")

    def test_keeps_its_value_over_a_restart(self):
        self.start_own_service()
        path = self.folder / "token"
        self.end_well(self.serve())
        token, status = path.read_bytes(), path.stat()
        server = self.serve()
        answer = server.request("GET", "/role/demo", {"Authorization": token.decode()})
        self.assertEqual(answer.status, 200)
        self.assertEqual((path.read_bytes(), path.stat().st_ino), (token, status.st_ino))
        earlier = len(self.service.requests())
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.service.requests()) > earlier)
        self.assertEqual(path.read_bytes(), token)
        path.unlink()
        self.end_well(server)
        self.serve()
        self.assertNotEqual(path.read_bytes(), token)

    @each(short="ab" * 31, long="ab" * 32 + "c", upper="AB" * 32, newline="ab" * 32 + "\n", empty="")
    def test_another_text_in_it_is_replaced(self, text):
        self.write("token", text, mode=0o600)
        self.assertEqual(self.serve().container().status, 200)
        self.assertRegex((self.folder / "token").read_bytes(), rb"\A[0-9a-f]{64}\Z")
        self.assertNotEqual((self.folder / "token").read_text(), text)

    def test_a_loose_one_is_left_alone(self):
        self.write("token", "old", mode=0o644)
        self.serve_fails(
            program.LOCAL_IO,
            "token: it exists and is open to others",
            *self.flags("--port", "0"),
            hint="chmod 600",
        )
        self.assertEqual((self.folder / "token").read_text(), "old")

    def test_is_in_the_runtime_folder_by_default(self):
        flags = (*self.identity, *self.arguments()[1:], "--port", "0")
        server = Server(self, *flags, env={"XDG_RUNTIME_DIR": str(self.folder)})
        self.assertEqual(
            server.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
            str(self.folder / f"credmint-token-{server.port}"),
        )
        self.assertEqual(server.container().status, 200)

    def test_without_a_place_for_it_there_is_the_metadata_service_alone(self):
        flags = (*self.identity, *self.arguments()[1:], "--port", "0")
        server = Server(self, *flags)
        self.assertEqual(list(server.variables), ["AWS_EC2_METADATA_SERVICE_ENDPOINT"])
        self.assertIn("# no container credentials: name a file", server.printed)
        self.assertEqual(server.request("GET", "/role/demo", {"Authorization": ""}).status, 401)
        self.serve_fails(program.USAGE, "needs a token", *flags, "--listen", "0.0.0.0")


@expand
class CommandLine(ServeTest):
    def test_a_port_in_use(self):
        port = str(dead_port(self))
        self.serve_fails(
            program.LOCAL_IO, "already in use", *self.flags("--port", port), hint="--port"
        )
        self.assertFalse((self.folder / "token").exists())

    @each("--hop-limit 0", "--hop-limit 256", "--hop-limit x", "--port 65536", "--port -1")
    def test_a_bad(self, flag):
        self.serve_fails(program.USAGE, flag.split()[0], *self.flags(*flag.split()))

    def test_a_name_is_no_address(self):
        flags = self.flags("--listen", "localhost")
        self.serve_fails(program.USAGE, "'localhost' is not an IP address", *flags)

    def test_the_socket_of_a_service_manager(self):
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def hand_over():
            die_with_parent()
            os.dup2(listener.fileno(), 3)

        script = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
        process = subprocess.Popen(
            ["/bin/sh", "-c", script, "sh", program.path(), "serve", *map(str, self.flags())],
            cwd=self.folder,
            env=program.environment(self.folder),
            stdout=subprocess.PIPE,
            close_fds=False,
            preexec_fn=hand_over,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        printed = process.stdout.readline().decode()
        self.assertIn(f"http://127.0.0.1:{listener.getsockname()[1]}/role/demo", printed)


class Readiness(ServeTest):
    """Service managers start programs that need credentials once serve reports that it is ready."""

    def test_is_told_when_there_are_credentials(self):
        self.start_own_service(fail=["slow:2"])
        manager = Manager(self, self.folder)
        server = self.serve("--status-port", "0", env=manager.env)
        self.assertEqual(server.health(), (503, "demo: Pending\n"))
        self.assertEqual(manager.next(), "READY=1")
        self.assertEqual(server.health(), (200, "ok\n"))
        self.end_well(server)
        self.assertEqual(manager.next(), "STOPPING=1")

    def test_is_told_when_there_can_be_none(self):
        self.start_own_service(fail=["500x100"])
        manager = Manager(self, self.folder)
        server = self.serve("--status-port", "0", env=manager.env)
        self.assertEqual(manager.next(), "READY=1")
        self.assertEqual(server.health(), (503, "demo: ServiceBusy (the service is busy)\n"))

    def test_is_not_told_by_a_server_that_ends_before(self):
        self.start_own_service(fail=["slow:4"])
        manager = Manager(self, self.folder)
        server = self.serve(env=manager.env)
        self.end_well(server)
        self.assertEqual(manager.next(), "STOPPING=1")

    @unittest.skipUnless(os.environ.get("CREDMINT_LONG_START"), "CREDMINT_LONG_START is not set")
    def test_is_told_after_30_seconds_at_the_latest(self):
        self.start_own_service(fail=["stall:45"])
        manager = Manager(self, self.folder)
        manager.settimeout(40)
        begin = time.monotonic()
        self.serve("--timeout", "50", env=manager.env)
        self.assertEqual(manager.next(), "READY=1")
        self.assertAlmostEqual(time.monotonic() - begin, 30, delta=3)


@expand
class Signals(ServeTest):
    @each(sigterm=signal.SIGTERM, sigint=signal.SIGINT)
    def test_end_it_with_success_by(self, number):
        self.end_well(self.serve(), number)

    def test_sighup_mints_anew(self):
        server = self.serve()
        before = json.loads(server.container().body)["AccessKeyId"]
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: json.loads(server.container().body)["AccessKeyId"] != before)
        self.end_well(server)

    def test_sighup_takes_another_passphrase(self):
        """A refused passphrase is not tried again before SIGHUP."""
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, "right-27182"))
        self.write("pin", self.secret("wrong-31415"))
        server = self.serve("--passin", "file:pin")
        answer = server.container()
        self.assertEqual(
            (answer.status, json.loads(answer.body)["Code"]), (503, "KeyUnusable"), answer
        )
        self.write("pin", self.secret("right-27182"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.container().status == 200)
        run = server.end(signal.SIGTERM)
        said = [line for line in run.stderr.splitlines() if not line.startswith("hint: ")]
        self.assertEqual((run.status, len(said)), (0, 2), str(run))
        self.assertEqual(said[1], "credmint: there are new credentials")
        self.assertNotRegex(run.stderr, "31415|27182")


class BadTimes(ServeTest):
    def test_200_requests_at_the_start_cause_one_call(self):
        self.start_own_service(fail=["slow:1"])
        server = self.serve()
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            answers = list(pool.map(lambda _: server.container(), range(200)))
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(len(self.service.requests()), 1)
        self.end_well(server)

    def test_a_request_at_the_start_waits_as_long_as_its_client(self):
        """The most patient known clients wait for three and a half seconds."""
        self.start_own_service(fail=["slow:4"])
        server = self.serve()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            container = pool.submit(server.container)
            metadata = pool.submit(server.metadata, "/meta-data/iam/security-credentials/demo")
            self.assertEqual((container.result().status, metadata.result().status), (200, 200))
        self.end_well(server)

    def test_old_credentials_until_they_expire_and_then_an_error(self):
        self.start_own_service(fail=["slow:0", "500x100"], lifetime=6)
        server = self.serve()
        first = json.loads(server.container().body)["AccessKeyId"]
        expiry = time.monotonic() + 5
        while time.monotonic() < expiry - 0.5:
            begin = time.monotonic()
            answer = server.container()
            self.assertLess(time.monotonic() - begin, 0.5)
            self.assertEqual(json.loads(answer.body).get("AccessKeyId"), first)
            time.sleep(0.05)
        self.assertGreater(len(self.service.requests()), 1)
        wait_until(lambda: server.container().status == 503)
        self.assertEqual(json.loads(server.container().body)["Code"], "ServiceBusy")
        metadata = server.metadata("/meta-data/iam/security-credentials/demo")
        self.assertEqual((metadata.status, b"AccessKeyId" in metadata.body), (503, False))
        self.assertLess(len(self.service.requests()), 12)

    def test_recovers(self):
        self.start_own_service(fail=["503x2"])
        server = self.serve()
        self.assertEqual(server.container().status, 503)
        wait_until(lambda: server.container().status == 200)

    def test_a_megabyte_of_headers_and_bytes_that_drip(self):
        server = self.serve()
        with socket.create_connection((server.host, server.port)) as loud:
            loud.sendall(b"GET / HTTP/1.1\r\nX: ")
            try:
                loud.sendall(b"x" * (1 << 20))
                self.assertIn(b" 431 ", loud.recv(4096))
            except ConnectionError:
                pass  # refused before everything was sent
        slow = [socket.create_connection((server.host, server.port)) for _ in range(100)]
        for each_slow in slow:
            self.addCleanup(each_slow.close)
            each_slow.sendall(b"GET /role/demo HTTP/1.1\r\nX-Slow: ")
        self.assertEqual(server.container().status, 200)
        slow[0].settimeout(program.TIME_LIMIT_SECONDS)
        begin = time.monotonic()
        while time.monotonic() - begin < program.TIME_LIMIT_SECONDS:
            time.sleep(0.1)
            try:
                slow[0].sendall(b"x")
            except ConnectionError:
                break
        self.assertLess(time.monotonic() - begin, program.TIME_LIMIT_SECONDS)
        self.end_well(server)


class Clients(ServeTest):
    """AWS's programs, configured only by the variables that serve prints."""

    def setUp(self):
        super().setUp()
        self.server = self.serve()

    def run_client(self, *command, variables):
        printed = {name: self.server.variables[name] for name in variables}
        if variables == self.CONTAINER:  # for SDKs that do not support the token file
            printed["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = (self.folder / "token").read_text()
        files = {
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
        }
        result = subprocess.run(
            command,
            cwd="/",
            env={**program.environment(self.folder), **files, **printed},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    CONTAINER = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    METADATA = ("AWS_EC2_METADATA_SERVICE_ENDPOINT",)

    def botocore(self, variables, method):
        need("/usr/lib/python3/dist-packages/botocore", "python3-botocore")
        credentials = self.run_client(PYTHON, "-c", BOTOCORE_SCRIPT, variables=variables)
        self.assertEqual(credentials["method"], method)
        self.assertEqual(credentials["access_key"], self.last_request()["access_key_id"])
        self.assertTrue(credentials["secret_key"] and credentials["token"])

    def aws_cli(self, variables):
        need(AWS, "awscli")
        command = (AWS, "configure", "export-credentials")
        credentials = self.run_client(*command, variables=variables)
        self.assertEqual(credentials["AccessKeyId"], self.last_request()["access_key_id"])
        self.assertTrue(credentials["SecretAccessKey"] and credentials["SessionToken"])

    def test_botocore_as_in_a_container(self):
        self.botocore(self.CONTAINER, "container-role")

    def test_botocore_as_on_an_instance(self):
        self.botocore(self.METADATA, "iam-role")

    def test_aws_cli_as_in_a_container(self):
        self.aws_cli(self.CONTAINER)

    def test_aws_cli_as_on_an_instance(self):
        self.aws_cli(self.METADATA)


if __name__ == "__main__":
    unittest.main()
