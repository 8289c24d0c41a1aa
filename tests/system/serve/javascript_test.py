#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The AWS SDK for JavaScript gets credentials from credmint in each way that it supports.

A recording service shows which credentials it used; the client reports its HTTP requests.
"""

import json
import shlex
import signal
import unittest

from support import pki, program
from support.cases import each, expand
from support.javascript import Client, sdk
from support.serve import Server, wait_until
from support.sts import RecordingServer
from support.system_test import MintTest

CALL = "POST /"
TOKEN = "PUT /latest/api/token"
ROLES = "GET /latest/meta-data/iam/security-credentials/"
ROLE = ROLES + "demo"
CONTAINER = "GET /role/demo"

# The SDK requests new credentials for each call if the old ones expire within five minutes.
NEARLY_EXPIRED_SECONDS = 290


class JavaScriptTest(MintTest):
    @classmethod
    def setUpClass(cls):
        sdk()
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    def setUp(self):
        super().setUp()
        self.identity = self.write_identity(self.key, self.leaf)
        self.sts = RecordingServer()
        self.addCleanup(self.sts.stop)
        self.earlier = len(self.service.requests())
        self.client_env = {"AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, *provider):
        return Client(self, self.sts.url, *provider, env=self.client_env)

    def issued(self):
        """The access key IDs that the service has issued in this test."""
        return [record["access_key_id"] for record in self.service.requests()[self.earlier :]]

    def call(self, client):
        """Makes a call, which must succeed; returns its access key ID and the requests for it."""
        earlier = len(self.sts.access_key_ids)
        answer = client.call()
        self.assertEqual(answer.get("account"), "111122223333", answer)
        (used,) = self.sts.access_key_ids[earlier:]
        self.assertEqual(answer["requests"].pop(), CALL)
        return used, answer["requests"]

    def call_fails(self, client):
        """Makes a call, which must fail before it reaches STS; returns (error, requests)."""
        earlier = len(self.sts.access_key_ids)
        answer = client.call()
        self.assertIn("error", answer)
        self.assertEqual(self.sts.access_key_ids[earlier:], [])
        return answer["error"], answer["requests"]

    def end(self, client):
        """Ends the client. The SDK would warn on stderr if it had extended credentials' lifetime."""
        self.assertEqual(client.end(), "")


@expand
class Process(JavaScriptTest):
    """credential-process in a profile of the config file."""

    def setUp(self):
        super().setUp()
        self.write_profile()

    def write_profile(self):
        """Writes a profile, whose command the SDK runs in a shell."""
        self.identity = (
            "--certificate",
            self.folder / "web.pem",
            "--private-key",
            self.write("the web's key", pki.pkcs8_pem(self.key)),
        )
        command = shlex.join(map(str, (program.path(), *self.arguments(*self.identity))))
        (self.folder / ".aws").mkdir(exist_ok=True)
        self.write(".aws/config", f"[profile web]\ncredential_process = {command}\n")

    @each("fromProcess", "fromIni")
    def test_once_for_many_calls(self, provider):
        client = self.client(provider, json.dumps({"profile": "web"}))
        used = [self.call(client) for _ in range(3)]
        self.assertEqual(used, [(self.issued()[0], [])] * 3)
        self.assertEqual(len(self.issued()), 1)
        self.end(client)

    def test_as_the_sdk_finds_it_by_itself(self):
        self.client_env["AWS_PROFILE"] = "web"
        client = self.client()
        self.assertEqual(self.call(client), (self.issued()[0], []))
        self.end(client)

    def test_again_when_they_nearly_expire(self):
        self.start_own_service(lifetime=NEARLY_EXPIRED_SECONDS)
        self.earlier = 0
        self.write_profile()
        client = self.client("fromProcess", json.dumps({"profile": "web"}))
        for _ in range(2):
            earlier = len(self.issued())
            used, _ = self.call(client)
            self.assertIn(used, self.issued()[earlier:])
        self.end(client)

    def test_what_went_wrong_reaches_the_program(self):
        (self.folder / "web.pem").unlink()
        client = self.client("fromProcess", json.dumps({"profile": "web"}))
        error, sent = self.call_fails(client)
        self.assertIn("credmint: ", error)
        self.assertIn("web.pem", error)
        self.assertEqual(sent, [])
        self.end(client)


class File(JavaScriptTest):
    """A profile of the credentials file that update writes."""

    def update(self, profile):
        (self.folder / ".aws").mkdir(mode=0o700)
        self.write(".aws/credentials", "[default]\r\naws_access_key_id = x\r\ns3 =\r\n  a = b")
        flags = self.arguments(*self.identity)[1:]
        self.succeed("update", "--once", "--profile", profile, *flags)
        return self.client("fromIni", json.dumps({"profile": profile}))

    def test_is_read(self):
        client = self.update("web-server")
        self.assertEqual(self.call(client), (self.issued()[0], []))
        self.end(client)

    def test_is_not_found_by_a_name_of_two_words(self):
        """docs/guide/update.md says so. botocore finds the profile: see update_test.py."""
        error, _ = self.call_fails(self.update("web server"))
        self.assertIn("Could not resolve credentials using profile: [web server]", error)


class ServeTest(JavaScriptTest):
    def serve(self, *variables):
        """Starts `serve`; clients get these of the variables that it prints."""
        flags = (*self.identity, "--token-file", "token", *self.arguments()[1:])
        self.server = Server(self, *flags, "--port", "0")
        self.client_env = {name: self.server.variables[name] for name in variables}

    def use_token(self):
        """Passes the token itself to a client that does not support the token file's variable."""
        del self.client_env["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
        token = (self.folder / "token").read_text()
        self.client_env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = token

    def container(self, name):
        return json.loads(self.server.container().body)[name]

    def replace_credentials(self):
        before = self.container("AccessKeyId")
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.container("AccessKeyId") != before)

    def check_that_new_ones_are_taken(self, provider, requests):
        """Checks that two calls use different credentials, each after one or more of `requests`."""
        self.start_own_service(lifetime=NEARLY_EXPIRED_SECONDS)
        self.earlier = 0
        self.serve(*self.VARIABLES)
        if provider == "fromContainerMetadata":
            self.use_token()
        client = self.client(provider)
        first, sent_first = self.call(client)
        self.replace_credentials()
        second, sent_second = self.call(client)
        self.assertEqual([first, second], self.issued())
        for sent in sent_first, sent_second:
            self.assertEqual(sent, requests * (len(sent) // len(requests) or 1))
        self.end(client)

    def without_credentials(self, *variables):
        self.start_own_service(fail=["503x1000"])
        self.serve(*variables)
        wait_until(lambda: self.server.container().status == 503)


@expand
class Metadata(ServeTest):
    VARIABLES = ("AWS_EC2_METADATA_SERVICE_ENDPOINT",)

    @each(as_found=(), named=("fromInstanceMetadata", '{"ec2MetadataV1Disabled": true}'))
    def test_with_a_token_and_once_for_many_calls(self, provider):
        self.serve(*self.VARIABLES)
        client = self.client(*provider)
        used = [self.call(client) for _ in range(3)]
        key = self.issued()[0]
        self.assertEqual(used, [(key, [TOKEN, ROLES, ROLE]), (key, []), (key, [])])
        self.end(client)

    def test_again_when_they_nearly_expire(self):
        self.check_that_new_ones_are_taken("fromInstanceMetadata", [TOKEN, ROLES, ROLE])

    def test_without_credentials_it_fails(self):
        self.without_credentials(*self.VARIABLES)
        client = self.client("fromInstanceMetadata")
        error, sent = self.call_fails(client)
        self.assertIn("metadata service", error)
        self.assertEqual(sent, [TOKEN, ROLES, ROLE])


@expand
class Containers(ServeTest):
    VARIABLES = (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    )

    @each(as_found=(), named=("fromHttp",))
    def test_once_for_many_calls(self, provider):
        self.serve(*self.VARIABLES)
        client = self.client(*provider)
        used = [self.call(client) for _ in range(3)]
        key = self.issued()[0]
        self.assertEqual(used, [(key, [CONTAINER]), (key, []), (key, [])])
        self.end(client)

    @each("fromHttp", "fromContainerMetadata")
    def test_with_the_token_in_a_variable(self, provider):
        self.serve(*self.VARIABLES)
        self.use_token()
        client = self.client(provider)
        self.assertEqual(self.call(client), (self.issued()[0], [CONTAINER]))
        self.end(client)

    @each("fromHttp", "fromContainerMetadata")
    def test_again_when_they_nearly_expire(self, provider):
        self.check_that_new_ones_are_taken(provider, [CONTAINER])

    def test_what_is_wrong_with_the_token_reaches_the_program(self):
        self.serve(*self.VARIABLES)
        self.use_token()
        self.client_env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "x"
        error, _ = self.call_fails(self.client("fromHttp"))
        answer = self.server.request("GET", "/role/demo", {"Authorization": "x"})
        self.assertEqual(answer.status, 401)
        self.assertIn(json.loads(answer.body)["Message"], error)

    def test_without_credentials_it_fails_after_four_tries(self):
        self.without_credentials(*self.VARIABLES)
        error, sent = self.call_fails(self.client("fromHttp"))
        self.assertIn("503", error)
        self.assertEqual(sent, [CONTAINER] * 4)


if __name__ == "__main__":
    unittest.main()
