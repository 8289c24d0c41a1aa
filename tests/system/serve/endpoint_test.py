#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reaching the service: endpoints, TLS, proxies, regions."""

import unittest

from support import emulator, pki, program
from support.cases import each, expand
from support.ports import answering_port, dead_port, silent_port
from support.proxy import Proxy
from support.system_test import MintTest, make_folder

ROLESANYWHERE = "AWS_ENDPOINT_URL_ROLESANYWHERE"
NOWHERE = "http://localhost:1"


class EndpointTest(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def flags_without_endpoint(self, *flags):
        return ("credential-process", *self.identity, *emulator.SESSION_FLAGS, *flags)


class TlsTest(EndpointTest):
    """A service with TLS, whose certificate is from a CA that the system does not trust."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service = cls.start_service(tls_folder=make_folder(cls))

    def trusting(self):
        return ("--ca-bundle", self.service.ca_bundle)


@expand
class Endpoint(EndpointTest):
    def test_http(self):
        self.mint(*self.identity, "--endpoint", self.service.url)

    def test_a_slash_at_the_end(self):
        self.mint(*self.identity, "--endpoint", self.service.url + "/")

    @each("127.0.0.1", "localhost", "LOCALHOST")
    def test_host(self, host):
        self.mint(*self.identity, "--endpoint", f"http://{host}:{self.service.port}")

    def test_host_by_ipv6(self):
        try:
            service = self.start_own_service(bind="::1")
        except OSError as error:
            self.skipTest(f"this machine has no IPv6: {error}")
        self.mint(*self.identity, "--endpoint", f"http://[::1]:{service.port}")

    def test_a_base_path(self):
        service = self.start_own_service(base_path="/gateway/v1")
        self.mint(*self.identity, "--endpoint", service.url)
        self.assertEqual(self.last_request()["target"], "/gateway/v1/sessions")

    def test_a_base_path_with_a_character_that_is_encoded_again_when_signed(self):
        service = self.start_own_service(base_path="/a%20b")
        self.mint(*self.identity, "--endpoint", service.url)
        self.assertEqual(self.last_request()["target"], "/a%20b/sessions")

    @each(
        empty_host="http:///sessions",
        no_host="user:x",
        ftp="ftp://localhost",
        blank="http://local host",
        port="http://localhost:99999",
        letters_as_port="http://localhost:http",
        query="http://localhost/?x=1",
        fragment="http://localhost/#x",
    )
    def test_malformed(self, url):
        self.mint_fails_locally(program.USAGE, "--endpoint", *self.identity, "--endpoint", url)

    def test_a_password_in_it_is_refused_and_not_shown(self):
        url = f"http://user:{self.secret('hunter2')}@localhost"
        self.mint_fails_locally(program.USAGE, "--endpoint", *self.identity, "--endpoint", url)

    @each("--use-fips-endpoint", "--use-dualstack-endpoint")
    def test_cannot_be_combined_with(self, flag):
        self.mint_fails_locally(program.USAGE, "endpoint", *self.identity, flag)


@expand
class EndpointOfTheEnvironment(EndpointTest):
    def mint_with(self, env, *flags):
        self.succeed(*self.flags_without_endpoint(*flags), env=env)
        self.assertEqual(self.last_request()["reason"], "accepted")

    @each("AWS_ENDPOINT_URL_ROLESANYWHERE", "AWS_ENDPOINT_URL")
    def test_named_by(self, variable):
        self.mint_with({variable: self.service.url})

    def test_that_of_the_service_wins_over_that_of_all_services(self):
        self.mint_with({ROLESANYWHERE: self.service.url, "AWS_ENDPOINT_URL": NOWHERE})

    def test_the_flag_wins(self):
        self.mint_with({ROLESANYWHERE: NOWHERE}, "--endpoint", self.service.url)

    def test_an_empty_variable_is_none(self):
        self.mint_with({ROLESANYWHERE: "", "AWS_ENDPOINT_URL": self.service.url})

    def test_ignored_on_demand(self):
        proxy = Proxy()
        self.addCleanup(proxy.stop)
        env = {
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            ROLESANYWHERE: self.service.url,
            "HTTPS_PROXY": proxy.url,
        }
        flags = self.flags_without_endpoint("--timeout", "2")
        self.fail_with(program.NETWORK, "rolesanywhere.us-east-1.amazonaws.com", *flags, env=env)

    def test_a_malformed_one_is_named(self):
        self.fail_with(
            program.USAGE,
            ROLESANYWHERE,
            *self.flags_without_endpoint(),
            env={ROLESANYWHERE: "localhost"},
        )


class EndpointOfTheRegion(EndpointTest):
    """A proxy connects to the emulator instead of AWS and records the requested host."""

    def host_for(self, region, *flags, partition="aws"):
        """Mints in a region without --endpoint; returns the requested host."""
        move = {"arn:aws:": f"arn:{partition}:", "us-east-1": region}
        anchor, profile, role = (
            replace_all(arn, move)
            for arn in (emulator.TRUST_ANCHOR_ARN, emulator.PROFILE_ARN, emulator.ROLE_ARN)
        )
        service = self.start_own_service(
            tls_folder=self.folder / "tls", trust_anchor_arn=anchor, profile_arn=profile
        )
        proxy = Proxy(service.port)
        self.addCleanup(proxy.stop)
        self.succeed(
            *("credential-process", *self.identity, "--no-verify-ssl", *flags),
            *("--trust-anchor-arn", anchor, "--profile-arn", profile, "--role-arn", role),
            env={"HTTPS_PROXY": proxy.url},
        )
        self.assertEqual(self.last_request()["region"], region)
        (target,) = proxy.targets
        self.assertEqual(target, self.last_request()["headers"]["host"] + ":443")
        return target.removesuffix(":443")

    def test_us_east_1(self):
        self.assertEqual(self.host_for("us-east-1"), "rolesanywhere.us-east-1.amazonaws.com")

    def test_eu_central_2(self):
        self.assertEqual(self.host_for("eu-central-2"), "rolesanywhere.eu-central-2.amazonaws.com")

    def test_us_gov_west_1(self):
        self.assertEqual(
            self.host_for("us-gov-west-1", partition="aws-us-gov"),
            "rolesanywhere.us-gov-west-1.amazonaws.com",
        )

    def test_cn_north_1(self):
        self.assertEqual(
            self.host_for("cn-north-1", partition="aws-cn"),
            "rolesanywhere.cn-north-1.amazonaws.com.cn",
        )

    def test_fips(self):
        self.assertEqual(
            self.host_for("us-east-2", "--use-fips-endpoint"),
            "rolesanywhere-fips.us-east-2.amazonaws.com",
        )

    def test_dualstack(self):
        self.assertEqual(
            self.host_for("eu-west-1", "--use-dualstack-endpoint"),
            "rolesanywhere.eu-west-1.api.aws",
        )


def replace_all(text, replacements):
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


class Region(EndpointTest):
    def test_that_of_the_trust_anchor_may_be_repeated(self):
        self.mint(*self.identity, "--region", "us-east-1")

    def test_another_is_refused(self):
        result = self.mint_fails_locally(
            program.USAGE, "region", *self.identity, "--region", "eu-west-1"
        )
        self.assertIn("us-east-1", result.stderr)
        self.assertIn("eu-west-1", result.stderr)


class Tls(TlsTest):
    def test_with_the_ca_of_the_service(self):
        self.mint(*self.identity, *self.trusting())

    def test_with_a_base_path(self):
        service = self.start_own_service(tls_folder=make_folder(self), base_path="/x")
        self.mint(*self.identity, "--ca-bundle", service.ca_bundle)

    def test_without_the_ca(self):
        self.mint_fails_locally(program.NETWORK, "certificate", *self.identity, hint="--ca-bundle")

    def test_with_another_ca(self):
        self.write("other.pem", pki.pem(self.root.certificate))
        self.mint_fails_locally(
            program.NETWORK,
            "certificate",
            *(*self.identity, "--ca-bundle", "other.pem"),
            hint="--ca-bundle",
        )

    def test_with_the_ca_of_the_environment(self):
        self.mint(*self.identity, env={"SSL_CERT_FILE": self.service.ca_bundle})

    def test_for_a_host_that_the_certificate_does_not_name(self):
        proxy = Proxy(self.service.port)
        self.addCleanup(proxy.stop)
        self.mint_fails_locally(
            program.NETWORK,
            "rolesanywhere.example.test",
            *(*self.identity, "--endpoint", "https://rolesanywhere.example.test"),
            *self.trusting(),
            hint="endpoint",
            env={"HTTPS_PROXY": proxy.url},
        )

    def test_unverified_in_silence(self):
        self.mint(*self.identity, "--no-verify-ssl")

    def test_unverified_with_a_warning_under_debug(self):
        result = self.run_program(*self.arguments(*self.identity, "--no-verify-ssl", "--debug"))
        self.assertEqual(result.status, program.SUCCESS)
        self.assertRegex(result.stderr, r"(?i)warn[^\n]*--no-verify-ssl")

    def test_https_to_a_port_that_speaks_http(self):
        port = answering_port(self, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        endpoint = ("--endpoint", f"https://localhost:{port}")
        self.mint_fails(program.NETWORK, "connecting to", *self.identity, *endpoint, hint="TLS")

    def test_http_to_a_port_that_speaks_https(self):
        endpoint = ("--endpoint", self.service.url.replace("https:", "http:"))
        self.mint_fails(program.NETWORK, "waiting for the answer", *self.identity, *endpoint)


class CaBundle(TlsTest):
    def refuse(self, name, status, message):
        self.mint_fails_locally(status, message, *self.identity, "--ca-bundle", name)

    def test_that_is_not_there(self):
        self.refuse("absent.pem", program.LOCAL_IO, "absent.pem")

    def test_that_is_empty(self):
        self.write("empty.pem", "")
        self.refuse("empty.pem", program.LOCAL_IO, "empty.pem")

    def test_that_is_a_folder(self):
        self.refuse(".", program.LOCAL_IO, "--ca-bundle")

    def test_that_holds_something_else(self):
        self.write("key.pem", pki.pkcs8_pem(pki.make_key()))
        self.refuse("key.pem", program.LOCAL_IO, "key.pem")


@expand
class ProxyOfTheEnvironment(TlsTest):
    ELSEWHERE = "https://rolesanywhere.example.test"

    def start_proxy(self, port=None):
        proxy = Proxy(port)
        self.addCleanup(proxy.stop)
        return proxy

    @each("HTTPS_PROXY", "https_proxy", "ALL_PROXY")
    def test_carries_the_request_to_other_hosts(self, variable):
        proxy = self.start_proxy(self.service.port)
        endpoint = ("--endpoint", self.ELSEWHERE)
        self.mint(*self.identity, *endpoint, "--no-verify-ssl", env={variable: proxy.url})
        self.assertEqual(proxy.targets, ["rolesanywhere.example.test:443"])

    def test_with_proxy_changes_nothing(self):
        proxy = self.start_proxy(self.service.port)
        flags = ("--endpoint", self.ELSEWHERE, "--no-verify-ssl", "--with-proxy")
        self.mint(*self.identity, *flags, env={"HTTPS_PROXY": proxy.url})
        self.assertEqual(proxy.targets, ["rolesanywhere.example.test:443"])

    @each("localhost", "127.0.0.1")
    def test_is_not_asked_for(self, host):
        endpoint = ("--endpoint", f"https://{host}:{self.service.port}")
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{dead_port(self)}"}
        self.mint(*self.identity, *endpoint, *self.trusting(), env=env)

    def test_is_not_asked_for_hosts_of_no_proxy(self):
        proxy = self.start_proxy(self.service.port)
        env = {"HTTPS_PROXY": proxy.url, "NO_PROXY": "example.test"}
        self.unreachable(program.NETWORK, env=env)
        self.assertEqual(proxy.targets, [])

    def test_is_not_asked_with_no_proxy(self):
        proxy = self.start_proxy(self.service.port)
        self.unreachable(program.NETWORK, "--no-proxy", env={"HTTPS_PROXY": proxy.url})
        self.assertEqual(proxy.targets, [])

    def test_dead(self):
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{dead_port(self)}"}
        self.unreachable(program.NETWORK, env=env, hint="--no-proxy")

    def test_silent(self):
        env = {"HTTPS_PROXY": f"http://127.0.0.1:{silent_port(self)}"}
        result = self.unreachable(program.NETWORK, "--timeout", "1", env=env)
        self.assertLess(result.seconds, 3)

    def test_refusing(self):
        env = {"HTTPS_PROXY": self.start_proxy().url}
        self.unreachable(program.NETWORK, env=env, hint="--no-proxy")

    def unreachable(self, status, *flags, env, hint=None):
        endpoint = ("--endpoint", self.ELSEWHERE, "--no-verify-ssl")
        flags = ("--timeout", "3", *flags) if "--timeout" not in flags else flags
        return self.mint_fails_locally(
            status, "example.test", *self.identity, *endpoint, *flags, hint=hint, env=env
        )


class Unreachable(EndpointTest):
    def test_nobody_listens(self):
        port = dead_port(self)
        self.mint_fails(
            program.NETWORK,
            f"connecting to localhost:{port}: connection refused",
            *(*self.identity, "--endpoint", f"http://localhost:{port}", "--timeout", "3"),
            hint="endpoint",
        )

    def test_nobody_has_that_name(self):
        self.mint_fails(
            program.NETWORK,
            "rolesanywhere.nowhere.invalid",
            *(*self.identity, "--endpoint", "https://rolesanywhere.nowhere.invalid"),
            *("--timeout", "3"),
            hint="endpoint",
        )

    def test_nobody_speaks(self):
        endpoint = f"http://localhost:{silent_port(self)}"
        result = self.mint_fails(
            program.NETWORK,
            "no answer within 1 s",
            *(*self.identity, "--endpoint", endpoint, "--timeout", "1"),
            hint="--timeout",
        )
        self.assertLess(result.seconds, 3)

    def test_nobody_speaks_tls(self):
        endpoint = f"https://localhost:{silent_port(self)}"
        result = self.mint_fails(
            program.NETWORK,
            "no answer within 1 s",
            *(*self.identity, "--endpoint", endpoint, "--timeout", "1"),
            hint="--timeout",
        )
        self.assertLess(result.seconds, 3)


@expand
class Timeout(EndpointTest):
    @each("0", "-1", "1000000", "nan", "inf", "1e-9")
    def test_of(self, seconds):
        self.mint_fails_locally(program.USAGE, "--timeout", *self.identity, f"--timeout={seconds}")


if __name__ == "__main__":
    unittest.main()
