#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Settings from the environment and the AWS config file, as the AWS SDKs read them. Flags win."""

import os
import unittest

from support import emulator, pki, program
from support.cases import each, expand
from support.proxy import Proxy
from support.system_test import MintTest, make_folder

NOWHERE = "https://rolesanywhere.nowhere.invalid"
REGIONAL = "rolesanywhere.us-east-1.amazonaws.com"
FIPS = "rolesanywhere-fips.us-east-1.amazonaws.com"
DUALSTACK = "rolesanywhere.us-east-1.api.aws"


class AwsSettingsTest(MintTest):
    """A service with TLS, whose certificate is from a CA that the system does not trust."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()
        cls.service = cls.start_service(tls_folder=make_folder(cls))

    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()
        (self.folder / ".aws").mkdir()

    def flags(self, *more):
        return ("credential-process", *self.identity, *emulator.SESSION_FLAGS, *more)

    def config(self, text, name=".aws/config"):
        return self.write(name, text.format(url=self.service.url, ca=self.service.ca_bundle))

    def reach(self, *flags, env=None):
        """Mints, which must reach the service by the configured address and CA."""
        self.succeed(*self.flags(*flags), env=env)
        self.assertEqual(self.last_request()["reason"], "accepted")

    def host(self, *flags, env=None):
        """Mints through a proxy that leads to the service; returns the requested host."""
        proxy = Proxy(self.service.port)
        self.addCleanup(proxy.stop)
        env = {"HTTPS_PROXY": proxy.url, **(env or {})}
        self.succeed(*self.flags("--no-verify-ssl", *flags), env=env)
        (target,) = proxy.targets
        return target.removesuffix(":443")


@expand
class CaBundle(AwsSettingsTest):
    def test_of_the_environment(self):
        self.reach("--endpoint", self.service.url, env={"AWS_CA_BUNDLE": self.service.ca_bundle})

    def test_of_the_config_file(self):
        self.config("[default]\nca_bundle = {ca}\n")
        self.reach("--endpoint", self.service.url)

    def test_the_flag_wins(self):
        flags = ("--endpoint", self.service.url, "--ca-bundle", self.service.ca_bundle)
        self.reach(*flags, env={"AWS_CA_BUNDLE": "absent.pem"})

    def test_that_cannot_be_read_is_named_by_who_says_it(self):
        flags = self.flags("--endpoint", self.service.url)
        self.fail_with(program.LOCAL_IO, "AWS_CA_BUNDLE: ", *flags, env={"AWS_CA_BUNDLE": "absent.pem"})
        self.config("[default]\nca_bundle = absent.pem\n")
        self.fail_with(program.LOCAL_IO, f"ca_bundle in {self.folder}/.aws/config: ", *flags)

    def test_is_not_read_where_nothing_is_verified(self):
        self.reach("--endpoint", self.service.url, "--no-verify-ssl", env={"AWS_CA_BUNDLE": "absent.pem"})


@expand
class Endpoint(AwsSettingsTest):
    def test_of_the_config_file(self):
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = {url}\n")
        self.reach()

    def test_of_the_services_section(self):
        self.config(
            "[default]\nca_bundle = {ca}\nservices = mine\nendpoint_url = " + NOWHERE + "\n"
            "[services mine]\ns3 =\n  endpoint_url = " + NOWHERE + "\nrolesanywhere =\n  endpoint_url = {url}\n"
        )
        self.reach()

    def test_of_the_profile(self):
        self.config(
            "[default]\nendpoint_url = " + NOWHERE + "\n"
            "[profile web]\nca_bundle = {ca}\nendpoint_url = {url}\n"
        )
        self.reach(env={"AWS_PROFILE": "web"})

    def test_of_a_file_that_is_named(self):
        self.config("[default]\nendpoint_url = " + NOWHERE + "\n")
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = {url}\n", name="other")
        self.reach(env={"AWS_CONFIG_FILE": "other"})

    @each("AWS_ENDPOINT_URL_ROLESANYWHERE", "AWS_ENDPOINT_URL")
    def test_of_a_variable_wins(self, variable):
        self.config(
            "[default]\nca_bundle = {ca}\nservices = mine\nendpoint_url = " + NOWHERE + "\n"
            "[services mine]\nrolesanywhere =\n  endpoint_url = " + NOWHERE + "\n"
        )
        self.reach(env={variable: self.service.url})

    def test_the_flag_wins(self):
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = " + NOWHERE + "\n")
        self.reach("--endpoint", self.service.url)

    def test_credmints_own_file_wins(self):
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = " + NOWHERE + "\n")
        names = ("certificate", "private-key")
        flags = dict(zip(emulator.SESSION_FLAGS[::2], emulator.SESSION_FLAGS[1::2]))
        self.write(
            "c.toml",
            "[identity.web]\n"
            + "".join(f"{name} = '{value}'\n" for name, value in zip(names, self.identity[1::2]))
            + f"[role.web]\nendpoint = '{self.service.url}'\n"
            + "".join(f"{flag[2:]} = '{value}'\n" for flag, value in flags.items()),
        )
        self.succeed("credential-process", "--config", "c.toml")

    @each("config", "environment")
    def test_ignored_on_demand(self, where):
        ignored = "ignore_configured_endpoint_urls = true\n"
        self.config("[default]\nendpoint_url = " + NOWHERE + "\n" + (ignored if where == "config" else ""))
        env = {} if where == "config" else {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"}
        self.assertEqual(self.host(env=env), REGIONAL)

    def test_a_malformed_one_is_named_by_who_says_it(self):
        self.config("[default]\nendpoint_url = localhost\n")
        self.fail_with(program.USAGE, f"endpoint_url in {self.folder}/.aws/config: ", *self.flags())

    def test_a_host_alone_speaks_tls(self):
        host = f"localhost:{self.service.port}"
        self.reach("--endpoint", host, "--ca-bundle", self.service.ca_bundle)


@expand
class EndpointOfTheRegion(AwsSettingsTest):
    @each(
        fips=("AWS_USE_FIPS_ENDPOINT", "true", FIPS),
        in_capitals=("AWS_USE_FIPS_ENDPOINT", "TRUE", FIPS),
        no_fips=("AWS_USE_FIPS_ENDPOINT", "false", REGIONAL),
        dualstack=("AWS_USE_DUALSTACK_ENDPOINT", "true", DUALSTACK),
    )
    def test_of_the_environment(self, case):
        variable, value, host = case
        self.assertEqual(self.host(env={variable: value}), host)

    @each(fips=("use_fips_endpoint", FIPS), dualstack=("use_dualstack_endpoint", DUALSTACK))
    def test_of_the_config_file(self, case):
        self.config(f"[default]\n{case[0]} = true\n")
        self.assertEqual(self.host(), case[1])
        self.assertEqual(self.host(env={"AWS_" + case[0].upper(): "false"}), REGIONAL)

    def test_the_flag_of_an_endpoint_wins_over_fips(self):
        env = {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_CA_BUNDLE": self.service.ca_bundle}
        self.reach("--endpoint", self.service.url, env=env)

    @each(fips=("--use-fips-endpoint", FIPS), dualstack=("--use-dualstack-endpoint", DUALSTACK))
    def test_its_flag_wins_over_an_endpoint(self, case):
        self.assertEqual(self.host(case[0], env={"AWS_ENDPOINT_URL": NOWHERE}), case[1])

    def test_a_flag_that_says_no_wins(self):
        env = {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"}
        self.assertEqual(self.host("--use-fips-endpoint=false", env=env), DUALSTACK)

    def test_two_of_the_surroundings_that_exclude_each_other_are_refused(self):
        env = {"AWS_ENDPOINT_URL": NOWHERE, "AWS_USE_FIPS_ENDPOINT": "true"}
        self.fail_with(program.USAGE, "AWS_ENDPOINT_URL: a custom endpoint cannot be", *self.flags(), env=env)

    def test_the_region_is_not_taken(self):
        self.config("[default]\nregion = eu-west-1\n")
        self.assertEqual(self.host(env={"AWS_REGION": "eu-west-1"}), REGIONAL)


class File(AwsSettingsTest):
    def test_that_has_no_such_profile_says_nothing(self):
        self.config("[default]\nuse_fips_endpoint = true\n")
        self.assertEqual(self.host(env={"AWS_PROFILE": "web"}), REGIONAL)

    def test_that_is_malformed_is_read_as_far_as_it_can_be(self):
        self.config("junk\n[default\n[default]\nuse_fips_endpoint = true\n")
        self.assertEqual(self.host(), FIPS)

    def test_that_is_no_file_says_nothing(self):
        self.assertEqual(self.host(env={"AWS_CONFIG_FILE": "/dev/null"}), REGIONAL)
        self.assertEqual(self.host(env={"AWS_CONFIG_FILE": "absent"}), REGIONAL)
        os.mkfifo(self.folder / ".aws" / "config")
        self.assertEqual(self.host(), REGIONAL)

    def test_debug_says_where_each_setting_is_from(self):
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = {url}\n")
        env = {"AWS_CA_BUNDLE": self.service.ca_bundle, "AWS_PROFILE": "default"}
        result = self.run_program(*self.flags("--debug"), env=env)
        self.assertEqual(result.status, program.SUCCESS, result)
        self.assertIn("CA bundle: from AWS_CA_BUNDLE\n", result.stderr)
        self.assertIn(f"endpoint: from endpoint_url in {self.folder}/.aws/config\n", result.stderr)

    def test_the_cache_tells_endpoints_and_cas_apart(self):
        (self.folder / "run").mkdir(mode=0o700)
        env = {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = {url}\n")
        earlier = len(self.service.requests())
        first = self.succeed(*self.flags("--cache"), env=env)
        self.assertEqual(self.succeed(*self.flags("--cache"), env=env), first)
        self.assertEqual(len(self.service.requests()), earlier + 1)
        self.config("[default]\nca_bundle = {ca}\nendpoint_url = {url}/\n")
        self.assertNotEqual(self.succeed(*self.flags("--cache"), env=env), first)


if __name__ == "__main__":
    unittest.main()
