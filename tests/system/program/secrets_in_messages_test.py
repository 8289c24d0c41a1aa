#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A key or secret given by mistake as a path, a name or a source is never printed.

Each command gets keys in every option that takes text, and must not print any part of them. With
CREDMINT_TEST_ALL each option gets every form of a key, otherwise a few forms.
"""

import base64
import json
import os
import re
import secrets
import textwrap
import unittest

from support import emulator, help_text, pki, program, token
from support.cases import each, expand
from support.system_test import SystemTest, make_folder

WINDOW = 16
HUNTER = "hunter2-and-more"
ALL = bool(os.environ.get("CREDMINT_TEST_ALL"))
# One form of each kind. Once a command has had all forms, the rest only take time.
KINDS = ("pem", "base64", "base64 with escapes", "URI of base64", "long text", "two lines")
FEW = ("pem", "base64 with escapes", "long text")
SESSION = dict(zip(emulator.SESSION_FLAGS[::2], emulator.SESSION_FLAGS[1::2]))
# The service refuses every request, so that no command waits and asks again.
SERVICE = "http://service"
REFUSAL = "403:AccessDeniedExceptionx9999"
NOWHERE = ("--endpoint", SERVICE, "--timeout", "2")
FILES = ("--certificate", "web.pem", "--private-key", "web.key")
# The arguments of each command: only the option under test is wrong, and the command ends.
COMMANDS = {
    "credential_process": ("credential-process", *FILES, *emulator.SESSION_FLAGS, *NOWHERE),
    "exec": ("exec", *FILES, *emulator.SESSION_FLAGS, *NOWHERE),
    "doctor": ("doctor", *FILES, *emulator.SESSION_FLAGS, *NOWHERE),
    "update": ("update", "--once", *FILES, *emulator.SESSION_FLAGS, *NOWHERE),
    "serve": ("serve", *FILES, *emulator.SESSION_FLAGS, *NOWHERE, "--listen", "192.0.2.1"),
    "sign_string": ("sign-string", "--private-key", "web.key"),
    "read_certificate_data": ("read-certificate-data", "--certificate", "web.pem"),
    "list": ("list", "pkcs11:token=none"),
    "token": ("token", "init", "pkcs11:token=none;slot-id=999999", "--so-passin", "env:NONE"),
    "key": ("key", "create", "pkcs11:token=none;object=web", "--type", "ec-p256"),
    "reference": ("key", "reference", "pkcs11:token=none;object=web", "--out", "new.pem"),
    "attest": ("key", "attest", "pkcs11:token=none;object=web", "--nonce", "00" * 16),
    "verify_attestation": ("key", "verify-attestation", "none.attestation", "--nonce", "00" * 16),
    "import_certificate": ("import-certificate", *FILES, "--to", "new.pem"),
    "renew": ("renew", *FILES, "--exec", "false", "--force"),
    "init": ("init", "--token", "none", "--yes", "--subject", "/CN=a/CN=b"),
    "csr": ("csr", "--private-key", "pkcs11:token=none", "--subject", "/CN=web"),
}
FORMS = {
    "plain": (),
    "debug": ("--debug",),
    "json": ("--debug", "--log-format", "json"),
}


FORMS_IN_LOGS = (("pem", "debug"), ("base64", "json"), ("URI of base64", "json"))


def few_for(command):
    """The commands share their options, so one form is enough for the others."""
    return FEW if command[0] == "credential-process" else FEW[:1]


def handed_in(key, leaf):
    """Texts that contain a key, by their form."""
    pem = pki.pkcs8_pem(key).decode()
    der = base64.b64encode(pki.pkcs8_der(key)).decode()
    lines = textwrap.wrap(der, 64)
    return {
        "pem": pem,
        "bundle": pki.pem(leaf).decode() + pem,
        "pem on one line": pem.replace("\n", "\\n"),
        "traditional pem": pki.traditional_pem(key).decode(),
        "encrypted pem": pki.encrypted_pkcs8_pem(key, HUNTER).decode(),
        "base64": der,
        "base64 for urls": base64.urlsafe_b64encode(pki.pkcs8_der(key)).decode(),
        "base64 with blanks": " ".join(lines),
        "base64 in lines": "\n".join(lines),
        "base64 with escapes": "\\n".join(lines),
        "base64 without its first line": "\\n".join(lines[1:] * 2),
        "base64 without its end": der[: len(der) // 2],
        "base64 of pem": base64.b64encode(pem.encode()).decode(),
        "file: of base64": f"file:{der}",
        "path of base64": f"./{der}",
        "unknown scheme of base64": f"base64:{der}",
        "URI of base64": f"pkcs11:token={der}",
        "long text": secrets.token_hex(200),
        "two lines": f"{secrets.token_hex(20)}\n{secrets.token_hex(20)}",
    }


def bare(text):
    return re.sub(r"-----[A-Z ]+-----|\\n|\s", "", text)


def name_of(command):
    """The words of a command line that are the command's name."""
    return command[:2] if command[0] in ("key", "token") else command[:1]


def text_options(*command):
    """The options of a command that take a value."""
    return [name for name, option in help_text.options(*command).items() if option.value]


class SecretsTest(SystemTest):
    @classmethod
    def setUpClass(cls):
        key = pki.make_key()
        root = pki.make_root()
        leaf = root.issue(key.public_key())
        cls.service = emulator.Emulator(root.certificate, fail=[REFUSAL])
        cls.addClassCleanup(cls.service.stop)
        cls.files = {"web.key": pki.pkcs8_pem(key), "web.pem": pki.pem(leaf)}
        other = pki.make_key()
        cls.values = handed_in(other, pki.make_root().issue(other.public_key()))
        rsa = pki.make_key("RSA2048")
        cls.values |= {"rsa pem": pki.pkcs8_pem(rsa).decode()}
        cls.values |= {"rsa base64": base64.b64encode(pki.pkcs8_der(rsa)).decode()}

    def setUp(self):
        super().setUp()
        for name, contents in self.files.items():
            self.write(name, contents)

    def check_run(self, value, *arguments, **more):
        """Runs the program, which must not print any part of `value`."""
        arguments = [self.service.url if part == SERVICE else part for part in arguments]
        result = self.run_program(*arguments, **more)
        printed = bare(result.stderr + result.stdout.decode(errors="replace"))
        secret = bare(value)
        for start in range(max(len(secret) - WINDOW, 0) + 1):
            self.assertNotIn(secret[start : start + WINDOW], printed, str(result))
        return result


@expand
class Options(SecretsTest):
    @each(**COMMANDS)
    def test_no_option_repeats_a_key(self, command):
        options = text_options(*name_of(command))
        self.assertGreater(len(options), 5)
        every = self.values if command[0] in ("credential-process", "list") else KINDS
        names = every if ALL else few_for(command)
        for option in options:
            for name in names:
                self.check_run(self.values[name], *command, option, self.values[name])

    @each(**COMMANDS)
    def test_no_log_repeats_a_key(self, command):
        for option in text_options(*name_of(command)):
            for name, form in FORMS_IN_LOGS[: 3 if ALL else len(few_for(command))]:
                value = self.values[name]
                self.check_run(value, *command, option, value, *FORMS[form])

    @each(**COMMANDS)
    def test_no_option_repeats_a_secret_in_place_of_its_source(self, command):
        for option in text_options(*name_of(command)):
            if not option.endswith(("passin", "password")):
                continue
            for source in ("", "file:", "pass:", "env:", "fd:", "secret:"):
                self.check_run(HUNTER, *command, option, source + HUNTER, *FORMS["json"])

    @each(
        joined=lambda option, value: [f"{option}={value}"],
        twice=lambda option, value: [option, value, option, "x"],
    )
    def test_forms_of_an_option(self, arguments):
        command = COMMANDS["credential_process"]
        for option in text_options(*name_of(command)):
            for name in ("pem", "base64"):
                value = self.values[name]
                self.check_run(value, *command, *arguments(option, value))

    def test_no_command_repeats_an_argument(self):
        for command in (*COMMANDS.values(), ("version",), ("cache", "list"), ("cache",), ("config", "check"), (), ("help",)):
            for value in self.values.values():
                self.check_run(value, *command, value)

    def test_a_key_is_named_for_what_it_is(self):
        for flag, name, expected, what in (
            ("--private-key", "pem", "a path or a URI", "the contents of a PEM file"),
            ("--private-key", "pem on one line", "a path or a URI", "the contents of a PEM file"),
            ("--certificate", "bundle", "a path or a URI", "the contents of a PEM file"),
            ("--policy-key", "base64", "a path or a URI", "base64 of a DER structure"),
            ("--intermediates", "base64 of pem", "a path or a URI", "base64 of a PEM file"),
            ("--private-key", "two lines", "a path or a URI", "text of several lines"),
            ("--private-key", "long text", "a path or a URI", "text of 400 bytes"),
            ("--pkcs11-lib", "pem", "a path", "the contents of a PEM file"),
            ("--ca-bundle", "base64", "a path", "base64 of a DER structure"),
            ("--config", "pem", "a path", "the contents of a PEM file"),
            ("--region", "pem", "other text", "the contents of a PEM file"),
        ):
            result = self.check_run(
                self.values[name], *COMMANDS["credential_process"], flag, self.values[name]
            )
            self.check_failure(result, program.USAGE, f"{flag}: {expected} is expected, not {what}")
            self.assertEqual(result.stderr.count(what), 1)


class Settings(SecretsTest):
    """The same values in a configuration file."""

    SECTIONS = {"": ("credential-process",), "serve": ("serve",), "identity.x": ("credential-process",)}
    SECTIONS |= {"role.web": ("credential-process",)}

    def test_no_setting_repeats_a_key(self):
        options = {*text_options("credential-process"), *text_options("serve")}
        for section, command in self.SECTIONS.items():
            for option in sorted(options):
                for name in FEW if ALL else FEW[:1]:
                    self.run_with(section, option.removeprefix("--"), self.values[name], *command)

    def test_no_setting_repeats_a_secret_in_place_of_its_source(self):
        for option in ("passin", "tpm-key-password", "pkcs8-password"):
            for source in ("", "file:", "pass:"):
                self.run_with("identity.x", option, source + HUNTER, "credential-process", secret=HUNTER)

    def run_with(self, section, setting, value, *command, secret=None):
        """Runs with one wrong setting. Key and certificate are flags, unless one is that setting."""
        settings = {**SESSION, "--endpoint": self.service.url}
        lines = [f"{name[2:]} = {json.dumps(text)}" for name, text in settings.items()]
        tables = {"": [], "defaults": [], "serve": [], "identity.x": [], "role.web": lines}
        tables[section] = [line for line in tables[section] if not line.startswith(f"{setting} =")]
        tables[section].append(f"{setting} = {json.dumps(value)}")
        text = "".join(
            (f"[{name}]\n" if name else "") + "".join(f"{line}\n" for line in content)
            for name, content in tables.items()
        )
        self.write("c.toml", text)
        files = FILES if setting not in ("certificate", "private-key") else ()
        more = ("--listen", "192.0.2.1") if command[0] == "serve" else ()
        flags = ("--config", "c.toml", *files, *more, *FORMS["json"])
        result = self.check_run(secret or value, *command, *flags)
        self.assertNotEqual(result.status, program.SUCCESS)
        checked = self.check_run(secret or value, "config", "check", "c.toml")
        self.assertNotEqual(checked.status, program.SUCCESS)

    def test_a_key_in_place_of_the_configuration(self):
        self.check_run(
            self.files["web.key"].decode(), "credential-process", "--config", "web.key"
        )


class Environment(SecretsTest):
    def test_no_variable_is_repeated(self):
        for variable, command in (
            ("AWS_SHARED_CREDENTIALS_FILE", COMMANDS["update"]),
            ("AWS_CONFIG_FILE", COMMANDS["update"]),
            ("AWS_ENDPOINT_URL", (*COMMANDS["update"][:-4],)),
            ("AWS_ENDPOINT_URL_ROLESANYWHERE", (*COMMANDS["update"][:-4],)),
            ("TPM2TOOLS_TCTI", ("list", "--tpm")),
            ("TSS2_TCTI", ("list", "--tpm")),
            ("XDG_RUNTIME_DIR", (*COMMANDS["credential_process"], "--cache")),
            ("RUNTIME_DIRECTORY", (*COMMANDS["credential_process"], "--cache")),
            ("CREDENTIALS_DIRECTORY", (*COMMANDS["credential_process"], "--passin", "cred:x")),
        ):
            for name in ("pem", "base64", "long text", "two lines"):
                value = self.values[name]
                with self.subTest(variable, value=name):
                    self.check_run(value, *command, env={variable: value})


@expand
class SourcesOfSecrets(SecretsTest):
    """The secret is needed for an encrypted key file or a token."""

    def setUp(self):
        super().setUp()
        self.write("web.key", pki.encrypted_pkcs8_pem(pki.make_key(), "another"))

    def sign(self, *flags):
        return self.check_run(HUNTER, "sign-string", *flags)

    @each("file:", "env:")
    def test_a_secret_behind(self, source):
        result = self.sign("--private-key", "web.key", "--passin", source + HUNTER)
        self.assertNotEqual(result.status, program.SUCCESS)

    def test_a_number_that_is_no_descriptor(self):
        result = self.run_program("sign-string", "--private-key", "web.key", "--passin", "fd:730155")
        self.assertNotIn("730155", result.stderr)

    def test_a_path_that_is_not_there_is_named(self):
        result = self.run_program("sign-string", "--private-key", "web.key", "--passin", "file:./absent")
        self.check_failure(result, program.KEY, "cannot read ./absent: No such file")

    def test_a_file_that_is_there_is_named(self):
        self.write("open", "x", mode=0o644)
        result = self.run_program("sign-string", "--private-key", "web.key", "--passin", "file:open")
        self.check_failure(result, program.KEY, "open holds a secret", hint="chmod 600 open")

    @each("", "file:", "%7c")
    def test_a_pin_source_of_a_uri(self, source):
        softhsm = token.Token(make_folder(self) / "t")
        softhsm.generate("EC:prime256v1")
        self.env = softhsm.env
        uri = f"pkcs11:token=test;object=web?pin-source={source}{HUNTER}"
        for form in FORMS.values():
            flags = ("--private-key", uri, "--pkcs11-lib", token.MODULE, *form)
            self.assertNotEqual(self.sign(*flags).status, program.SUCCESS)

    @each(
        "pkcs11:token=none;pin=",
        "pkcs11:token=none;pin-vaule=",
        "pkcs11:token=none?pin-value",
        "pkcs11:token=none?pin-vaule=",
        "pkcs11:token=none;pin-value=",
        "pkcs11:",
        "strange:key?pin-value=",
        "strange:key;password=",
    )
    def test_a_pin_in_a_uri_that_is_wrong(self, uri):
        for form in FORMS.values():
            self.sign("--private-key", uri + HUNTER, "--pkcs11-lib", token.MODULE, *form)
            self.check_run(HUNTER, "list", uri + HUNTER, "--pkcs11-lib", token.MODULE, *form)


if __name__ == "__main__":
    unittest.main()
