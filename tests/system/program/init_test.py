#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""init: questions, flags, what it writes, what it refuses, and a rerun after it was killed.

whole_life_test.py follows what it prints up to credentials.
"""

import json
import re
import subprocess
import tomllib
import unittest

from cryptography import x509
from cryptography.x509.oid import NameOID

from support import emulator, program, token, tpm
from support.cases import each, expand
from support.enrolment import SOFTHSM_FLAGS, NewUser
from support.processes import run_tool
from support.requirements import miss, need
from support.strace import STRACE, need_strace
from support.terminal import ENTER, Terminal

LIB = ("--pkcs11-lib", token.MODULE)
TOKEN = ("--token", "prod", *LIB, *SOFTHSM_FLAGS)
FILES = {"aws-commands.sh", "config.toml", "request.csr"}
ARNS = {
    "trust-anchor-arn": emulator.TRUST_ANCHOR_ARN,
    "profile-arn": emulator.PROFILE_ARN,
    "role-arn": emulator.ROLE_ARN,
}
SHELLCHECK = "/usr/bin/shellcheck"
STEPS = "mkdir,rename,renameat2"


class InitTest(NewUser):
    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def refuse(self, status, message, *flags, hint=None, yes=("--yes",)):
        before = self.names()
        self.fail_with(status, message, "init", *flags, *yes, hint=hint)
        self.assertEqual(self.names(), before)

    def configuration(self, folder="keys"):
        return tomllib.loads((self.folder / folder / "config.toml").read_text())

    def make_softhsm(self):
        token.need_softhsm()
        program.need_back_end("pkcs11")
        self.make_empty_softhsm()

    def tokens(self):
        listed = run_tool(token.PKCS11_TOOL, "--module", token.MODULE, "--list-slots", env=self.env)
        return re.findall(r"token label +: (.*\S)", listed.decode())


@expand
class WithFlags(InitTest):
    def test_what_is_there_afterwards(self):
        self.init("--file", "keys", subject="/O=Example/CN=web.example")
        folder = self.folder / "keys"
        self.assertEqual({path.name for path in folder.iterdir()}, FILES | {"key.pem"})
        self.assertEqual(folder.stat().st_mode & 0o7777, 0o700)
        self.assertEqual((folder / "key.pem").stat().st_mode & 0o7777, 0o600)
        request = x509.load_pem_x509_csr((folder / "request.csr").read_bytes())
        self.assertTrue(request.is_signature_valid)
        self.assertEqual(request.subject.rfc4514_string(), "CN=web.example,O=Example")
        written = self.configuration()
        self.assertEqual(
            written["identity"],
            {
                "web-example": {
                    "certificate": f"{folder}/certificate.pem",
                    "private-key": f"{folder}/key.pem",
                }
            },
        )
        self.assertEqual(list(written["role"]), ["web-example"])

    def test_the_configuration_is_right_but_for_the_arns(self):
        put, _, _ = self.commands(self.init("--file", "keys"))
        self.sign("keys/request.csr")
        self.typed(put)
        result = self.run_program("config", "check", "keys/config.toml")
        self.assertEqual((result.status, result.stderr), (program.USAGE, ""))
        mistakes = re.findall(r"^keys/config.toml:\d+: .*$", result.stdout.decode(), re.M)
        self.assertEqual(len(mistakes), 3, result)
        for mistake in mistakes:
            self.assertRegex(mistake, "its account is 'ACCOUNT', not twelve digits")

    def test_a_token_is_made_once(self):
        self.make_softhsm()
        self.init(*TOKEN)
        self.assertEqual(self.tokens(), ["prod"])
        self.init(*TOKEN, "--out", "second", subject="/CN=second")
        self.assertEqual(self.tokens(), ["prod"])
        identity = self.configuration("second")["identity"]["second"]
        self.assertEqual(identity["private-key"], "pkcs11:token=prod;object=second")
        self.assertEqual(identity["pkcs11-lib"], token.MODULE)
        self.assertEqual(identity["passin"], f"file:{self.folder}/pin")

    def test_the_logins_of_a_new_token(self):
        """The security officer's for the user's PIN, the user's for the key and to open it."""
        self.make_softhsm()
        log = self.folder / "calls"
        self.env = token.spied(self.env, log)
        self.init("--token", "prod", "--pkcs11-lib", token.SPY, *SOFTHSM_FLAGS)
        calls = token.calls(log)
        self.assertEqual((calls.count("C_InitToken"), calls.count("C_GenerateKeyPair")), (1, 1))
        self.assertLessEqual(calls.count("C_Login"), 4, calls)

    def test_a_label_of_any_letters(self):
        self.make_softhsm()
        flags = ("--token", "Bär; /1", *LIB, *SOFTHSM_FLAGS)
        self.follow(self.init(*flags))
        self.assertEqual(self.tokens(), ["Bär; /1"])

    @each(stdin=("stdin", b"user-4815\n"), text=("pass:user-4815", b""))
    def test_a_pin_that_cannot_be_named_is_not_written(self, given):
        self.make_softhsm()
        source, stdin = given
        flags = ("--token", "prod", *LIB, "--so-passin", "file:so-pin", "--passin", source)
        printed = self.init(*flags, stdin=stdin)
        self.assertNotIn("passin", printed)
        contents = (self.folder / "credmint" / "config.toml").read_text()
        self.assertNotIn("user-4815", contents)
        self.assertNotIn("passin", self.configuration("credmint")["identity"]["web"])
        self.assertIn('#passin = "file:', contents)

    def test_an_empty_folder_is_filled(self):
        (self.folder / "keys").mkdir()
        self.init("--file", "keys/")
        self.assertTrue(FILES < {path.name for path in (self.folder / "keys").iterdir()})

    def test_a_folder_of_any_letters(self):
        place = "it's \"my\" $HOME \\ Bär"
        (self.folder / place).mkdir()
        self.follow(self.init("--file", f"{place}/new"), f"{place}/new")

    def test_a_working_directory_with_control_characters(self):
        odd = self.folder / "a\tb\x7f"
        odd.mkdir()
        result = program.run(("init", "--file", "keys", "--yes"), odd, self.env)
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), result)
        (identity,) = self.configuration(f"{odd}/keys")["identity"].values()
        self.assertEqual(identity["private-key"], f"{odd}/keys/key.pem")

    def test_type(self):
        self.init("--file", "keys", "--type", "rsa-2048")
        request = x509.load_pem_x509_csr((self.folder / "keys" / "request.csr").read_bytes())
        self.assertEqual(request.public_key().key_size, 2048)

    def test_subject_by_default(self):
        self.succeed("init", "--file", "keys", "--yes")
        request = x509.load_pem_x509_csr((self.folder / "keys" / "request.csr").read_bytes())
        self.assertEqual(len(request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)), 1)


@expand
class Refused(InitTest):
    def test_without_a_terminal(self):
        self.refuse(program.USAGE, "--yes is missing", "--file", "keys", yes=(), hint="--yes")

    def test_no_place(self):
        self.refuse(program.USAGE, "the place of the key is missing", hint="--token LABEL")

    @each(
        two_places=("more than one place", "--tpm", "0x81000002", "--token", "prod"),
        two_folders=("--out and the folder", "--file", "keys", "--out", "other"),
        no_cn=("it has no CN", "--file", "keys", "--subject", "/O=Example"),
        two_cns=("it has more than one CN", "--file", "keys", "--subject", "/CN=a/CN=b"),
        no_subject=("does not begin with '/'", "--file", "keys", "--subject", "web"),
        pin_of_a_tpm_key=("--passin does not apply", "--tpm", "0x81000002", "--passin", "file:pin"),
        so_pin=("--so-passin is for a new token", "--file", "keys", "--so-passin", "file:so-pin"),
        same_pins=("name the same source", *("--token", "p", "--so-passin", "file:pin"),
                   *("--passin", "file:pin")),
        owner=("--owner-passin does not apply", "--file", "keys", "--owner-passin", "file:pin"),
    )
    def test_flags(self, given):
        message, *flags = given
        self.refuse(program.USAGE, message, *flags)

    @each("file", "folder")
    def test_what_is_there_is_never_overwritten(self, kind):
        if kind == "file":
            self.write("keys", "a file")
        else:
            (self.folder / "keys").mkdir()
            self.write("keys/anything", "a file")
        self.refuse(program.LOCAL_IO, "making folder keys: File exists", "--file", "keys")

    def test_nothing_is_made_if_the_folder_is_there(self):
        self.make_softhsm()
        (self.folder / "credmint").mkdir()
        self.write("credmint/anything", "a file")
        self.refuse(program.LOCAL_IO, "making folder credmint: File exists", *TOKEN)
        self.assertEqual(self.tokens(), [])

    def refuse_to_replace(self, *flags, wrapper):
        (self.folder / "keys").mkdir(exist_ok=True)
        message = "a new one cannot take its place"
        hint = "name another folder"
        arguments = ("init", *flags, "--yes")
        self.fail_with(program.LOCAL_IO, message, *arguments, hint=hint, wrapper=wrapper)
        self.assertEqual(list((self.folder / "keys").iterdir()), [])

    @each("keys/.", "./keys/./")
    def test_nothing_is_made_for_a_folder_without_a_name(self, place):
        self.make_softhsm()
        self.refuse_to_replace(*TOKEN, "--out", place, wrapper=())
        self.assertEqual(self.tokens(), [])

    def test_nothing_is_made_for_the_present_folder(self):
        wrapper = ("sh", "-c", 'cd keys && exec "$@"', "sh")
        self.refuse_to_replace("--file", ".", wrapper=wrapper)
        (self.folder / "keys" / "new").mkdir()
        self.succeed("init", "--file", "./new", "--yes", wrapper=wrapper)

    @each(
        other_file_system="mount -t tmpfs none keys",
        same_file_system="mount --bind other keys",
    )
    def test_nothing_is_made_for_an_empty_mount_point(self, mount):
        self.make_softhsm()
        (self.folder / "other").mkdir()
        (self.folder / "keys").mkdir()
        wrapper = ("unshare", "-rm", "sh", "-c", f'cd "$0" && {mount} && exec "$@"', str(self.folder))
        if subprocess.run([*wrapper, "true"], check=False, capture_output=True).returncode != 0:
            miss("unshare may not make a mount namespace here")
        self.refuse_to_replace(*TOKEN, "--out", "keys", wrapper=wrapper)
        self.assertEqual(self.tokens(), [])

    def test_a_pin_is_missing(self):
        self.make_softhsm()
        self.refuse(program.KEY, "--so-passin is missing", "--token", "prod", *LIB)
        self.assertEqual(self.tokens(), [])

    def test_a_wrong_pin_is_sent_once(self):
        self.make_softhsm()
        self.init(*TOKEN)
        self.write("pin", self.secret("wrong-2342"))
        log = self.folder / "calls"
        self.env = token.spied(self.env, log)
        self.write("calls", "")
        flags = ("--token", "prod", "--pkcs11-lib", token.SPY, *SOFTHSM_FLAGS, "--out", "again")
        self.refuse(program.KEY, "the token refused the PIN", *flags)
        self.assertEqual(token.calls(log).count("C_Login"), 1)

    def test_a_key_is_used_only_if_the_user_says_so(self):
        self.make_softhsm()
        self.init(*TOKEN)
        again = (*TOKEN, "--subject", "/CN=web", "--out", "again")
        message = "there is a key pkcs11:token=prod;object=web already"
        self.refuse(program.USAGE, message, *again, hint="--use-existing-key")
        self.init(*TOKEN, "--out", "again", "--use-existing-key")
        first, second = (
            x509.load_pem_x509_csr((self.folder / name / "request.csr").read_bytes()).public_key()
            for name in ("credmint", "again")
        )
        self.assertEqual(first.public_numbers(), second.public_numbers())

    def test_a_token_that_was_killed_before_it_had_a_user_pin(self):
        self.make_softhsm()
        run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--slot-index", "0", "--init-token"),
            *("--label", "prod", "--so-pin", "officer-1623"),
            env=self.env,
        )
        message = "the token has no user PIN yet"
        self.refuse(program.KEY, message, *TOKEN, hint="pkcs11-tool --init-pin")

    def test_a_handle_in_use(self):
        device = tpm.Tpm(self, self.folder / "t")
        self.env = device.env
        device.make_persistent("0x81000002")
        before = device.name("0x81000002")
        message = "there is a key handle:0x81000002 already"
        self.refuse(program.USAGE, message, "--tpm", "0x81000002", hint="--use-existing-key")
        self.assertEqual(device.name("0x81000002"), before)


class Asked(InitTest):
    """A person at a terminal."""

    def start(self, *flags):
        return Terminal(self, ("init", *flags), self.folder, self.env)

    def answer(self, terminal, *questions):
        for question, typed in questions:
            terminal.wait_for(question)
            terminal.type(typed + ENTER)

    def end(self, terminal):
        result = terminal.finish()
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), result)
        return result.stdout.decode()

    def test_from_an_empty_token(self):
        self.make_softhsm()
        terminal = self.start(*LIB)
        self.answer(
            terminal,
            ("Where shall the private key be?\r\n  1  a new token\r\n"
             "  2  a plain file, which no device protects\r\n" "Number [1]: ", ""),
            ("credmint: Label of the new token [prod]: ", ""),
            ("]: ", "/CN=web"),
            ("New folder for request and configuration [credmint]: ", ""),
            ("PIN for the security officer of the new token: ", "officer-1623"),
            ("the security officer of the new token, again: ", "officer-1623"),
            ("PIN for the user of the new token: ", "user-4815"),
            ("the user of the new token, again: ", "user-4815"),
        )
        printed = self.end(terminal)
        self.assertNotIn("user-4815", terminal.shown.decode())
        self.assertEqual(self.tokens(), ["prod"])
        (put, _, _) = self.commands(printed)
        self.assertIn("'pkcs11:token=prod;object=web'", put)

    def test_from_an_untouched_tpm(self):
        self.env = dict(tpm.Tpm(self, self.folder / "t").env)
        terminal = self.start("--subject", "/CN=web", "--pkcs11-lib", "/missing.so")
        self.answer(
            terminal,
            ("  1  the TPM, at handle:0x81000002\r\n  2  a file, encrypted for the TPM\r\n"
             "  3  a plain file, which no device protects\r\n" "Number [1]: ", "1"),
            ("New folder for request and configuration [credmint]: ", "here"),
        )
        self.follow(self.end(terminal), "here")

    def test_the_next_free_handle_is_offered(self):
        device = tpm.Tpm(self, self.folder / "t")
        self.env = device.env
        device.make_persistent("0x81000002")
        terminal = self.start("--pkcs11-lib", "/missing.so")
        terminal.wait_for("Number [1]: ")
        self.assertIn(b"1  the TPM, at handle:0x81000003\r\n", terminal.shown)

    def test_a_token_that_is_there(self):
        self.make_softhsm()
        self.init(*TOKEN)
        terminal = self.start(*LIB, "--subject", "/CN=web", "--out", "again")
        self.answer(
            terminal,
            ("  1  the token 'prod'\r\n  2  a new token\r\n"
             "  3  a plain file, which no device protects\r\n" "Number [1]: ", ""),
            ("PIN for token 'prod': ", "user-4815"),
            ("There is a key pkcs11:token=prod;object=web already. Use it? Type yes: ", "yes"),
        )
        self.end(terminal)

    def test_a_number_that_is_not_there(self):
        terminal = self.start("--pkcs11-lib", "/missing.so")
        self.answer(terminal, ("Number [1]: ", "7"))
        result = terminal.finish()
        self.check_failure(result, program.USAGE, "the number that was typed is not in the list")


@expand
class AwsCommands(InitTest):
    def setUp(self):
        super().setUp()
        self.script = "sh keys/aws-commands.sh ca.pem"

    def policy(self):
        return json.loads(dict(self.aws.calls())["create-role"]["AssumeRolePolicyDocument"])

    def test_the_calls(self):
        """aws_cli.AwsCli checks them against botocore's models."""
        self.init("--file", "keys")
        self.typed(self.script)
        calls = dict(self.aws.calls())
        self.assertEqual(
            list(calls), ["create-trust-anchor", "create-role", "create-profile"]
        )
        given = calls["create-trust-anchor"]
        self.assertEqual((given["name"], given["enabled"]), ("web", True))
        self.assertEqual(given["source"]["sourceType"], "CERTIFICATE_BUNDLE")
        sent = given["source"]["sourceData"]["x509CertificateData"]
        self.assertEqual(x509.load_pem_x509_certificate(sent.encode()), self.root.certificate)
        expected = {
            "name": "web",
            "enabled": True,
            "roleArns": [emulator.ROLE_ARN],
            "durationSeconds": 3600,
        }
        self.assertEqual(calls["create-profile"], expected)
        (statement,) = self.policy()["Statement"]
        self.assertEqual(statement["Principal"], {"Service": "rolesanywhere.amazonaws.com"})
        self.assertEqual(
            statement["Condition"],
            {
                "ArnEquals": {"aws:SourceArn": emulator.TRUST_ANCHOR_ARN},
                "StringEquals": {"aws:PrincipalTag/x509Subject/CN": "web"},
            },
        )

    @each(
        quotes="a'b\"c",
        shell="$(id) `id` ${HOME} \\n",
        letters="Bär 東京 🔑",
        format="{} {name} %s",
        backslash="end\\\\",
    )
    def test_common_name(self, text):
        escaped = re.sub(r"([/+\\])", r"\\\1", text)
        self.init("--file", "keys", subject=f"/CN={escaped}")
        self.typed(self.script)
        request = x509.load_pem_x509_csr((self.folder / "keys" / "request.csr").read_bytes())
        (name,) = request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        (statement,) = self.policy()["Statement"]
        wanted = statement["Condition"]["StringEquals"]["aws:PrincipalTag/x509Subject/CN"]
        self.assertEqual(wanted.replace("${$}", "$"), name.value)
        self.assertNotIn("${", wanted.replace("${$}", ""))

    def test_the_arns_come_into_the_configuration(self):
        self.init("--file", "keys")
        self.typed(self.script)
        self.assertEqual(self.configuration()["role"], {"web": ARNS})

    def test_the_arns_are_printed_where_there_is_no_configuration(self):
        self.init("--file", "keys")
        (self.folder / "keys" / "aws-commands.sh").rename(self.folder / "elsewhere.sh")
        printed = self.typed("sh elsewhere.sh ca.pem")
        _, lines = printed.split("Put these lines into [role.web] of config.toml on the server:\n")
        self.assertEqual(tomllib.loads(lines), ARNS)

    def test_text_before_the_certificate(self):
        text = run_tool("/usr/bin/openssl", "x509", "-in", self.folder / "ca.pem", "-text")
        self.write("ca.pem", text)
        self.init("--file", "keys")
        self.typed(self.script)
        self.assertEqual(len(self.aws.calls()), 3)

    def test_nothing_is_called_without_a_certificate(self):
        self.init("--file", "keys")
        self.write("ca.pem", "not PEM")
        self.typed(self.script, status=1)
        self.typed("sh keys/aws-commands.sh", status=2)
        self.assertEqual(self.aws.calls(), [])

    def test_a_failure_ends_it_and_a_rerun_goes_on(self):
        self.init("--file", "keys")
        before = self.configuration()
        self.aws.answer({"create-trust-anchor": emulator.TRUST_ANCHOR_ARN})
        self.typed(self.script, status=1)
        self.assertEqual(self.configuration(), before)
        self.aws.answer(
            {"create-role": emulator.ROLE_ARN, "create-profile": emulator.PROFILE_ARN}
        )
        self.typed(f"TRUST_ANCHOR={emulator.TRUST_ANCHOR_ARN} sh keys/aws-commands.sh")
        self.assertEqual(self.configuration()["role"], {"web": ARNS})
        self.assertEqual([name for name, _ in self.aws.calls()].count("create-trust-anchor"), 1)

    @each("/CN=web", "/CN=it's $HOME \\\\ \"x\"")
    def test_shellcheck(self, subject):
        need(SHELLCHECK, "shellcheck")
        self.init("--file", "keys", subject=subject)
        run_tool(SHELLCHECK, self.folder / "keys" / "aws-commands.sh")


class Killed(InitTest):
    """Kills init at each step that changes a file or a folder, and runs it again."""

    def kill_at(self, when, calls, *flags):
        strace = (STRACE, "-f", "-o", "/dev/null", "-e", f"trace={calls}")
        wrapper = (*strace, "-e", f"inject={calls}:signal=KILL:when={when}")
        arguments = ("init", *flags, "--subject", "/CN=web", "--yes")
        result = program.run(arguments, self.folder, self.env, wrapper=wrapper)
        return result.status != program.SUCCESS

    def finish(self, *flags):
        """Runs it again, with the key that is there if it says so."""
        arguments = ("init", *flags, "--subject", "/CN=web", "--yes")
        result = self.run_program(*arguments)
        if result.status != program.SUCCESS:
            self.assertIn("there is a key", result.stderr)
            result = self.run_program(*arguments, "--use-existing-key")
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), result)
        return result.stdout.decode()

    def each_kill(self, start, calls, *flags):
        when = 1
        while True:
            start()
            if not self.kill_at(when, calls, *flags):
                break
            self.follow(self.finish(*flags), flags[1] if flags[0] != "--token" else "credmint")
            for name in ("keys", "credmint"):
                if (self.folder / name).exists():
                    (self.folder / name).rename(self.folder / f"{name}-{when}")
            when += 1
            self.assertLess(when, 100)
        return when

    def test_with_a_key_file(self):
        need_strace()
        self.assertGreaterEqual(self.each_kill(lambda: None, STEPS, "--file", "keys"), 5)

    def test_with_a_token(self):
        need_strace()
        program.need_back_end("pkcs11")
        self.made = 0

        def start():
            self.made += 1
            token.need_softhsm()
            folder = self.folder / f"objects-{self.made}"
            folder.mkdir()
            self.write("softhsm2.conf", f"directories.tokendir = {folder}\n")
            self.env = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}

        self.assertGreaterEqual(self.each_kill(start, STEPS, *TOKEN), 4)


if __name__ == "__main__":
    unittest.main()
