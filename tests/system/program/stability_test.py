#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The interfaces in docs/reference/stability.md have exactly the shapes in stable_shapes.json.

In that file the name of a JSON type represents a value, and a name that ends in "?" is optional. An
option has the name of its value from `--help-all`, or null if it takes none.
"""

import configparser
import json
import pathlib
import re
import signal
import unittest

from support import documents, endorsement, facts, help_text, pki, program, token, tpm
from support.cases import each, expand
from support.ports import dead_port
from support.serve import Server, wait_until
from support.system_test import MintTest, SystemTest, make_folder

SHAPES = json.loads(pathlib.Path(__file__).with_name("stable_shapes.json").read_text())
RELY = "docs/reference/stability.md says how that may change"
ADD = "add it to stable_shapes.json and to CHANGELOG.md"
NONCE = "00" * 16
TOP = "before the first table"
TABLES = (TOP, "serve", "defaults", "identity.NAME", "role.NAME")



def differences(held, found, place):
    if isinstance(held, dict) and isinstance(found, dict):
        for name in held.keys() - found.keys():
            yield f"{place}: {name} is gone; {RELY}"
        for name in found.keys() - held.keys():
            yield f"{place}: {name} is new; {ADD}"
        for name in held.keys() & found.keys():
            yield from differences(held[name], found[name], f"{place}: {name}")
    elif isinstance(held, list) and isinstance(found, list):
        yield from differences(dict(enumerate(held)), dict(enumerate(found)), place)
    elif held != found:
        yield f"{place}: it was {json.dumps(held)} and is {json.dumps(found)}; {RELY}"


def shape_of(*values):
    """The common shape of values that occur in the same place."""
    if all(isinstance(value, dict) for value in values):
        names = {name for value in values for name in value}
        found = {name: [value[name] for value in values if name in value] for name in names}
        return {
            name if len(there) == len(values) else f"{name}?": shape_of(*there)
            for name, there in found.items()
        }
    if all(isinstance(value, list) for value in values):
        elements = [element for value in values for element in value]
        return [shape_of(*elements)] if elements else []
    return " or ".join(sorted({_type(value) for value in values}))


def _type(value):
    names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    return names[type(value)]


class Shapes:
    """A mixin of TestCase that compares what it finds with a part of stable_shapes.json."""

    def hold(self, found, *path):
        self._compare(_held(path), found, path)

    def hold_names(self, found, *path):
        """Compares names, whose order does not matter."""
        self._compare(dict.fromkeys(_held(path)), dict.fromkeys(found), path)

    def _compare(self, held, found, path):
        changes = sorted(differences(held, found, ": ".join(path)))
        if changes:
            self.fail("\n" + "\n".join(changes))


def _held(path):
    held = SHAPES
    for name in path:
        held = held.get(name, {})
    return held


def value_of(item):
    """The name of the value in the help, with the default if it is a single word."""
    return item.value if item.default is None else f"{item.value}={item.default}"


def options_of(*command):
    """The options and arguments of a command and its commands, each with its value."""
    options = help_text.options(*command).values()
    found = {",".join(item.names): value_of(item) for item in options}
    found |= {item.names[0]: None for item in help_text.arguments(*command)}
    all_of_them = {" ".join(command) or "credmint": found}
    for name in help_text.commands(*command):
        all_of_them |= options_of(*command, name)
    return all_of_them


class CommandLine(Shapes, SystemTest):
    def test_commands_and_options(self):
        self.hold(options_of(), "commands")

    def test_a_version_is_a_line(self):
        self.assertRegex(self.succeed("version").decode(), r"\A\d+\.\d+\.\d+\n\Z")


class Configuration(Shapes, SystemTest):
    """Tries every option of the commands that read the file as a setting in every table."""

    def test_settings(self):
        names = {name for table in SHAPES["configuration"].values() for name in table}
        for command in ("credential-process", "serve"):
            names |= set(re.findall(r"--([\w-]+)", " ".join(options_of(command)[command])))
        tables = {table: self.settings(table, names) for table in TABLES}
        self.hold(tables, "configuration")

    def settings(self, table, names):
        types = {name: self.type_of(table, name) for name in names}
        return {name: kind for name, kind in types.items() if kind}

    def type_of(self, table, name):
        """The type of a setting, or None if the table does not have it."""
        said = self.said_of(table, name, "true")
        refused = ("there is no setting", "a secret does not belong", "is not a table")
        if any(reason in said for reason in refused):
            return None
        if "must be a number" in said:
            return "number"
        if "must be text" not in said:
            return "boolean"
        many = "not a list" not in self.said_of(table, name, '["a", "a"]')
        return "strings" if many else "string"

    def said_of(self, table, name, value):
        """Runs with this setting; returns stderr. The run fails early: its role has no ARNs."""
        head = f"[{table}]\n" if table != TOP else ""
        role = "[role.NAME]\n" if table != "role.NAME" else ""
        self.write("config.toml", f"{head}{name} = {value}\n{role}")
        command = "serve" if table == "serve" else "credential-process"
        result = self.run_program(command, "--config", "config.toml")
        self.assertEqual(result.status, program.USAGE, str(result))
        return result.stderr


class Documents(Shapes, unittest.TestCase):
    """Compares interfaces that no program lists with documents and files."""

    def test_exit_statuses(self):
        """Compares the numbers that the program has. ExitStatuses tests each name."""
        held = sorted(SHAPES["exit statuses"].values())
        text = documents.read("reference/exit-statuses.md")
        documented = [int(row.cells[0]) for row in documents.rows(text, "status")]
        self.assertEqual((held[0], held[1:]), (0, facts.of("exit statuses of failures")), ADD)
        self.assertEqual(documented, held)

    def test_variables(self):
        text = documents.read("reference/environment.md")
        cells = [row.cells[0] for row in documents.rows(text, "variable")]
        names = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
        self.hold_names(names, "variables that are read")

    def test_units(self):
        folder = documents.SOURCE / "systemd"
        names = {path.name.removesuffix(".in") for path in folder.glob("credmint-*")}
        self.hold_names(names, "units")

    def test_settings_of_the_modules(self):
        for module in ("credmint-pkcs11", "credmint-tpm2"):
            self.hold_names(facts.settings(module), "settings in openssl.cnf", module)


@expand
class ExitStatuses(MintTest):
    """Each status by a failure of its class. Status 1 is for defects, so no failure is known."""

    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()
        self.write("broken.key", "no key")
        self.write("other.pem", pki.pem(self.root.issue(pki.make_key().public_key())))

    def end(self, name, *flags):
        result = self.run_program(*self.arguments(*(flags or self.identity)))
        self.assertEqual(result.status, SHAPES["exit statuses"][name], str(result))

    def test_success(self):
        self.end("Success")

    @each(
        Usage=("--certificate", "web.pem", "--session-duration", "1"),
        Key=("--certificate", "web.pem", "--private-key", "broken.key"),
        Certificate=("--certificate", "other.pem", "--private-key", "web.key"),
        LocalIo=("--certificate", "web.pem", "--private-key", "none.key"),
    )
    def test_without_a_request(self, flags):
        name = self.id().rpartition("_")[2]
        self.end(name, *flags)

    def test_attestation(self):
        self.write("attestation", "{}")
        self.end_of_verification("Attestation")

    def test_not_proven(self):
        made = token.Token(self.folder / "t")
        made.generate("EC:prime256v1")
        self.env = made.env
        attested = self.succeed(
            *("key", "attest", "pkcs11:token=test", "--nonce", NONCE, "--pkcs11-lib", token.MODULE),
            *("--passin", f"pass:{self.secret(token.PIN)}"),
        )
        self.write("attestation", attested)
        self.end_of_verification("NotProven")

    def end_of_verification(self, name):
        command = ("key", "verify-attestation", "attestation", "--nonce", NONCE)
        result = self.run_program(*command)
        self.assertEqual(result.status, SHAPES["exit statuses"][name], str(result))

    def test_service(self):
        self.start_own_service(fail=["403"])
        self.end("Service")

    def test_network(self):
        dead = ("--endpoint", f"http://127.0.0.1:{dead_port(self)}", "--timeout", "0.5")
        self.end("Network", *self.identity, *dead)


class Outputs(Shapes, MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()
        self.env = {"XDG_RUNTIME_DIR": str(self.folder)}

    def hold_output(self, name, *values):
        self.hold(shape_of(*values), "outputs", name)

    def read(self, *command):
        return json.loads(self.succeed(*command))

    def test_credential_process(self):
        minted = self.read(*self.arguments(*self.identity))
        self.assertEqual(minted["Version"], 1)
        self.assertRegex(minted["Expiration"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
        self.hold_output("credential-process", minted)

    def test_cache_list(self):
        self.succeed(*self.arguments(*self.identity), "--cache")
        self.hold_output("cache list --json", self.read("cache", "list", "--json"))

    def test_read_certificate_data(self):
        command = ("read-certificate-data", "--certificate", "web.pem")
        shown = self.read(*command, "--format", "json")
        self.assertEqual(self.read(*command), shown)
        self.hold_output("read-certificate-data --format json", shown)

    def test_sign_string(self):
        command = ("sign-string", "--private-key", "web.key")
        signature = self.read(*command)
        self.hold_output("sign-string --format json", signature)
        text = self.succeed(*command, "--format", "text").decode()
        for shown in (signature, text):
            self.assertRegex(shown, r"\A([0-9a-f]{2})+\Z")

    def test_csr(self):
        command = ("csr", "--private-key", "web.key", "--subject", "/CN=web", "--dns", "web.example")
        self.hold_output("csr --json", self.read(*command, "--json"))

    def test_key_verify_attestation(self):
        made = tpm.Tpm(self, make_folder(self) / "t")
        certificate = endorsement.certify(self.root, endorsement.make_ek(made, "ecc"))
        made.write_nv("0x01c0000a", pki.der(certificate))
        self.env = made.env
        self.write("root.pem", pki.pem(self.root.certificate))
        self.succeed("key", "create", "--type", "ec-p256", "--out", "key.pem", "--pcr", "sha256:0")
        self.succeed("key", "attest", "key.pem", "--nonce", NONCE, "--out", "attestation")
        command = ("key", "verify-attestation", "attestation", "--nonce", NONCE)
        shown = self.run_program(*command, "--ek-ca", "root.pem", "--json")
        self.hold_output("key verify-attestation --json", json.loads(shown.stdout))

    def test_doctor(self):
        well = self.read("doctor", *self.arguments(*self.identity)[1:], "--json")
        run = self.run_program("doctor", "--json")
        _, *service = self.arguments()
        identities = "".join(
            f'[identity.{name}]\ncertificate = "web.pem"\nprivate-key = "{name}.key"\n'
            for name in ("web", "spare")
        )
        self.write("c.toml", f'{identities}[role.web]\nidentity = ["web", "spare"]\n')
        spare = self.run_program("doctor", "--json", "--config", "c.toml", *service)
        outputs = (well, json.loads(run.stdout), json.loads(spare.stdout))
        self.hold_output("doctor --json", *outputs)

    def test_config_check(self):
        self.write("c.toml", "colour = 1\n[role.web]\n")
        runs = [
            self.run_program("config", "check", "--json", path) for path in ("c.toml", "absent")
        ]
        self.hold_output("config check --json", *(json.loads(run.stdout) for run in runs))

    def test_list_of_files(self):
        self.write("key.pem", pki.pkcs8_pem(pki.make_key("RSA2048")), 0o644)
        self.write("both.pem", pki.pkcs8_pem(pki.make_key()) + pki.pem(self.root.certificate))
        key = pki.make_key()
        leaf = self.root.issue(key.public_key())
        self.write("pair.pem", pki.pkcs8_pem(key) + pki.pem(leaf))
        self.write("locked.pem", pki.encrypted_pkcs8_pem(key, "x") + pki.pem(leaf))
        files = ("key.pem", "both.pem", "pair.pem", "locked.pem")
        shown = [self.read("list", "--json", file) for file in files]
        self.hold_output("list --json FILE", *shown)

    def test_list_of_tokens(self):
        made = token.Token(self.folder / "t")
        made.write_certificate(self.root.issue(made.generate("EC:prime256v1")))
        made.generate("RSA:2048", "rsa", "02")
        made.write_certificate(self.root.certificate, "root", "ca")
        self.env = made.env
        pin = ("--passin", f"pass:{self.secret(token.PIN)}")
        shown = [
            self.read("list", "--json", "--pkcs11-lib", token.MODULE),
            self.read("list", "--json", "--pkcs11-lib", token.MODULE, "pkcs11:token=test", *pin),
        ]
        self.hold_output("list --json", *shown)

    def test_list_of_a_tpm(self):
        made = tpm.Tpm(self, make_folder(self) / "t")
        leaf = self.root.issue(made.make_persistent("0x81000001"))
        made.make_persistent("0x81000002", "rsa2048")
        made.make_persistent("0x81000003", "ecc384:ecdsa-sha384")
        made.make_parent("0x81000010")
        other = made.folder / "other"
        made.tool("createprimary", "-Q", "-G", "hmac", "-a", tpm.SIGNING, "-c", other)
        made.tool("evictcontrol", "-Q", "-C", "o", "-c", other, "0x81000020")
        made.tool("flushcontext", "-t")
        made.write_nv("0x01900002", pki.der(leaf), size=1500)
        made.write_nv("0x01c00003", pki.der(self.root.certificate))
        made.write_nv("0x01c00004", pki.der(leaf), "policyread|ownerwrite")
        self.env = made.env
        self.hold_output("list --json --tpm", self.read("list", "--json", "--tpm"))

    def test_update(self):
        _, *flags = self.arguments(*self.identity)
        self.succeed("update", "--once", "--profile", "web", *flags)
        written = configparser.ConfigParser()
        written.read(self.folder / ".aws" / "credentials")
        self.hold_output("the profile of update", dict(written["web"]))


class Serve(Shapes, MintTest):
    """The service first refuses, so that the server has failures to show and count."""

    REFUSED = "403:AccessDeniedException:no"
    METADATA = "/meta-data/iam/security-credentials/demo"

    def setUp(self):
        super().setUp()
        self.start_own_service(fail=[self.REFUSED])
        more = ("--token-file", "token", "--port", "0", "--status-port", "0")
        self.server = Server(self, *self.write_identity(), *more, *self.arguments()[1:])
        wait_until(lambda: self.server.health() == (503, "demo: ServiceRefused (the service refuses)\n"))

    def recover(self):
        self.server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.server.health() == (200, "ok\n"))

    def test_answers(self):
        failed = [self.server.container(), self.server.container("none")]
        failed += [self.server.metadata(self.METADATA), self.server.metadata("/none")]
        self.assertEqual([answer.status for answer in failed], [502, 404, 502, 404])
        shapes = {"a failure": shape_of(*(json.loads(answer.body) for answer in failed))}
        self.recover()
        answers = {"/role/NAME": self.server.container()}
        for path in SHAPES["answers of serve"]:
            if path.startswith("/latest/") and path != "/latest/api/token":
                real = path.removeprefix("/latest").replace("NAME", "demo")
                answers[path] = self.server.metadata(real)
        for path, answer in answers.items():
            self.assertEqual(answer.status, 200, path)
            is_json = answer.headers["content-type"] == "application/json"
            shapes[path] = shape_of(json.loads(answer.body)) if is_json else "text"
        self.assertRegex(self.server.token(), r"\A\w+\Z")
        self.hold({**shapes, "/latest/api/token": "text"}, "answers of serve")

    def test_metrics(self):
        self.recover()
        self.server.container()
        text = self.server.metrics().text
        samples = re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", text, re.MULTILINE)
        labels = {name: ",".join(re.findall(r'(\w+)="', inside)) for name, inside in samples}
        types = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
        self.assertEqual(labels.keys(), types.keys())
        self.hold({name: f"{types[name]}{{{labels[name]}}}" for name in types}, "metrics")

    def test_what_it_prints(self):
        found = {
            name: value.replace(str(self.folder), "FOLDER")
            .replace(str(self.server.port), "PORT")
            .replace("demo", "NAME")
            for name, value in self.server.variables.items()
        }
        self.hold(found, "variables that serve prints")
        lines = self.server.printed.splitlines()
        others = [line for line in lines if not line.startswith(("export ", "#"))]
        self.assertEqual(others, [])

    def test_the_token_file(self):
        path = self.folder / "token"
        self.assertRegex(path.read_text(), rf"\A{SHAPES['token file']}\Z")
        self.assertEqual(path.stat().st_mode & 0o7777, 0o600)

    def test_it_ends_well(self):
        self.assertEqual(self.server.end(signal.SIGTERM).status, program.SUCCESS)


@expand
class CacheEntries(Shapes, MintTest):
    """The form of cache entries, and the use of entries of an older or newer version."""

    def setUp(self):
        super().setUp()
        self.start_own_service()
        self.env = {"XDG_RUNTIME_DIR": str(self.folder)}
        self.command = (*self.arguments(*self.write_identity()), "--cache")
        self.first = self.succeed(*self.command)
        (self.path,) = (self.folder / "credmint").glob("*.json")
        self.entry = json.loads(self.path.read_text())

    def mint_with(self, entry):
        """Runs the command with this cache entry; returns its stdout."""
        self.path.write_text(json.dumps(entry))
        return self.succeed(*self.command)

    def expect_mints(self, count):
        self.assertEqual(len(self.service.requests()), count)

    def test_members(self):
        self.assertRegex(self.path.name, r"\A[0-9a-f]{64}\.json\Z")
        self.assertEqual(self.entry["Key"], self.path.stem)
        self.hold({**shape_of(self.entry), "Format": self.entry["Format"]}, "cache entry")

    def test_what_is_held_is_enough(self):
        kept = {name: value for name, value in self.entry.items() if name in SHAPES["cache entry"]}
        del kept["Credentials"]["AccountId"]
        minted = json.loads(self.first)
        del minted["AccountId"]
        self.assertEqual(json.loads(self.mint_with(kept)), minted)
        self.expect_mints(1)

    @each(text="later", number=2, object={"a": [None]})
    def test_more_members(self, value):
        more = {**self.entry, "Later": value}
        more["Credentials"] = {"Later": value, **self.entry["Credentials"]}
        self.assertEqual(self.mint_with(more), self.first)
        self.expect_mints(1)

    @each(newer=2, older=0, text="1", none=None)
    def test_another_format(self, number):
        """Another format is a miss: the entry is replaced, and no command fails."""
        other = {**self.entry, "Format": number}
        self.assertNotEqual(self.mint_with(other), self.first)
        self.assertEqual(json.loads(self.path.read_text()).keys(), self.entry.keys())
        self.expect_mints(2)
        self.path.write_text(json.dumps(other))
        self.assertEqual(json.loads(self.succeed("cache", "list", "--json")), [])
        self.assertEqual(self.succeed("cache", "clear"), b"")
        self.assertFalse(self.path.exists())


class Itself(unittest.TestCase):
    """The shapes and the messages about changes."""

    def test_shapes(self):
        self.assertEqual(
            shape_of({"a": 1, "b": [{"c": None}]}, {"b": [{"c": "x", "d": True}]}),
            {"a?": "integer", "b": [{"c": "null or string", "d?": "boolean"}]},
        )

    def test_changes(self):
        held = {"gone": "string", "list": [{"x": "integer"}], "same": None}
        found = {"new": "string", "list": [{"x": "string"}], "same": None}
        self.assertEqual(
            sorted(differences(held, found, "here")),
            [
                f"here: gone is gone; {RELY}",
                f'here: list: 0: x: it was "integer" and is "string"; {RELY}',
                f"here: new is new; {ADD}",
            ],
        )


if __name__ == "__main__":
    unittest.main()
