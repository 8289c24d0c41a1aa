#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Completion of the command line in bash, zsh and fish, each on a terminal."""

import json
import pathlib
import re
import time
import unittest

from support import help_text, manual, misbehaving, pki, program, token, tpm
from support.cases import each, expand
from support.completing_shell import CompletingShell
from support.serve import wait_until
from support.system_test import SystemTest, make_folder
from support.terminal import Terminal

SHELLS = ("bash", "zsh", "fish")
SECRET = "hunter2-3917"
CONFIGURATION = f"""
[identity.a]
certificate = "{SECRET}.pem"
[role.web]
[role.backup-1]
[role.backup-2]
"""

# {line: the words that it becomes}
UNIQUE = {
    "a command": ("credmint li", ["list"]),
    "a command of a command": ("credmint cache cl", ["cache", "clear"]),
    "a command after help": ("credmint help cac", ["help", "cache"]),
    "an option": ("credmint list --js", ["list", "--json"]),
    "a rare option": ("credmint serve --no-v", ["serve", "--no-verify-ssl"]),
    "a word": ("credmint sign-string --format j", ["sign-string", "--format", "json"]),
    "a word after =": ("credmint sign-string --format=j", ["sign-string", "--format=json"]),
    "a role": ("credmint serve --role w", ["serve", "--role", "web"]),
    "a part of two roles": ("credmint serve --role b", ["serve", "--role", "backup-"]),
    "a role after =": ("credmint serve --role=w", ["serve", "--role=web"]),
    "a role of another file": (
        "credmint serve --config o.toml --role o",
        ["serve", "--config", "o.toml", "--role", "other"],
    ),
    "a file": ("credmint serve --private-key we", ["serve", "--private-key", "web key.pem"]),
    "a file after =": ("credmint serve --private-key=we", ["serve", "--private-key=web key.pem"]),
    "a file with a PIN": ("credmint list --passin file:pi", ["list", "--passin", "file:pin"]),
    "a file to list": ("credmint list we", ["list", "web key.pem"]),
    "a file in a folder": ("credmint list sub/de", ["list", "sub/deep.pem"]),
    "a source": ("credmint list --passin cr", ["list", "--passin", "cred:"]),
    "a scheme": ("credmint list pkcs", ["list", "pkcs11:"]),
    "a program": (
        "credmint exec --role web -- credm",
        ["exec", "--role", "web", "--", "credmint"],
    ),
    "a file for a program": (
        "credmint exec -- show we",
        ["exec", "--", "show", "web key.pem"],
    ),
    "nothing of an unknown option": ("credmint list --zebra=we", ["list", "--zebra=we"]),
    "nothing of an unknown command": ("credmint zebra we", ["zebra", "we"]),
}


class CompletionTest(SystemTest):
    def setUp(self):
        super().setUp()
        for name in ("web key.pem", "pin"):
            self.write(name, "")
        (self.folder / "sub").mkdir()
        self.write("sub/deep.pem", "")
        (self.folder / ".config" / "credmint").mkdir(parents=True)
        self.write(".config/credmint/config.toml", CONFIGURATION)
        self.write("o.toml", "[role.other]\n")

    def asked(self, *words, env=None):
        """The candidates that the program gives for the last word."""
        lines = self.succeed("__complete", *words, env=env).decode().splitlines()
        return [line.partition("\t")[0] for line in lines]


@expand
class Shells(CompletionTest):
    @each(*SHELLS)
    def test_completes_in(self, shell):
        at_shell = CompletingShell(self, shell, self.folder, self.env)
        for name, (line, words) in UNIQUE.items():
            with self.subTest(name):
                self.assertEqual(at_shell.complete(line), ["credmint", *words])

    @each(*SHELLS)
    def test_offers_several_in(self, shell):
        for line, *wanted in (
            ("credmint ", "credential-process", "read-certificate-data", "version"),
            ("credmint serve --role backup-", "backup-1", "backup-2"),
            ("credmint list --pass", "--passin"),
        ):
            at_shell = CompletingShell(self, shell, self.folder, self.env)
            at_shell.offer(line, *wanted)

    @each("zsh", "fish")
    def test_says_what_they_are_in(self, shell):
        at_shell = CompletingShell(self, shell, self.folder, self.env)
        at_shell.offer("credmint ", "Print the version", "Show a certificate")

    @each(*SHELLS)
    def test_is_quiet_about_a_broken_file_in(self, shell):
        self.write(".config/credmint/config.toml", f"[role.{SECRET}\n")
        at_shell = CompletingShell(self, shell, self.folder, self.env)
        self.assertEqual(at_shell.complete("credmint serve --role w")[-1], "w")
        self.assertNotIn("config.toml", at_shell.shown)


class OnAToken(CompletionTest):
    """A token behind OpenSC's spy, which logs calls."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t", label="prod one")
        public_key = cls.original.generate("EC:prime256v1")
        cls.original.write_certificate(pki.make_root().issue(public_key))

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.log = self.folder / "spy"
        self.env = token.spied(self.token.env, self.log)
        self.module = ("--pkcs11-lib", token.SPY)


@expand
class Tokens(OnAToken):
    def uris(self, form="shortUri"):
        """The URI of the token, and those of its certificates, as shown without a PIN."""
        listed = json.loads(self.succeed("list", "--json", *self.module))
        slots = [slot for module in listed["modules"] for slot in module["slots"]]
        (found,) = [it["token"] for it in slots if it["token"] and it["token"]["label"] == "prod one"]
        return found[form], [certificate[form] for certificate in found["certificates"]]

    def test_are_asked_for_what_they_show(self):
        of_token, (of_certificate,) = self.uris()
        offered = self.asked("list", *self.module, "pkcs11:")
        self.assertIn(of_token, offered)
        self.assertIn(of_certificate, offered)

    def test_are_offered_in_full_once_typed_so(self):
        of_token, (of_certificate,) = self.uris("uri")
        offered = self.asked("list", *self.module, "pkcs11:model=")
        self.assertIn(of_token, offered)
        self.assertIn(of_certificate, offered)

    def test_are_not_asked_before_a_scheme_is_typed(self):
        for words in (("list", *self.module, ""), ("serve", *self.module, "--certificate", "pkcs")):
            self.asked(*words)
        self.assertFalse(self.log.exists())

    def test_are_not_logged_in_to(self):
        secrets = ("--passin", f"pass:{token.PIN}", "--login")
        self.assertTrue(self.asked("list", *secrets, *self.module, f"pkcs11:"))
        self.assertIn("C_FindObjects", token.calls(self.log))
        self.assertNotIn("C_Login", token.calls(self.log))

    def test_nobody_is_asked_for_a_pin(self):
        words = ("__complete", "list", "--login", *self.module, "pkcs11:")
        terminal = Terminal(self, words, self.folder, self.env)
        result = terminal.finish()
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""))
        self.assertIn(b"pkcs11:", result.stdout)
        self.assertEqual(terminal.shown, b"")

    @each(*SHELLS)
    def test_in(self, shell):
        of_token, (of_certificate,) = self.uris()
        at_shell = CompletingShell(self, shell, self.folder, self.env)
        line = f"credmint list --pkcs11-lib {token.SPY} "
        typed = of_certificate[: of_certificate.index("type=c") + 6]
        for quote, what in (("'", "in quotes"), ("", "without quotes")):
            with self.subTest(what):
                start = typed if quote else typed.replace(";", "\\;")
                words = at_shell.complete(line + quote + start)
                self.assertEqual(words[-1], of_certificate)


@expand
class Limits(CompletionTest):
    @each("C_Initialize", "C_GetSlotList", "C_FindObjects")
    def test_a_module_that_hangs_in(self, call):
        own = token.Token(self.folder / "t")
        own.generate("EC:prime256v1")
        self.env = misbehaving.environment(own.env, f"hang={call}")
        started = time.monotonic()
        module = ("--pkcs11-lib", misbehaving.module())
        self.assertEqual(self.asked("list", *module, "--key-timeout", "0", "pkcs11:"), [])
        self.assertLess(time.monotonic() - started, 7)
        wait_until(lambda: not self.left_behind())

    def left_behind(self):
        """Processes of the program that still run in this test's folder."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes()
                name = (process / "comm").read_text()
            except OSError:
                continue
            if str(self.folder).encode() in environment and name.startswith("credmint"):
                found.append(process.name)
        return found

    def test_a_tpm(self):
        device = tpm.Tpm(self, self.folder / "tpm")
        device.make_persistent("0x81000002")
        self.assertIn("handle:0x81000002", self.asked("serve", "--private-key", "handle:", env=device.env))

    def test_no_device(self):
        env = {"TPM2TOOLS_TCTI": "device:/nowhere"}
        self.assertEqual(self.asked("serve", "--private-key", "handle:", env=env), [])
        self.assertEqual(self.asked("list", "--pkcs11-lib", "/nowhere.so", "pkcs11:"), [])

    def test_typed_secrets_are_not_repeated(self):
        self.secret(SECRET)
        for words in (
            ("serve", "--passin", f"pass:{SECRET}"),
            ("serve", f"--passin=pass:{SECRET}"),
            ("serve", "--passin", f"pass:{SECRET}", "--role", ""),
            ("list", f"pkcs11:token=prod?pin-value={SECRET}"),
        ):
            self.assertNotIn(SECRET.encode(), self.succeed("__complete", *words))

    def test_strange_words(self):
        for words in ((), ("",), ("--",), ("-",), ("=",), ("--=",), ("\n",), ("\\\n", "x"), ("help", ""),
                      ("list", "--json", "--json", ""), ("exec", "--", "--", ""), ("x" * 100000,)):
            self.succeed("__complete", *words)

    def test_is_no_command_for_people(self):
        self.assertNotIn("__complete", help_text.shown() + help_text.shown(flag="--help"))
        self.assertNotIn("__complete", self.asked(""))

    def test_is_quick(self):
        started = time.monotonic()
        for _ in range(10):
            self.asked("serve", "--role", "")
        self.assertLess(time.monotonic() - started, 5)


class Everything(CompletionTest):
    """All that the man pages describe is offered."""

    def test_commands(self):
        listed = re.findall(r"^\.It Cm ([\w-]+)$", manual.Page("credmint.1").text, re.MULTILINE)
        self.assertEqual(sorted(self.asked("")), sorted([*listed, "help"]))

    def test_options(self):
        shared = manual.Page("credmint-options.7").subsections()
        parts = {
            "key": ("create", "delete", "sign-policy", "reference", "attest", "verify-attestation"),
            "token": ("init",),
        }
        for command in set(self.asked("")) - {"help", "version", "cache", "config"}:
            named = [(command, part) for part in parts.get(command, ())] or [(command,)]
            page = manual.Page(f"credmint-{command}.1")
            described = page.own_options()
            for section in page.shared():
                described |= manual.options(shared[section])
            for option in described:
                offered = [name for each in named for name in self.asked(*each, option)]
                self.assertIn(option, offered, command)

    def test_rare_options_are_left_to_those_who_begin_one(self):
        offered = self.asked("serve", "--")
        self.assertIn("--private-key", offered)
        self.assertNotIn("--allow-weak-key", offered)
        self.assertEqual(self.asked("serve", "--allow-w"), ["--allow-weak-key"])


if __name__ == "__main__":
    unittest.main()
