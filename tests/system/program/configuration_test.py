#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The configuration file: identities and roles by name, and mistakes in the file."""

import concurrent.futures
import json
import os
import pathlib
import signal
import socket
import time
import unittest

from support import pki, program, token, tpm
from support.cases import each, expand
from support.emulator import PROFILE_ARN, TRUST_ANCHOR_ARN
from support.serve import Server, wait_until
from support.system_test import MintTest, make_folder

ACCOUNT = "arn:aws:iam::111122223333:role"


def role_arn(record):
    return json.loads(record["body"])["roleArn"]


class ConfigurationTest(MintTest):
    def setUp(self):
        super().setUp()
        self.write_identity(self.key, self.leaf)
        self.own = self.folder / ".config" / "credmint"
        self.own.mkdir(parents=True)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    FILES = '[identity.files]\ncertificate = "web.pem"\nprivate-key = "web.key"\n'

    def defaults(self):
        return (
            f'[defaults]\nendpoint = "{self.service.url}"\ntrust-anchor-arn = "{TRUST_ANCHOR_ARN}"\n'
            f'profile-arn = "{PROFILE_ARN}"\n'
        )

    def role(self, name, more=""):
        return f'[role.{name}]\nrole-arn = "{ACCOUNT}/path/{name}"\n{more}\n'

    def configure(self, *parts, path=".config/credmint/config.toml", mode=0o644):
        return self.write(path, "\n".join(parts), mode)

    def mint(self, *flags, **more):
        """Mints with the file; returns the JSON output and the service's record."""
        earlier = len(self.service.requests())
        minted = json.loads(self.succeed("credential-process", *flags, **more))
        (record,) = self.service.requests()[earlier:]
        self.assertEqual(record["access_key_id"], minted["AccessKeyId"])
        return minted, record

    def refuse(self, message, *flags, hint=None, status=program.USAGE):
        return self.fail_with(status, message, "credential-process", *flags, hint=hint)


class Roles(ConfigurationTest):
    def test_one_needs_no_name(self):
        self.configure(self.FILES, self.defaults(), self.role("web", "session-duration = 1200"))
        _, record = self.mint()
        self.assertEqual(role_arn(record), f"{ACCOUNT}/path/web")
        self.assertEqual(json.loads(record["body"])["durationSeconds"], 1200)

    def test_several_are_told_apart_by_name(self):
        self.configure(self.FILES, self.defaults(), self.role("web"), self.role("backup"))
        self.refuse("several roles are possible", hint="choose one with --role NAME: web, backup", status=program.USAGE)
        for name in ("web", "backup"):
            _, record = self.mint("--role", name)
            self.assertEqual(role_arn(record), f"{ACCOUNT}/path/{name}")
        self.refuse(
            "--role: there is no [role.wed] in", "--role", "wed", hint="did you mean 'web'?", status=program.USAGE
        )

    def test_a_flag_overrides_the_file(self):
        self.configure(
            self.FILES, self.defaults(), self.role("web", 'session-duration = 1200\nregion = "us-east-1"')
        )
        _, record = self.mint("--role", "web", "--session-duration", "900", "--role-arn", f"{ACCOUNT}/other")
        body = json.loads(record["body"])
        self.assertEqual((body["roleArn"], body["durationSeconds"]), (f"{ACCOUNT}/other", 900))

    def test_durations_with_units(self):
        self.configure(
            'key-timeout = "1m"\n',
            self.FILES,
            self.defaults() + 'session-duration = "1h30m"\ntimeout = "0.5m"\n',
            self.role("web"),
        )
        _, record = self.mint()
        self.assertEqual(json.loads(record["body"])["durationSeconds"], 5400)
        _, record = self.mint("--session-duration", "15m")
        self.assertEqual(json.loads(record["body"])["durationSeconds"], 900)

    def test_what_a_role_says_goes_before_the_defaults(self):
        self.configure(
            self.FILES,
            self.defaults() + "session-duration = 1000\n",
            self.role("web"),
            self.role("backup", "session-duration = 2000"),
        )
        for name, duration in (("web", 1000), ("backup", 2000)):
            _, record = self.mint("--role", name)
            self.assertEqual(json.loads(record["body"])["durationSeconds"], duration)

    def test_nothing_of_one_is_left_in_the_next(self):
        other = pki.make_key()
        self.write("both.pem", pki.pem(self.root.issue(other.public_key())) + pki.pkcs8_pem(other))
        self.configure(
            self.FILES,
            '[identity.both]\ncertificate = "both.pem"\n',
            self.defaults(),
            self.role("web", 'identity = "files"\nsession-duration = 1200'),
            self.role("backup", 'identity = "both"'),
        )
        earlier = len(self.service.requests())
        Server(self, "--port", "0")
        wait_until(lambda: len(self.service.requests()) == earlier + 2)
        found = {
            role_arn(record): json.loads(record["body"])["durationSeconds"]
            for record in self.service.requests()[earlier:]
        }
        expected = {"web": 1200, "backup": 3600}
        self.assertEqual(found, {f"{ACCOUNT}/path/{name}": each for name, each in expected.items()})

    def test_a_mistake_in_one_that_is_not_chosen(self):
        self.configure(
            self.FILES,
            self.defaults(),
            self.role("web"),
            self.role("backup", 'identity = "absent"'),
            self.role("other", "foo = 1"),
        )
        for name in ("web", "other"):
            self.refuse("[role.backup]: there is no [identity.absent]", "--role", name)
        self.configure(self.FILES, self.defaults(), self.role("web"), self.role("other", "foo = 1"))
        self.refuse("there is no setting 'foo'", "--role", "web")

    def test_identities_are_told_apart_by_name(self):
        other = pki.make_key("RSA2048")
        self.write("other.key", pki.pkcs8_pem(other))
        self.write("other.pem", pki.pem(self.root.issue(other.public_key())))
        self.configure(
            self.FILES,
            '[identity.rsa]\ncertificate = "other.pem"\nprivate-key = "other.key"\n',
            self.defaults(),
            self.role("web", 'identity = "files"'),
            self.role("backup", 'identity = "rsa"'),
        )
        for name, algorithm in (("web", "AWS4-X509-ECDSA-SHA256"), ("backup", "AWS4-X509-RSA-SHA256")):
            _, record = self.mint("--role", name)
            self.assertIn(algorithm, record["headers"]["authorization"])

    def test_the_cache_is_on_where_the_file_says_so(self):
        self.configure(self.FILES, self.defaults(), self.role("web", "cache = true"), self.role("backup"))
        (self.folder / "run").mkdir(mode=0o700)
        env = {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        first, _ = self.mint("--role", "web", env=env)
        earlier = len(self.service.requests())
        again = json.loads(self.succeed("credential-process", "--role", "web", env=env))
        self.assertEqual((again, len(self.service.requests())), (first, earlier))
        self.mint("--role", "backup", env=env)
        self.mint("--role", "backup", env=env)

    def test_update_writes_the_profile_of_a_role(self):
        self.configure(self.FILES, self.defaults(), self.role("web"), self.role("backup"))
        self.succeed("update", "--once", "--role", "backup", "--profile", "nightly")
        self.assertEqual(role_arn(self.last_request()), f"{ACCOUNT}/path/backup")
        written = (self.folder / ".aws" / "credentials").read_text()
        self.assertIn("[nightly]\naws_access_key_id = " + self.last_request()["access_key_id"], written)


class Files(ConfigurationTest):
    def test_a_named_one_is_read_instead(self):
        self.configure("this is no TOML")
        self.configure(self.FILES, self.defaults(), self.role("web"), path="other.toml")
        self.mint("--config", "other.toml")

    def test_is_not_read_where_flags_say_it_all(self):
        self.configure("this is no TOML")
        self.succeed(*self.arguments("--certificate", "web.pem", "--private-key", "web.key"))

    def test_that_of_xdg_config_home(self):
        (self.folder / "xdg" / "credmint").mkdir(parents=True)
        self.configure(self.FILES, self.defaults(), self.role("web"), path="xdg/credmint/config.toml")
        self.mint(env={"XDG_CONFIG_HOME": str(self.folder / "xdg")})

    def test_none_for_a_role(self):
        self.refuse(
            "--role: there is no configuration file",
            *("--role", "web"),
            hint="/etc/credmint/config.toml",
            status=program.USAGE,
        )

    def test_none_and_no_flags(self):
        self.refuse(
            "no option names a key and a role, and there is no configuration file",
            hint="/etc/credmint/config.toml",
            status=program.USAGE,
        )

    def test_that_is_not_there(self):
        self.refuse("cannot read none.toml: No such file", "--config", "none.toml", status=program.LOCAL_IO)

    def test_that_everybody_may_write(self):
        path = self.configure(self.FILES, self.defaults(), self.role("web"), mode=0o666)
        self.refuse(f"{path} is writable by everyone (mode 0666)", hint=f"chmod o-w {path}", status=program.LOCAL_IO)

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_that_may_not_be_read(self):
        path = self.configure(self.FILES, mode=0o000)
        self.refuse(f"cannot read {path}: Permission denied", status=program.LOCAL_IO)

    def test_that_is_a_directory(self):
        self.refuse("is not a regular file", "--config", ".", status=program.LOCAL_IO)


@expand
class Mistakes(ConfigurationTest):
    """Each message names the line and what to write instead."""

    @each(
        **{
            "setting of a role": ("[role.web]\nrole_arn = 'x'\n", 2, "there is no setting 'role_arn'", "'role-arn'"),
            "setting of an identity": ("[identity.a]\n\ncertficate = 'x'\n[role.web]\n", 3, "'certficate'", "'certificate'"),
            "unused identity": ("[identity.a]\n[identity.b]\nfoo = 1\n[role.web]\nidentity = 'a'\n", 3, "'foo'", "possible: "),
            "setting of the defaults": ("[defaults]\nregoin = 'x'\n[role.web]\n", 2, "'regoin'", "'region'"),
            "setting of all": ("debgu = true\n[role.web]\n", 1, "'debgu'", "'debug'"),
            "key in a role": ("[role.web]\nprivate-key = 'x'\n", 2, "'private-key'", "possible: "),
            "table": ("[roles.web]\n", 1, "there is no table [roles]", "'role'"),
            "text for a number": ("[role.web]\nsession-duration = '900'\n", 2, "session-duration must be a number", None),
            "wrong unit": ("[role.web]\nsession-duration = '1w'\n", 2, "session-duration must be a number", "1h30m"),
            "range with units": ("[role.web]\ntimeout = '11m'\n", 2, "it is not a number of seconds from 0.1", None),
            "part of a second": ("[role.web]\nsession-duration = '900.5s'\n", 2, "not a whole number", None),
            "list of durations": ("[role.web]\ntimeout = ['1s', '2s']\n", 2, "timeout must be one value", None),
            "number for text": ("[role.web]\nregion = 1\n", 2, "region must be text in quotes", None),
            "text for a flag": ("[role.web]\ncache = 'yes'\n", 2, "cache must be true or false", None),
            "list": ("[role.web]\nregion = ['a', 'b']\n", 2, "region must be one value, not a list", None),
            "empty text": ("[role.web]\nregion = ''\n", 2, "region: the value is empty", None),
            "out of range": ("[role.web]\ntimeout = 0.01\n", 2, "timeout: it is not a number of seconds", None),
            "no such identity": ("[identity.hsm]\n[role.web]\nidentity = 'hms'\n", 3, "no [identity.hms]", "'hsm'"),
            "no such spare": ("[identity.hsm]\n[role.web]\nidentity = ['hsm', 'hms']\n", 3, "no [identity.hms]", "'hsm'"),
            "identity twice": ("[identity.hsm]\n[role.web]\nidentity = ['hsm', 'hsm']\n", 3, "identity names hsm twice", "once"),
            "identity list": ("[identity.hsm]\n[role.web]\nidentity = []\n", 3, "identity is an empty list", "leave"),
            "identities": (f"[identity.a]\n[defaults]\nidentity = {['a'] * 9}\n[role.web]\n", 3, "names 9, and at most 8", "last"),
            "setting of a spare": ("[identity.a]\ncertificate = 'web.pem'\n[identity.b]\ntcti = 5\n[role.web]\nidentity = ['a', 'b']\n", 4, "tcti must be text", None),
            "which identity": ("[identity.a]\n[identity.b]\n[role.web]\n", 3, "names no identity", "a, b"),
            "no TOML": ("[role.web\n", 1, "invalid TOML", None),
            "name": ("[role.'a/b']\n", 1, "'a/b' is not a valid name", None),
        }
    )
    def test_of(self, case):
        text, line, message, hint = case
        self.write("c.toml", text)
        result = self.refuse(message, "--config", "c.toml", hint=hint)
        self.assertIn(f"credmint: c.toml:{line}: ", result.stderr)

    @each(
        **{
            "missing ARN": ("", "role.web", "--role-arn is missing", {"role-arn"}),
            "malformed ARN": ("profile-arn = 'x'", "profile-arn", "ARN", {"profile-arn"}),
            "ARN of another account": (
                "role-arn = 'arn:aws:iam::999999999999:role/x'", "role-arn", "account", {"role-arn"}
            ),
            "duration": ("session-duration = 1", "session-duration", "must be 900", ()),
            "session name": ("role-session-name = 'a/b'", "role-session-name", "characters other", ()),
            "region": ("region = 'eu-west-9'", "region", "the region is", ()),
            "endpoint": ("endpoint = 'ftp://x'", "endpoint", "--endpoint: ", ()),
            "endpoint and FIPS": (
                "endpoint = 'http://x'\nuse-fips-endpoint = true", "use-fips-endpoint", "cannot be combined", ()
            ),
            "CA bundle": ("ca-bundle = 'absent.pem'\nendpoint = 'http://x'", "ca-bundle", "--ca-bundle: ", ()),
            "selector": ("cert-selector = 'x'", "cert-selector", "--cert-selector: ", ()),
            "PIN source": ("passin = 'file'", "passin", "--passin", ()),
            "PIN source of a parent": ("parent-passin = 'x:y'", "parent-passin", "--parent-passin", ()),
            "secrets": ("passin = 'env:X'\nno-tpm-key-password = true", "no-tpm-key-password", "exclude", ()),
            "store": ("system-store-name = 'MY'", "system-store-name", "no Windows certificate store", ()),
            "no certificate": ("", "role.web", "--certificate is missing", {"certificate"}),
            "key": ("private-key = 'pkcs11:object=a;type=cert'", "private-key", "--private-key: ", {"private-key"}),
            "no TOML in a missing quote": ("region = 'us-east-1", "region", "no closing quote", ()),
        }
    )
    def test_that_is_seen_later_only_has_file_and_line(self, case):
        more, at, message, without = case
        arns = {
            "trust-anchor-arn": TRUST_ANCHOR_ARN, "profile-arn": PROFILE_ARN, "role-arn": f"{ACCOUNT}/web",
        }
        key = {"certificate": "web.pem", "private-key": "web.key"}
        settings = [f"{name} = '{value}'" for name, value in arns.items() if name not in without]
        identity = [f"{name} = '{value}'" for name, value in key.items() if name not in without]
        of_identity = ("selector", "passin", "password", "store", "private")
        for line in more.splitlines():
            (identity if any(word in line for word in of_identity) else settings).append(line)
        lines = ["[role.web]", *settings, "[identity.files]", *identity]
        self.write("c.toml", "\n".join(lines) + "\n")
        number = 1 + next(i for i, line in enumerate(lines) if line.strip("[").startswith(at))
        result = self.run_program("credential-process", "--config", "c.toml")
        self.assertNotEqual(result.status, program.SUCCESS)
        self.assertRegex(result.stderr, f"^credmint: c.toml:{number}: ")
        self.assertIn(message, result.stderr)

    def test_of_a_flag_is_not_blamed_on_the_file(self):
        self.configure(self.FILES, self.defaults(), self.role("web", "region = 'us-east-1'"))
        result = self.refuse("the region is", "--region", "eu-west-9", status=program.USAGE)
        self.assertNotIn("config.toml", result.stderr)

    def test_no_role(self):
        self.write("c.toml", "debug = false\n")
        self.refuse("c.toml: it defines no role", "--config", "c.toml", hint="[role.NAME]")

    @each(
        **{
            "PIN": "passin = 'pass:%s'",
            "PIN in a URI": "private-key = 'pkcs11:token=t?pin-value=%s'",
            "auth value": "tpm-key-password = '%s'",
            "passphrase": "pkcs8-password = '%s'",
            "parent": "parent-passin = 'pass:%s'",
        }
    )
    def test_a_secret_in_it(self, setting):
        text = setting % self.secret("geheim123")
        self.write("c.toml", f"[identity.a]\n{text}\n[role.web]\n")
        result = self.refuse(
            "a secret does not belong in the configuration file", "--config", "c.toml", hint="file:PATH"
        )
        self.assertIn("credmint: c.toml:2: ", result.stderr)

    def test_what_is_missing_is_named_by_its_flag(self):
        self.configure(self.FILES, self.role("web"))
        self.refuse("--trust-anchor-arn is missing", status=program.USAGE)


@expand
class Serve(ConfigurationTest):
    def serve(self, *flags, **more):
        (self.folder / "run").mkdir(mode=0o700, exist_ok=True)
        return Server(self, *flags, env={"XDG_RUNTIME_DIR": str(self.folder / "run")}, **more)

    def end_well(self, server):
        run = server.end(signal.SIGTERM)
        self.assertEqual((run.status, run.stderr), (program.SUCCESS, ""), str(run))

    def access_key(self, server, role):
        return json.loads(server.container(role).body)["AccessKeyId"]

    def test_gives_each_role_under_its_name(self):
        self.start_own_service()
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"), self.role("backup"))
        server = self.serve()
        keys = {}
        for name in ("web", "backup"):
            keys[name] = self.access_key(server, name)
            metadata = json.loads(server.metadata(f"/meta-data/iam/security-credentials/{name}").body)
            self.assertEqual(metadata["AccessKeyId"], keys[name])
            self.assertIn(f"export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:{server.port}/role/{name}\n", server.printed)
        given = {record["access_key_id"]: role_arn(record) for record in self.service.requests()}
        self.assertEqual(given, {keys[name]: f"{ACCOUNT}/path/{name}" for name in keys})
        self.assertEqual(server.metadata("/meta-data/iam/security-credentials/").body, b"web")
        self.assertEqual(server.container("demo").status, 404)
        self.end_well(server)

    def test_gives_only_what_is_asked_for_and_in_that_order(self):
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), *map(self.role, ("a", "b", "c")))
        server = self.serve("--role", "c", "--role", "a", "--role", "c")
        self.assertEqual(server.metadata("/meta-data/iam/security-credentials/").body, b"c")
        self.assertEqual([server.container(name).status for name in "abc"], [200, 404, 200])
        self.end_well(server)

    def test_listens_where_the_file_says_unless_a_flag_does(self):
        self.configure(
            '[serve]\nport = 1\nlisten = "::1"\ntoken-file = "tok"\n', self.FILES, self.defaults(), self.role("web")
        )
        server = self.serve("--port", "0")
        self.assertEqual(server.host, "::1")
        self.assertTrue((self.folder / "tok").exists())
        self.end_well(server)

    def test_a_mistake_ends_it_before_anything_is_there(self):
        self.configure("[serve]\nprot = 0\n", self.FILES, self.defaults(), self.role("web"))
        self.fail_with(
            program.USAGE, "config.toml:2: there is no setting 'prot'", "serve", "--token-file", "tok", hint="'port'"
        )
        self.assertFalse((self.folder / "tok").exists())

    def test_a_failure_names_the_role(self):
        self.configure(
            "[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"), self.role("bad", "profile-arn = 'x'")
        )
        self.fail_with(program.USAGE, "[role.bad]: ", "serve", "--token-file", "tok")
        self.assertFalse((self.folder / "tok").exists())

    def test_the_arn_of_one_role_is_not_that_of_several(self):
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"), self.role("backup"))
        self.fail_with(
            program.USAGE,
            "--role-arn is for one role, and several are possible",
            *("serve", "--config", ".config/credmint/config.toml", "--role-arn", f"{ACCOUNT}/demo"),
            hint="choose one with --role NAME: web, backup",
        )

    def test_says_when_a_role_has_credentials_again(self):
        self.start_own_service(fail=["500"])
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"))
        server = self.serve()
        wait_until(lambda: server.container("web").status == 200)
        run = server.end(signal.SIGTERM)
        self.assertRegex(run.stderr, r"\Acredmint: role web: .*\n(hint: .*\n)?credmint: role web: there are new credentials\n\Z")

    def test_hangup_reads_it_again(self):
        self.start_own_service()
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"), self.role("old"))
        server = self.serve()
        web = self.access_key(server, "web")
        self.configure(self.FILES, self.defaults(), self.role("new"), self.role("web"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.container("new").status == 200)
        self.assertEqual(server.container("old").status, 404)
        self.assertEqual(server.metadata("/meta-data/iam/security-credentials/").body, b"new")
        wait_until(lambda: self.access_key(server, "web") != web)  # `web` is minted again too
        self.end_well(server)

    def test_hangup_reads_secrets_for_a_role_that_changed(self):
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, self.secret("right-271828")))
        self.write("pass", "wrong")
        identity = self.FILES + 'passin = "file:pass"\n'
        self.configure("[serve]\nport = 0", identity, self.defaults(), self.role("web"))
        server = self.serve()
        self.assertEqual(server.container("web").status, 503)
        self.write("pass", "right-271828")
        self.configure(identity, self.defaults(), self.role("web", "session-duration = 1200"))
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: server.container("web").status == 200)
        server.end(signal.SIGTERM)

    def test_hangup_keeps_credentials_whatever_the_log_is_told(self):
        self.start_own_service()
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"))
        server = self.serve()
        web = self.access_key(server, "web")
        self.service.stop()
        self.configure('log-format = "json"', self.FILES, self.defaults(), self.role("web"))
        server.process.send_signal(signal.SIGHUP)
        self.assertIn(b"role web: creating a session", server.process.stderr.read1(4096))
        self.assertEqual(self.access_key(server, "web"), web)
        server.end(signal.SIGTERM)

    def test_hangup_keeps_credentials_of_a_role_that_changed(self):
        self.start_own_service()
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"))
        server = self.serve()
        web = self.access_key(server, "web")
        changed = self.role("web", "session-duration = 1200")
        self.configure(self.FILES.replace("web.key", "gone.key"), self.defaults(), changed)
        server.process.send_signal(signal.SIGHUP)
        self.assertIn(b"role web: ", server.process.stderr.read1(4096))
        self.assertEqual(self.access_key(server, "web"), web)
        self.configure(self.FILES, self.defaults(), changed)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.access_key(server, "web") != web)
        server.end(signal.SIGTERM)

    def hang_up_without_service(self, *roles):
        """Starts a server, which mints for `web`. Then configures `roles`, whose mints fail."""
        self.start_own_service(fail=["slow:0", "500x99"])
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"))
        server = self.serve()
        self.assertEqual(server.container("web").status, 200)
        self.configure(self.FILES, self.defaults(), *roles)
        server.process.send_signal(signal.SIGHUP)
        self.assertIn(b"status 500", server.process.stderr.read1(4096))
        return server

    @each(
        profile=f"profile-arn = '{PROFILE_ARN[:-1]}9'",
        trust_anchor=f"trust-anchor-arn = '{TRUST_ANCHOR_ARN[:-1]}9'",
        session_name="role-session-name = 'other'",
    )
    def test_hangup_gives_nobody_credentials_of_another(self, setting):
        server = self.hang_up_without_service(self.role("web", setting))
        self.assertEqual(server.container("web").status, 503)
        server.end(signal.SIGTERM)

    def test_hangup_gives_credentials_out_under_their_name_only(self):
        server = self.hang_up_without_service(self.role("web").replace("[role.web]", "[role.other]"))
        self.assertEqual(server.container("other").status, 503)
        server.end(signal.SIGTERM)

    def test_a_role_that_is_dropped_while_it_is_called_holds_up_nothing(self):
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        slow = self.role("slow", f'endpoint = "http://127.0.0.1:{silent.getsockname()[1]}"\ntimeout = 30')
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"), slow)
        server = self.serve()
        self.assertEqual(server.container("web").status, 200)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            waiting = pool.submit(server.container, "slow")
            time.sleep(0.5)
            self.configure(self.FILES, self.defaults(), self.role("web"))
            server.process.send_signal(signal.SIGHUP)
            self.assertEqual(waiting.result(timeout=5).status, 404)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertEqual(server.end(signal.SIGTERM).status, -signal.SIGTERM)

    def test_hangup_with_a_mistake_changes_nothing_and_says_so(self):
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"))
        server = self.serve()
        web = self.access_key(server, "web")
        self.configure(self.FILES, self.defaults(), self.role("wed", "reguon = 'x'"))
        server.process.send_signal(signal.SIGHUP)
        said = server.process.stderr.read1(4096).decode()
        self.assertRegex(said, r"\Acredmint: reloading: .*config\.toml:\d+: there is no setting 'reguon'\nhint: did you mean 'region'\?\n\Z")
        self.assertEqual(self.access_key(server, "web"), web)
        run = server.end(signal.SIGTERM)
        self.assertEqual((run.status, run.stderr), (program.SUCCESS, ""), str(run))

    def test_hangup_with_a_mistake_of_the_server_changes_nothing_either(self):
        self.configure("[serve]\nport = 0", self.FILES, self.defaults(), self.role("web"))
        server = self.serve()
        self.configure("[serve]\nprot = 1", self.FILES, self.defaults(), self.role("other"))
        server.process.send_signal(signal.SIGHUP)
        said = server.process.stderr.read1(4096)
        self.assertIn(b"reloading: ", said)
        self.assertIn(b"there is no setting 'prot'", said)
        self.assertEqual(server.container("web").status, 200)
        server.end(signal.SIGTERM)


class OneTpmKey(ConfigurationTest):
    """A TPM refuses a wrong auth value only when the key is used, and locks after several tries."""

    ROLES = ("a", "b", "c", "d")

    def test_a_refused_auth_value_is_sent_once_for_all_until_it_is_told(self):
        device = tpm.Tpm(self, self.folder / "t")
        public = device.make_persistent("0x81000002", auth="right")
        self.write("web.pem", pki.pem(self.root.issue(public)))
        self.write("auth", self.secret("wrong"))
        self.configure(
            "[serve]\nport = 0\ntoken-file = 'tok'",
            "[identity.t]\ncertificate = 'web.pem'\nprivate-key = 'handle:0x81000002'\npassin = 'file:auth'\n",
            self.defaults(),
            *map(self.role, self.ROLES),
        )
        server = Server(self, env=device.env)
        for tries in (1, 2):
            wait_until(lambda tries=tries: device.wrong_tries() == tries)
            for name in self.ROLES:
                self.assertEqual(server.container(name).status, 503)
            time.sleep(1.5)  # twice the time after which the refreshers would retry
            self.assertEqual(device.wrong_tries(), tries)
            self.write("auth", self.secret("wrong") if tries == 1 else "right")
            server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(server.container(name).status == 200 for name in self.ROLES))
        server.end(signal.SIGTERM)


class OneKey(ConfigurationTest):
    """Roles that share a key on a token. OpenSC's spy counts the calls."""

    ROLES = ("a", "b", "c", "d")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = token.Token(make_folder(cls) / "t")
        cls.token_leaf = cls.root.issue(cls.token.generate("EC:prime256v1"))

    def serve(self, pin):
        copy = self.token.copy(self.folder / "t")
        self.log = copy.folder / "spy"
        self.write("web.pem", pki.pem(self.token_leaf))
        self.write("pin", self.secret(pin))
        self.configure(
            "[serve]\nport = 0\ntoken-file = 'tok'",
            "[identity.hsm]\ncertificate = 'web.pem'\nprivate-key = 'pkcs11:token=test;object=web'\n"
            f"passin = 'file:pin'\npkcs11-lib = '{token.SPY}'\n",
            self.defaults(),
            *map(self.role, self.ROLES),
        )
        return Server(self, env=token.spied(copy.env, self.log))

    def test_takes_one_login_and_a_signature_for_each_role_and_one_for_all(self):
        server = self.serve(token.PIN)
        for name in self.ROLES:
            self.assertEqual(server.container(name).status, 200)
        self.assertEqual(server.end(signal.SIGTERM).status, program.SUCCESS)
        calls = token.calls(self.log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1 + len(self.ROLES)), calls)

    def test_a_refused_pin_is_sent_once_for_all_until_it_is_told(self):
        server = self.serve("9999")
        for name in self.ROLES:
            answer = server.container(name)
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("PIN", json.loads(answer.body)["Message"])
        self.assertEqual(token.calls(self.log).count("C_Login"), 1)
        self.write("pin", token.PIN)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(server.container(name).status == 200 for name in self.ROLES))
        server.end(signal.SIGTERM)
        self.assertEqual(token.calls(self.log).count("C_Login"), 2)
