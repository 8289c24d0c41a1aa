#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`credmint config check` names every mistake, and docs/examples/config.toml has none.

A file of these tests says in comments what is expected: each `! PATTERN` is a mistake in its line,
and there may be no other.
"""

import json
import os
import re
import subprocess
import tomllib
import unittest

from support import documents, emulator, program, token
from support.cases import each, expand
from support.requirements import miss
from support.strace import STRACE, need_strace
from support.system_test import MintTest, make_folder

SHAPES = json.loads(
    (documents.SOURCE / "tests" / "system" / "program" / "stable_shapes.json").read_text()
)
EXAMPLE = documents.SOURCE / "docs" / "examples" / "config.toml"
# The file must not hold these, and there is no Windows certificate store.
NOT_IN_THE_EXAMPLE = {"system-store-name"}

_MISTAKE = re.compile(r"(?P<path>[^:]+)(?::(?P<line>\d+))?: (?P<text>.+)")


def expected_in(text):
    """The (line, pattern) of the mistakes that the comments announce."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern in line.partition("# !")[2].split(" ! "):
            if pattern.strip():
                yield number, pattern.strip()


def need_all_keys():
    """For files that have keys of each kind."""
    for scheme in ("pkcs11", "handle"):
        program.need_back_end(scheme)


class CheckTest(MintTest):
    FILES = '[identity.files]\ncertificate = "web.pem"\nprivate-key = "web.key"\n'
    ARNS = (
        f'trust-anchor-arn = "{emulator.TRUST_ANCHOR_ARN}"\n'
        f'profile-arn = "{emulator.PROFILE_ARN}"\n'
        f'role-arn = "arn:aws:iam::{emulator.ACCOUNT}:role/web"\n'
    )
    GOOD = FILES + "[role.web]\n" + ARNS

    def setUp(self):
        super().setUp()
        self.write_identity()

    def check(self, *arguments, **more):
        """Runs it; returns (the mistakes by path, the run). A mistake is (line, text, hint)."""
        run = self.run_program("config", "check", *arguments, **more)
        self.assertEqual(run.stderr, "", str(run))
        for secret in self.secrets:
            self.assertNotIn(secret.encode(), run.stdout, str(run))
        return self.read(run), run

    def read(self, run):
        files = {}
        lines = iter(run.stdout.decode().splitlines())
        for line in lines:
            found = _MISTAKE.fullmatch(line)
            mistakes = files.setdefault(found["path"], [])
            if found["text"].startswith(("no mistakes; roles: ", "this file is ")):
                continue
            hint = next(lines)
            self.assertRegex(hint, r"\Ahint: \S", str(run))
            mistakes.append((int(found["line"] or 0), found["text"], hint.removeprefix("hint: ")))
        self.assertEqual(run.status != program.SUCCESS, any(files.values()), str(run))
        return files

    def find(self, text, status):
        """Checks a file whose comments announce its mistakes; returns their hints by line."""
        self.write("c.toml", text, 0o644)
        files, run = self.check("c.toml")
        found = files["c.toml"]
        expected = list(expected_in(text))
        self.assertEqual([line for line, _, _ in found], [line for line, _ in expected], str(run))
        for (_, said, _), (_, pattern) in zip(found, expected):
            self.assertRegex(said, pattern, str(run))
        self.assertEqual(run.status, status, str(run))
        return {line: hint for line, _, hint in found}


class Mistakes(CheckTest):
    def test_none(self):
        self.write("c.toml", self.GOOD + '[role.b]\nidentity = "files"\n' + self.ARNS, 0o644)
        _, run = self.check("c.toml")
        self.assertEqual(run.stdout, b"c.toml: no mistakes; roles: web, b\n")

    def test_in_every_table(self):
        hints = self.find(
            'colour = "red"  # ! there is no setting .colour.\n'
            'log-format = "xml"  # ! log-format: it is not one of text, json\n'
            'key-timeout = "x"  # ! key-timeout must be a number\n'
            'key-paths = ["/absent/folder"]  # ! key-paths: /absent/folder: No such file\n'
            "[serve]\n"
            "port = 70000  # ! port: it is not a whole number from 0 to 65535\n"
            "interfaces = []  # ! interfaces names no interface\n"
            'lisen = "127.0.0.1"  # ! there is no setting .lisen.\n'
            'token-file = "/absent/folder/token"  # ! token-file: /absent/folder: No such file\n'
            "[defaults]\n"
            "session-duration = 12  # ! defaults.*900 to 43200\n"
            'sesion-duration = 900  # ! there is no setting .sesion-duration.\n'
            "[identity.one]\n"
            "certificate = 12  # ! certificate must be text in quotes\n"
            'private-key = "/absent/web.key"  # ! identity.one.*/absent/web.key: No such file\n'
            "[identity.two]  # ! identity.two.*certificate is missing\n"
            'privat-key = "web.key"  # ! there is no setting .privat-key.\n'
            "[role.web]  # ! role.web.*names no identity\n"
            + self.ARNS
            + "cache = 12  # ! cache must be true or false\n"
            "[rolle.web]  # ! there is no table .rolle.\n",
            program.USAGE,
        )
        self.assertIn("'listen'", hints[8])
        self.assertIn("'session-duration'", hints[12])
        self.assertIn("'private-key'", hints[17])
        self.assertIn("one, two", hints[18])
        self.assertIn("'role'", hints[23])

    def test_in_an_identity(self):
        need_all_keys()
        self.find(
            "[identity.files]\n"
            'certificate = "web.pem"\n'
            'private-key = "/absent/key"  # ! private-key: /absent/key: No such file\n'
            'intermediates = "absent.pem"  # ! intermediates: absent.pem: No such file\n'
            'passin = "file:/absent/pin"  # ! passin: cannot read /absent/pin: No such file\n'
            'context-passin = "PIN"  # ! context-passin: not a source of a secret\n'
            'reuse-pin = true  # ! context-passin and --reuse-pin exclude each other\n'
            'cert-selector = "Key=colour,Value=red"  # ! cert-selector: \n'
            'pkcs11-lib = "/absent/module.so"  # ! pkcs11-lib: /absent/module.so: No such file\n'
            "[identity.token]\n"
            'certificate = "pkcs11:token=t;object=o?pin-source=/absent/pin"'
            "  # ! certificate: cannot read /absent/pin: No such file\n"
            "[role.web]\n"
            'identity = "files"\n' + self.ARNS,
            program.LOCAL_IO,
        )

    def test_in_a_role(self):
        hints = self.find(
            self.FILES + "[role.none]  # ! trust-anchor-arn is missing ! profile-arn is missing"
            " ! role-arn is missing\n"
            "session-duration = 1  # ! role.none.*900 to 43200\n"
            'role-session-name = "x"  # ! the role session name must have 2 to 64\n'
            'ca-bundle = "/absent/ca.pem"  # ! ca-bundle: /absent/ca.pem: No such file\n'
            'endpoint = "ftp://x"  # ! role.none\n'
            'token-group = "web"  # ! token-group needs a token-file\n'
            "[role.malformed]\n"
            + self.ARNS.replace("arn:aws:iam", "iam").strip()
            + "  # ! not the ARN of a role\n"
            'identity = "files2"  # ! there is no .identity.files2.\n'
            "[role.elsewhere]\n"
            + self.ARNS
            + 'region = "eu-west-9"  # ! the region is\n'
            'token-file = "/absent/folder/token"  # ! token-file: /absent/folder: No such file\n'
            "[role.contradicts]\n" + self.ARNS + 'endpoint = "https://localhost"\n'
            "use-fips-endpoint = true  # ! cannot be combined\n",
            program.USAGE,
        )
        self.assertEqual(hints[4], "add role-arn to [role.none] or [defaults]", hints)
        self.assertIn("'files'", hints[14])

    def test_in_a_list_of_identities(self):
        spare = self.FILES.replace(".files", ".spare")
        roles = "".join(
            f"[role.{name}]\n{self.ARNS}identity = {names}\n"
            for name, names in {
                "well": '["files", "spare"]',
                "absent": '["files", "spar"]  # ! role.absent.: there is no .identity.spar.',
                "twice": '["files", "files"]  # ! role.twice.: identity names files twice',
                "empty": "[]  # ! role.empty.: identity is an empty list",
                "many": f"{['files'] * 9}  # ! role.many.: identity names 9, and at most 8",
                "number": "5  # ! identity must be text",
                "nameless": '["files", ""]  # ! identity: the value is empty',
            }.items()
        )
        self.find(self.FILES + spare + roles, program.USAGE)

    def test_a_role_without_any_identity(self):
        self.find("[role.web]  # ! role.web. has no identity\n" + self.ARNS, program.USAGE)

    def test_of_a_common_setting_are_named_once(self):
        roles = "".join(f"[role.{name}]\n{self.ARNS}" for name in ("a", "b"))
        self.find(
            self.FILES + "[defaults]\nsession-duration = 1  # ! defaults.*900 to 43200\n" + roles,
            program.USAGE,
        )

    def test_text_that_is_no_toml(self):
        self.find(self.GOOD + 'region = "eu  # ! invalid TOML\ncolour = "red"\n', program.USAGE)

    def test_no_role(self):
        self.write("c.toml", self.FILES, 0o644)
        files, run = self.check("c.toml")
        self.assertRegex(str(files["c.toml"]), "defines no role.*role.NAME")
        self.assertEqual(run.status, program.USAGE)

    def test_the_status_is_that_of_the_first(self):
        usage = "session-duration = 1  # ! 900 to 43200\n"
        local = 'ca-bundle = "/absent"  # ! No such file\n'
        self.find(self.GOOD + usage + local, program.USAGE)
        self.find(self.GOOD + local + usage, program.LOCAL_IO)

    def test_a_secret_in_the_file(self):
        secret = self.secret("secret-1618033")
        self.find(
            self.FILES + f'passin = "pass:{secret}"  # ! a secret does not belong\n'
            f'tpm-key-password = "{secret}"  # ! a secret does not belong\n'
            f'context-passin = "{secret}"  # ! not a source of a secret\n'
            f'parent-passin = "file:{secret}"  # ! the file named for a secret does not exist\n'
            + "[role.web]\n" + self.ARNS,
            program.USAGE,
        )

    def test_a_file_that_a_mint_takes_has_none(self):
        """And the first mistake has the status with which a mint fails."""
        self.write("c.toml", self.GOOD + f'endpoint = "{self.service.url}"\n', 0o644)
        self.assertEqual(self.check("c.toml")[1].status, program.SUCCESS)
        self.succeed("credential-process", "--config", "c.toml")
        (self.folder / "web.key").unlink()
        status = self.check("c.toml")[1].status
        minted = self.run_program("credential-process", "--config", "c.toml")
        self.assertEqual((status, minted.status), (program.LOCAL_IO, program.LOCAL_IO))


@expand
class Files(CheckTest):
    def test_json_says_the_same(self):
        self.write("c.toml", "colour = 1\n" + self.FILES + "[role.web]\n", 0o644)
        text, _ = self.check("c.toml")
        run = self.run_program("config", "check", "--json", "c.toml")
        said = json.loads(run.stdout)
        (file,) = said["files"]
        self.assertEqual((said["status"], run.status), (program.USAGE, program.USAGE))
        self.assertEqual((file["path"], file["read"], file["roles"]), ("c.toml", True, ["web"]))
        self.assertEqual(
            [(one.get("line", 0), one["text"], one["hint"]) for one in file["mistakes"]],
            text["c.toml"],
        )

    def test_config_is_another_name_for_it(self):
        self.write("c.toml", "colour = 1\n" + self.GOOD, 0o644)
        named, _ = self.check("c.toml")
        self.assertEqual(self.check("--config", "c.toml")[0], named)
        self.fail_with(program.USAGE, "excludes", "config", "check", "c.toml", "--config", "c.toml")

    @each(
        absent=(None, "No such file"),
        writable=(0o666, "writable by everyone"),
    )
    def test_that_cannot_be_used(self, case):
        mode, message = case
        if mode:
            self.write("c.toml", self.GOOD, mode)
        files, run = self.check("c.toml")
        ((_, text, _),) = files["c.toml"]
        self.assertIn(message, text)
        self.assertEqual(run.status, program.LOCAL_IO)

    def test_there_is_none(self):
        self.fail_with(
            *(program.USAGE, "there is no configuration file", "config", "check"),
            hint="config.toml",
            wrapper=self.with_system_file(None),
        )

    def with_system_file(self, text):
        """A wrapper that gives the program an /etc of its own."""
        etc = make_folder(self)
        if text is not None:
            (etc / "credmint").mkdir()
            (etc / "credmint" / "config.toml").write_text(text)
        wrapper = ("unshare", "-rm", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(etc))
        if subprocess.run([*wrapper, "true"], check=False, capture_output=True).returncode != 0:
            miss("unshare may not make a mount namespace here")
        return wrapper

    def write_user_file(self, text):
        own = self.folder / ".config" / "credmint"
        own.mkdir(parents=True)
        self.write(".config/credmint/config.toml", text, 0o644)
        return str(own / "config.toml")

    SYSTEM = "/etc/credmint/config.toml"

    def test_of_the_user_and_of_the_system_are_both_checked(self):
        own = self.write_user_file("colour = 1\n" + self.GOOD)
        wrapper = self.with_system_file("color = 1\n" + self.GOOD)
        files, run = self.check(wrapper=wrapper)
        self.assertEqual([line for line, _, _ in files[own]], [1])
        self.assertEqual([line for line, _, _ in files[self.SYSTEM]], [1])
        said = run.stdout.decode()
        self.assertIn(f"{own}: this file is read\n", said)
        self.assertIn(f"{self.SYSTEM}: this file is not read, because {own} is there\n", said)
        run = self.run_program("config", "check", "--json", wrapper=wrapper)
        read = {file["path"]: file["read"] for file in json.loads(run.stdout)["files"]}
        self.assertEqual(read, {own: True, self.SYSTEM: False})

    def test_of_the_system_alone(self):
        files, run = self.check(wrapper=self.with_system_file(self.GOOD))
        self.assertEqual(files, {self.SYSTEM: []})
        self.assertEqual(run.stdout.decode(), f"{self.SYSTEM}: no mistakes; roles: web\n")

    def test_nothing_that_it_names_is_opened(self):
        need_strace()
        self.write("pin", "12345678")
        self.write("ca.pem", "x")
        text = self.GOOD + f'ca-bundle = "ca.pem"\n[identity.token]\npkcs11-lib = "{token.MODULE}"\n'
        text += 'certificate = "pkcs11:token=t"\npassin = "file:pin"\n'
        self.write("c.toml", text.replace("[role.web]", '[role.web]\nidentity = "files"'), 0o644)
        log = self.folder / "trace"
        calls = "trace=open,openat,socket,execve,fork,vfork,clone,clone3"
        wrapper = (STRACE, "-f", "-o", log, "-e", calls)
        self.check("c.toml", wrapper=tuple(map(str, wrapper)))
        trace = log.read_text()
        self.assertIn('"c.toml"', trace)
        for name in ("web.pem", "web.key", '"pin"', "ca.pem", "softhsm", "/dev/", "socket("):
            self.assertNotIn(name, trace)
        self.assertEqual(trace.count("execve("), 1, trace)


class Example(CheckTest):
    """docs/examples/config.toml, with its absolute paths below the folder of the test."""

    def place(self, text):
        """Makes the files that it names, empty, and writes it to c.toml."""
        for path in re.findall(r'"(?:file:)?(/(?!dev/)[^"]+)"', text):
            made = self.folder / path[1:]
            made.parent.mkdir(parents=True, exist_ok=True)
            made.touch(0o600)
        moved = re.sub(r'"(file:)?/(?!dev/)', rf'"\1{self.folder}/', text)
        self.write("c.toml", moved, 0o644)

    @staticmethod
    def activated():
        return re.sub(r"(?m)^#(?=[a-z\[])", "", EXAMPLE.read_text())

    def test_has_no_mistakes(self):
        self.place(EXAMPLE.read_text())
        self.assertEqual(self.check("c.toml")[0], {"c.toml": []})

    def test_has_none_with_every_setting(self):
        need_all_keys()
        self.place(self.activated())
        files, run = self.check("c.toml")
        self.assertEqual(files, {"c.toml": []}, str(run))
        self.assertEqual(run.stdout, b"c.toml: no mistakes; roles: web, backup\n")

    def test_names_every_setting(self):
        tables = tomllib.loads(self.activated())
        held = SHAPES["configuration"]
        program_ = {name for name, value in tables.items() if not isinstance(value, dict)}
        self.assertEqual(program_, set(held["before the first table"]))
        self.assertEqual(set(tables["serve"]), set(held["serve"]))
        identities = {name for table in tables["identity"].values() for name in table}
        self.assertEqual(identities, set(held["identity.NAME"]) - NOT_IN_THE_EXAMPLE)
        roles = {name for table in tables["role"].values() for name in table}
        self.assertEqual(roles | set(tables["defaults"]), set(held["role.NAME"]))

    def test_is_installed(self):
        build = os.environ.get("CREDMINT_BUILD") or miss("CREDMINT_BUILD is not set")
        plan = json.loads(
            subprocess.run(
                ["meson", "introspect", "--installed", build],
                capture_output=True,
                check=True,
                timeout=60,
            ).stdout
        )
        self.assertRegex(plan[str(EXAMPLE)], r"/share/doc/credmint/examples/config\.toml\Z")


if __name__ == "__main__":
    unittest.main()
