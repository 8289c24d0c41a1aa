#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`credmint doctor`: in each broken set-up the first `fail` is the cause, with a hint.

That it is the cause is checked against `credential-process`, which fails with the same status.
The guide has a row for the set-up, with the lines of both.
"""

import contextlib
import dataclasses
import json
import os
import re
import socket
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from support import documents, emulator, misbehaving, pki, program, token, tpm
from support.cases import each, expand
from support.ports import dead_port
from support.processes import die_with_parent
from support.proxy import Proxy
from support.system_test import MintTest, make_folder

VERDICTS = ("ok", "warn", "fail", "skip")
_LINE = re.compile(r"(ok|warn|fail|skip) +(\S+) +(.*)")
_HINT = re.compile(r"      hint: (\S.*)")
HANDLE = "0x81000001"
AUTH = "auth-27182818"
WRONG = "wrong-31415926"
PASSPHRASE = "phrase-16180339"


@dataclasses.dataclass
class Line:
    verdict: str
    subject: str
    text: str
    hint: str = ""


def read_report(stdout):
    """The lines of a report, each with its hint."""
    lines = []
    for line in stdout.decode().splitlines():
        if hint := _HINT.fullmatch(line):
            lines[-1].hint = hint[1]
        else:
            lines.append(Line(*_LINE.fullmatch(line).groups()))
    return lines


def described():
    """The rows of docs/guide/troubleshooting.md: (end of a mint's line, subjects, the doctor's)."""
    for row in documents.rows(documents.read("guide/troubleshooting.md"), "a command says"):
        said, subjects, doctor_says, _ = row.cells
        doctor_says = said if doctor_says == "the same" else doctor_says
        yield end_of_line(said), re.findall("`(.*?)`", subjects), end_of_line(doctor_says)


def end_of_line(cell):
    text = re.escape(documents.code(cell)).replace("…", ".*")
    return re.compile(rf"(.*(: | ))?{text}( \(attempt \d\))?")


class DoctorTest(MintTest):
    def setUp(self):
        super().setUp()
        for text in (token.PIN, AUTH, WRONG, PASSPHRASE):
            self.secret(text)

    def doctor(self, *flags, **more):
        """Runs the program; returns (its lines, the run)."""
        run = self.run_program("doctor", *flags, **more)
        self.assertEqual(run.stderr, "", str(run))
        for secret in self.secrets:
            self.assertNotIn(secret.encode(), run.stdout, str(run))
        lines = read_report(run.stdout)
        for line in lines:
            if line.verdict in ("warn", "fail"):
                self.assertTrue(line.hint, f"no hint for {line}\n{run}")
        return lines, run

    def flags(self, *flags):
        return self.arguments(*flags)[1:]

    def find_cause(self, subject, message, *flags, hint=".", and_in_a_mint=True, **more):
        """The first `fail` must be this, and a mint must fail with the status of the doctor."""
        lines, run = self.doctor(*flags, **more)
        failures = [line for line in lines if line.verdict == "fail"]
        self.assertTrue(failures, str(run))
        self.assertEqual(failures[0].subject, subject, str(run))
        self.assertRegex(failures[0].text, message, str(run))
        self.assertRegex(failures[0].hint, hint, str(run))
        minted = None
        if and_in_a_mint:
            own = {"--login", "--mint"}
            minted = self.run_program(
                "credential-process", *(flag for flag in flags if flag not in own), **more
            )
            self.assertEqual(run.status, minted.status, f"{run}\n{minted}")
        self.assertNotEqual(run.status, 0, str(run))
        self.check_is_described(failures[0], minted)
        return run

    def check_is_described(self, failure, minted):
        """A row of the guide has the doctor's line and that of the mint."""
        message = minted.stderr.splitlines()[0] if minted else None
        for said, subjects, doctor_says in described():
            if failure.subject in subjects and doctor_says.fullmatch(failure.text):
                if message is None or said.fullmatch(message):
                    return
        self.fail(f"docs/guide/troubleshooting.md has no row for:\n{failure}\n{message}")

    def well(self, *flags, **more):
        """All is well; returns the lines by subject."""
        lines, run = self.doctor(*flags, **more)
        self.assertEqual(run.status, program.SUCCESS, str(run))
        self.assertNotIn("fail", [line.verdict for line in lines], str(run))
        return {line.subject: line for line in lines}


FILES = '[identity.files]\ncertificate = "web.pem"\nprivate-key = "web.key"\n'


def defaults(url="http://localhost:1"):
    return (
        f'[defaults]\nendpoint = "{url}"\ntrust-anchor-arn = "{emulator.TRUST_ANCHOR_ARN}"\n'
        f'profile-arn = "{emulator.PROFILE_ARN}"\n'
    )


def role(name, more=""):
    return f'[role.{name}]\nrole-arn = "arn:aws:iam::{emulator.ACCOUNT}:role/{name}"\n{more}\n'


@expand
class BrokenConfigurations(DoctorTest):
    CASES = {
        "unknown_setting": ('colour = "red"\n' + FILES + role("web"), r"c.toml:1: .*colour", ""),
        "no_toml": ("[role.web\n", r"c.toml:1: ", ""),
        "unknown_table": ("[roles.web]\n", r"c.toml:1: ", "role"),
        "no_role": (FILES, "defines no role", r"\[role.NAME\]"),
        "no_identity": (defaults() + role("web"), r"c.toml:5: \[role.web\]: .*certificate", ""),
        "absent_identity": (
            FILES + defaults() + role("web", 'identity = "hsm"'),
            r"\[role.web\]: there is no \[identity.hsm\]",
            "",
        ),
        "which_identity": (
            FILES + '[identity.other]\ncertificate = "x"\n' + defaults() + role("web"),
            r"\[role.web\] names no identity",
            "files, other",
        ),
        "no_arns": (FILES + "[role.web]\n", r"c.toml:4: \[role.web\]: .*arn", ""),
        "another_region": (
            FILES + defaults() + role("web", f'profile-arn = "{emulator.PROFILE_ARN}"').replace(
                "us-east-1", "eu-west-1"
            ),
            "region",
            "of one region",
        ),
        "value_of_another_type": (
            FILES + defaults() + role("web", "cache = 12"),
            r"c.toml:\d+: .*cache",
            "",
        ),
    }

    @each(**CASES)
    def test(self, case):
        contents, message, hint = case
        self.write("c.toml", contents, 0o644)
        run = self.find_cause("configuration", message, "--config", "c.toml", hint=hint or ".")
        self.assertEqual(run.status, program.USAGE)

    def test_everyone_may_write_it(self):
        self.write("c.toml", FILES + defaults() + role("web"), 0o666)
        self.find_cause("configuration", "c.toml", "--config", "c.toml")

    def test_there_is_none(self):
        self.find_cause("configuration", "there is no configuration file", hint="config.toml")

    def test_it_lacks_the_role(self):
        self.write("c.toml", FILES + defaults() + role("web"), 0o644)
        self.find_cause(
            "configuration", r"no \[role.wbe\]", "--config", "c.toml", "--role", "wbe", hint="web"
        )

    def test_unknown_user(self):
        """Only serve asks for users."""
        program.need_server()
        self.write_identity()
        self.write(
            "c.toml",
            FILES + defaults(self.service.url) + "[serve]\n"
            + role("web", 'allow-users = ["nobody-of-this-name"]'),
            0o644,
        )
        self.find_cause(
            *("sharing", "nobody-of-this-name", "--config", "c.toml"),
            hint="getent passwd",
            and_in_a_mint=False,
        )

    def test_token_file_in_an_absent_folder(self):
        program.need_server()
        self.write_identity()
        serve = '[serve]\ntoken-file = "/absent/folder/token"\n'
        contents = FILES + defaults(self.service.url) + serve + role("web")
        self.write("c.toml", contents, 0o644)
        self.find_cause("sharing", "/absent/folder/token", "--config", "c.toml", and_in_a_mint=False)


@expand
class BrokenFiles(DoctorTest):
    def setUp(self):
        super().setUp()
        self.key = pki.make_key()
        self.identity = self.flags(*self.write_identity(self.key))

    def certify(self, **changes):
        self.write("web.pem", pki.pem(self.root.issue(self.key.public_key(), **changes)))

    def test_well(self):
        found = self.well(*self.identity, "--mint")
        self.assertRegex(found["key"].text, "EC prime256v1 in web.key")
        self.assertRegex(found["certificate"].text, r"CN=web.*: 29 days left, .*at CN=test root")
        self.assertRegex(found["mint"].text, self.last_request()["access_key_id"])

    CERTIFICATES = {
        "expired": ({"not_before": -9 * pki.DAY, "not_after": -2 * pki.DAY}, "it expired", "renew"),
        "not_yet_valid": ({"not_before": 2 * pki.DAY}, "it is not valid before", "clock"),
        "ca": ({"ca": True}, "CA:TRUE", "leaf"),
        "usage": ({"usage": {"key_agreement"}}, "digitalSignature", "digitalSignature"),
        "sha1": ({"digest": hashes.SHA1()}, "SHA1", "with SHA-256 or stronger"),
    }

    @each(**CERTIFICATES)
    def test_certificate(self, case):
        changes, message, hint = case
        self.certify(**changes)
        self.find_cause("certificate", message, *self.identity, hint=hint)

    def test_certificate_is_missing(self):
        (self.folder / "web.pem").unlink()
        self.find_cause("certificate", "cannot read web.pem", *self.identity, hint="path|name")

    def test_certificate_of_another_key(self):
        self.write("web.pem", pki.pem(self.root.issue(pki.make_key().public_key())))
        self.find_cause("certificate", "private key does not belong", *self.identity, hint="issued")

    def test_certificate_is_a_key(self):
        self.write("web.pem", pki.pkcs8_pem(self.key))
        self.find_cause("certificate", "web.pem", *self.identity)

    def test_selector_matches_none(self):
        flags = self.flags("--cert-selector", "Key=x509Subject,Value=CN=other")
        identity = ("--certificate", "web.pem", "--private-key", "web.key")
        self.find_cause("certificate", "no certificate matches", *identity, *flags, hint="names")

    def test_intermediates_are_missing(self):
        flags = ("--intermediates", "absent.pem")
        self.find_cause("certificate", "absent.pem", *self.identity, *flags)

    def test_key_is_missing(self):
        (self.folder / "web.key").unlink()
        self.find_cause("key", "cannot read web.key", *self.identity)

    def test_everyone_may_write_the_key(self):
        (self.folder / "web.key").chmod(0o666)
        self.find_cause("key", "web.key", *self.identity, hint="chmod")

    def test_key_is_weak(self):
        self.key = pki.make_key("RSA1024")
        self.write_identity(self.key)
        self.find_cause("key", "too weak", *self.identity, hint="another key")

    def encrypt(self):
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, PASSPHRASE))

    def test_no_passphrase(self):
        self.encrypt()
        self.find_cause("key", "needs a passphrase", *self.identity, hint="--passin")

    def test_wrong_passphrase(self):
        self.encrypt()
        self.write("phrase", WRONG)
        flags = ("--passin", "file:phrase")
        self.find_cause("key", "passphrase", *self.identity, *flags, hint="openssl pkey -noout")

    def test_passphrase_file_is_missing(self):
        self.encrypt()
        self.find_cause("key", "/absent", *self.identity, "--passin", "file:/absent")

    def test_others_may_read_the_passphrase(self):
        self.encrypt()
        self.write("phrase", PASSPHRASE, 0o644)
        flags = (*self.identity, "--passin", "file:phrase")
        self.find_cause("key", "phrase", *flags, hint="chmod")

    def test_variable_with_the_passphrase_is_not_set(self):
        self.encrypt()
        flags = (*self.identity, "--passin", "env:PHRASE")
        self.find_cause("key", "variable PHRASE is not set", *flags, hint="export it")

    def test_credential_is_missing(self):
        self.encrypt()
        flags = (*self.identity, "--passin", "cred:web-phrase")
        self.find_cause("key", "CREDENTIALS_DIRECTORY", *flags, hint="LoadCredential")

    @each("SSL_CERT_FILE", "SSL_CERT_DIR", "SOFTHSM2_CONF")
    def test_a_variable_with_a_missing_file_is_a_warning(self, name):
        """Nothing here needs the file."""
        lines, run = self.doctor(*self.identity, env={name: "/absent"})
        self.assertEqual(run.status, 0, str(run))
        (line,) = [line for line in lines if line.subject == "environment"]
        self.assertEqual(line.verdict, "warn")
        self.assertRegex(line.text, f"{name} .*No such file")

    def test_a_secret_that_is_not_needed_may_be_missing(self):
        for source in ("env:NOPE", "fd:9"):
            self.well(*self.identity, "--passin", source, "--mint")

    def test_a_passphrase_from_a_pipe_is_left_to_the_key(self):
        self.encrypt()
        reader, writer = os.pipe()
        os.write(writer, f"{PASSPHRASE}\n".encode())
        os.close(writer)
        flags = (*self.identity, "--passin", f"file:/dev/fd/{reader}", "--mint")
        self.well(*flags, pass_fds=(reader,))
        os.close(reader)

    def test_the_issuer_has_expired(self):
        below = self.root.make_intermediate("below", not_before=-9 * pki.DAY, not_after=-pki.DAY)
        self.write("web.pem", pki.pem(below.issue(self.key.public_key())))
        self.write("below.pem", pki.pem(below.certificate))
        flags = (*self.identity, "--intermediates", "below.pem")
        self.find_cause(
            *("certificate", "its issuer CN=below expired on", *flags),
            hint="certified again",
            and_in_a_mint=False,
        )

    def test_a_library_is_damaged(self):
        self.write("libcurl.so.4", "no library", 0o755)
        self.find_cause(
            *("libraries", "libcurl.so.4", *self.identity, "--endpoint", "https://localhost:1"),
            hint="install the package .* libcurl4",
            env={"LD_LIBRARY_PATH": str(self.folder)},
        )

    def test_variables_that_make_clients_look_elsewhere_are_warnings(self):
        lines, _ = self.doctor(*self.identity, env={"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"})
        (line,) = [line for line in lines if line.subject == "environment"]
        self.assertEqual(line.verdict, "warn")
        self.assertIn("instead of credmint's credentials", line.text)

    def test_the_password_of_a_proxy_is_not_shown(self):
        env = {"https_proxy": f"http://user:{self.secret('proxy/pw-1')}@proxy.example:3128"}
        lines, _ = self.doctor(*self.identity, env=env)
        (line,) = [line for line in lines if line.subject == "environment"]
        self.assertIn("http://***@proxy.example:3128", line.text)

    def test_an_expiring_certificate_is_a_warning(self):
        self.certify(not_before=-60 * pki.DAY, not_after=5 * pki.DAY)
        found = self.well(*self.identity)
        self.assertEqual(found["certificate"].verdict, "warn")
        self.assertRegex(found["certificate"].text, "4 days left")

    def test_a_readable_key_is_a_warning(self):
        (self.folder / "web.key").chmod(0o644)
        found = self.well(*self.identity)
        self.assertEqual(found["key"].verdict, "warn")


@expand
class BrokenTokens(DoctorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))
        cls.original.write_certificate(cls.leaf)

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.env = dict(self.token.env)
        self.log = self.folder / "calls"
        self.write("pin", token.PIN)

    URI = "pkcs11:token=test;object=web"

    def of_token(self, uri=URI, *flags, pin="file:pin", module=token.MODULE):
        pin_flags = ("--passin", pin) if pin else ()
        return self.flags("--certificate", uri, "--pkcs11-lib", module, *pin_flags, *flags)

    def faulty(self, *faults):
        return misbehaving.environment(self.token.env, *faults, log=self.log)

    def find_fault(self, subject, message, *faults, flags=(), **more):
        return self.find_cause(
            *(subject, message, *self.of_token(module=misbehaving.module()), *flags),
            env=self.faulty(*faults),
            **more,
        )

    def test_well_without_a_login(self):
        flags = self.of_token(module=misbehaving.module())
        found = self.well(*flags, env=self.faulty())
        self.assertEqual(found["key"].verdict, "skip")
        self.assertEqual(found["login"].verdict, "skip")
        self.assertRegex(found["module"].text, "answered after")
        self.assertRegex(found["token"].text, "'test' .*, wants a PIN")
        calls = misbehaving.calls(self.log)
        self.assertNotIn("C_Login", calls)
        self.assertNotIn("C_Sign", calls)

    @each(login=("--login", "signature"), mint=("--mint", "mint"))
    def test_one_login_and_one_signature(self, case):
        flag, subject = case
        found = self.well(
            *self.of_token(module=misbehaving.module()), flag, env=self.faulty()
        )
        self.assertRegex(found["key"].text, "EC prime256v1, in its device: .*sensitive")
        self.assertEqual(found[subject].verdict, "ok")
        calls = misbehaving.calls(self.log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1), calls)

    def test_two_roles_with_one_token_log_in_once(self):
        self.write(
            "c.toml",
            f'[identity.hsm]\ncertificate = "{self.URI}"\npassin = "file:pin"\n'
            f'pkcs11-lib = "{misbehaving.module()}"\n'
            + defaults(self.service.url) + role("demo") + role("backup"),
            0o644,
        )
        lines, run = self.doctor("--config", "c.toml", "--login", env=self.faulty())
        self.assertEqual(run.status, 0, str(run))
        self.assertIn("[demo, backup] ", run.stdout.decode())
        calls = misbehaving.calls(self.log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1), calls)

    def test_a_refused_pin_is_sent_once_for_two_identities(self):
        self.write("wrong", WRONG)
        identity = f'certificate = "{self.URI}"\npassin = "file:wrong"\n' \
                   f'pkcs11-lib = "{misbehaving.module()}"\n'
        self.write(
            "c.toml",
            f"[identity.a]\n{identity}[identity.b]\n{identity}use-latest-expiring-certificate = true\n"
            + defaults(self.service.url)
            + role("demo", 'identity = "a"') + role("backup", 'identity = "b"'),
            0o644,
        )
        _, run = self.doctor("--config", "c.toml", "--login", env=self.faulty())
        self.assertEqual(run.status, program.KEY, str(run))
        self.assertEqual(misbehaving.calls(self.log).count("C_Login"), 1)

    def test_two_pins_for_one_token_are_not_both_sent(self):
        self.write("wrong", WRONG)
        identity = f'certificate = "{self.URI}"\npkcs11-lib = "{misbehaving.module()}"\n'
        self.write(
            "c.toml",
            f'[identity.a]\n{identity}passin = "file:pin"\n'
            f'[identity.b]\n{identity}passin = "file:wrong"\n' + defaults(self.service.url)
            + role("demo", 'identity = "a"') + role("backup", 'identity = "b"'),
            0o644,
        )
        lines, run = self.doctor("--config", "c.toml", "--login", env=self.faulty())
        self.assertEqual(run.status, 0, str(run))
        self.assertIn("[backup] another PIN was sent to its token", run.stdout.decode())
        calls = misbehaving.calls(self.log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1), calls)

    def test_nor_are_two_pins_in_uris(self):
        identity = f'pkcs11-lib = "{misbehaving.module()}"\ncertificate = "{self.URI}?pin-source='
        self.write("wrong", WRONG)
        self.write(
            "c.toml",
            f'[identity.a]\n{identity}{self.folder}/pin"\n[identity.b]\n{identity}{self.folder}/wrong"\n'
            + defaults(self.service.url)
            + role("demo", 'identity = "a"') + role("backup", 'identity = "b"'),
            0o644,
        )
        _, run = self.doctor("--config", "c.toml", "--login", env=self.faulty())
        self.assertIn("[backup] another PIN was sent to its token", run.stdout.decode())
        self.assertEqual(misbehaving.calls(self.log).count("C_Login"), 1)

    @each("--json", "--login", "--mint")
    def test_the_passphrase_of_a_file_is_no_pin(self, flag):
        """Nor does a mint send it to the token that has only the certificate."""
        key = pki.make_key()
        self.write("web.key", pki.encrypted_pkcs8_pem(key, PASSPHRASE))
        self.write("phrase", PASSPHRASE)
        flags = (
            *("--private-key", "web.key", "--passin", "file:phrase"),
            *self.flags("--certificate", "pkcs11:token=test;object=absent"),
            *("--pkcs11-lib", misbehaving.module()),
        )
        self.run_program("doctor", *flags, flag, env=self.faulty())
        self.run_program("credential-process", *flags, env=self.faulty())
        self.assertNotIn("C_Login", misbehaving.calls(self.log))

    def test_the_chain_is_that_of_a_mint_without_a_login(self):
        below = self.root.make_intermediate("below")
        self.token.write_certificate(below.issue(self.original.public_key()), "deep", "01")
        self.write("below.pem", pki.pem(below.certificate))
        uri = "pkcs11:token=test;object=deep"
        found = self.well(*self.of_token(uri), "--intermediates", "below.pem")
        self.assertIn("sent with 1 issuers, which end at CN=test root", found["certificate"].text)
        self.find_cause("certificate", "absent.pem", *self.of_token(uri), "--intermediates", "absent.pem")

    def test_an_empty_slot_beside_the_token_is_no_fault(self):
        self.well(*self.of_token("pkcs11:object=web"), "--mint")

    def test_module_is_missing(self):
        flags = self.of_token(module="/absent.so")
        self.find_cause("module", "/absent.so: .*No such file", *flags, hint="--pkcs11-lib")

    def test_module_is_another_library(self):
        flags = self.of_token(module="libz.so.1")
        self.find_cause("module", "libz.so.1", *flags, hint="--pkcs11-lib")

    def test_token_is_missing(self):
        flags = self.of_token("pkcs11:token=other;object=web")
        # While it looks for the certificate, a mint takes it for a missing certificate.
        self.find_cause("token", "it shows 'test'", *flags, hint="label", and_in_a_mint=False)

    def test_configuration_of_softhsm_is_missing(self):
        self.find_cause(
            *("module", "CKR_GENERAL_ERROR", *self.of_token()),
            hint="SOFTHSM2_CONF",
            env={"SOFTHSM2_CONF": "/absent.conf"},
        )

    def test_configuration_of_softhsm_names_another_folder(self):
        empty = self.folder / "empty"
        empty.mkdir()
        self.write("other.conf", f"directories.tokendir = {empty}\n")
        self.find_cause(
            *("token", "no token|shows no token", *self.of_token()),
            env={"SOFTHSM2_CONF": str(self.folder / "other.conf")},
            and_in_a_mint=False,
        )

    FAULTS = {
        "locked": ("token", "its PIN is locked", "pin-locked", "unlock"),
        "final_try": ("token", "one wrong PIN more", "pin-final-try", "right PIN"),
        "no_user_pin": ("token", "user PIN is not set", "pin-not-initialized", "set it"),
        "removed": ("token", "no token", "token-removed", "connected"),
        "no_memory": ("module", "CKR_HOST_MEMORY", "initialize=CKR_HOST_MEMORY", ""),
        "general_error": ("module", "CKR_GENERAL_ERROR", "initialize=CKR_GENERAL_ERROR", ""),
    }

    @each(**FAULTS)
    def test_fault(self, case):
        subject, message, fault, hint = case
        self.find_fault(subject, message, fault, hint=hint or ".", and_in_a_mint=False)

    def test_module_hangs(self):
        flags = ("--key-timeout", "1")
        run = self.find_fault("module", "does not return|did not", "slow-initialize=60000", flags=flags)
        self.assertLess(run.seconds, 6)

    def test_a_module_that_prints_is_a_warning(self):
        flags = self.of_token(module=misbehaving.module())
        found = self.well(*flags, env=self.faulty("prints=hello"))
        self.assertEqual(found["output"].verdict, "warn")
        self.assertIn("hello", found["output"].text)

    def test_no_pin(self):
        self.find_cause("key", "needs a PIN", *self.of_token(pin=None), hint="--passin")

    def test_wrong_pin(self):
        self.write("pin", WRONG)
        self.find_cause("key", "PIN", *self.of_token(), "--login", and_in_a_mint=False)

    def test_others_may_read_the_pin(self):
        self.write("pin", token.PIN, 0o644)
        self.find_cause("secrets", "pin", *self.of_token(), hint="chmod")

    def test_pin_in_the_uri_is_a_warning(self):
        flags = self.of_token(f"{self.URI}?pin-value={token.PIN}", pin=None)
        found = self.well(*flags, "--login")
        self.assertEqual(found["secrets"].verdict, "warn")

    def test_certificate_is_missing(self):
        flags = self.of_token("pkcs11:token=test;object=other")
        self.find_cause("certificate", "object=other", *flags, "--login", hint="credmint list")

    def test_key_is_missing(self):
        self.token.delete("privkey")
        self.find_cause("key", "object=web", *self.of_token(), "--login")

    def test_key_may_not_sign(self):
        fault = "sign-init=CKR_KEY_FUNCTION_NOT_PERMITTED"
        self.find_fault("signature", "CKR_KEY_FUNCTION_NOT_PERMITTED", fault, flags=("--login",))


@expand
class BrokenTpms(DoctorTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.tpm.make_persistent(HANDLE, auth=AUTH))

    def setUp(self):
        super().setUp()
        self.env = dict(self.tpm.env)
        self.write("web.pem", pki.pem(self.leaf))
        self.write("auth", AUTH)

    def of_tpm(self, key=f"handle:{HANDLE}"):
        return self.flags(
            *("--certificate", "web.pem", "--private-key", key, "--passin", "file:auth")
        )

    def test_well(self):
        found = self.well(*self.of_tpm(), "--login")
        self.assertRegex(found["tpm"].text, "0 of [0-9]+ wrong tries")
        self.assertRegex(found["key"].text, "EC prime256v1, in its device: .*sign")
        self.assertEqual(found["signature"].verdict, "ok")
        self.assertEqual(self.tpm.loaded(), [])

    def test_there_is_none(self):
        tcti = {"TPM2TOOLS_TCTI": "device:/absent/tpm"}
        self.find_cause("tpm", "/absent/tpm", *self.of_tpm(), hint="--tcti", env=tcti)

    def test_tcti_is_unknown(self):
        tcti = {"TPM2TOOLS_TCTI": "nonsense:"}
        self.find_cause("tpm", "nonsense", *self.of_tpm(), env=tcti)

    def test_handle_is_empty(self):
        self.find_cause("key", "0x81000009", *self.of_tpm("handle:0x81000009"), hint="list --tpm")

    def test_wrong_auth_value(self):
        self.write("auth", WRONG)
        self.find_cause("signature", "auth value", *self.of_tpm(), "--login", and_in_a_mint=False)

    def test_locked_out(self):
        own = tpm.Tpm(self, self.folder / "t")
        own.set_lockout(1)
        leaf = self.root.issue(own.make_persistent(HANDLE, auth=AUTH))
        self.write("web.pem", pki.pem(leaf))
        self.env = dict(own.env)
        self.write("auth", WRONG)
        self.run_program("credential-process", *self.of_tpm())
        self.write("auth", AUTH)
        self.find_cause("tpm", "locked out", *self.of_tpm(), hint="1000 s", and_in_a_mint=False)

    def test_the_parent_s_auth_value_costs_no_try(self):
        own = tpm.Tpm(self, self.folder / "t")
        own.make_parent("0x81000010", auth=AUTH)
        contents, public_key = own.make_key_file(
            tpm.EC_P256, "parent:0x81000010", f"parent-auth:{AUTH}"
        )
        self.write("child.pem", contents)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.env = dict(own.env)
        flags = self.flags(
            *("--certificate", "web.pem", "--private-key", "child.pem"),
            *("--parent-passin", "file:auth"),
        )
        found = self.well(*flags)
        self.assertEqual(found["key"].verdict, "skip")
        self.assertEqual(own.wrong_tries(), 0)
        self.assertEqual(self.well(*flags, "--login")["signature"].verdict, "ok")
        self.assertEqual(own.wrong_tries(), 0)

    def test_key_file_of_another_tpm(self):
        other = tpm.Tpm(self, self.folder / "o")
        contents, public_key = other.make_key_file(tpm.EC_P256)
        self.write("other.pem", contents)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.find_cause("key", "other.pem", *self.of_tpm("other.pem"))


@expand
class BrokenServices(DoctorTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def at(self, endpoint, *flags):
        return (*self.identity, *self.flags("--endpoint", endpoint, *flags))

    def serve_tls(self, **options):
        self.start_own_service(tls_folder=make_folder(self), **options)
        return self.at(self.service.url)

    def test_well_with_tls(self):
        flags = self.serve_tls()
        found = self.well(*flags, "--ca-bundle", self.service.ca_bundle, "--mint")
        self.assertRegex(found["tls"].text, "issued by .*CN")
        self.assertRegex(found["clock"].text, r"clock is \d+ s")

    def test_name_is_unknown(self):
        self.find_cause("connection", "nowhere.invalid.* resolved", *self.at("https://nowhere.invalid"))

    def test_nobody_listens(self):
        self.find_cause("connection", "refused", *self.at(f"http://127.0.0.1:{dead_port(self)}"))

    def test_endpoint_is_no_url(self):
        self.find_cause("endpoint", "--endpoint", *self.at("ftp://localhost"))

    def test_ca_is_not_trusted(self):
        self.find_cause("tls", "issued by .*CN", *self.serve_tls(), hint="--ca-bundle")

    def test_ca_bundle_is_missing(self):
        self.find_cause("endpoint", "absent", *self.serve_tls(), "--ca-bundle", "absent.pem")

    def test_ca_bundle_has_no_certificate(self):
        self.write("ca.pem", "nothing", 0o644)
        self.find_cause("endpoint", "holds no certificate", *self.serve_tls(), "--ca-bundle", "ca.pem")

    def test_certificate_of_another_host(self):
        self.start_own_service(tls_folder=make_folder(self))
        proxy = Proxy(self.service.port)
        self.addCleanup(proxy.stop)
        flags = (*self.at("https://other.example"), "--ca-bundle", self.service.ca_bundle)
        self.find_cause("tls", "other.example", *flags, env={"https_proxy": proxy.url})

    def test_endpoint_is_not_http(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            server.settimeout(0.1)
            url = f"https://127.0.0.1:{port}"
            self.find_cause("connection", "no answer", *self.at(url), "--timeout", "1")

    def test_proxy_refuses(self):
        proxy = Proxy()
        self.addCleanup(proxy.stop)
        env = {"https_proxy": proxy.url}
        flags = self.at("https://rolesanywhere.us-east-1.amazonaws.com")
        self.find_cause("connection", "the proxy .* refused .*403", *flags, env=env, hint="--no-proxy")

    def test_proxy_wants_a_password(self):
        proxy = Proxy(status="407 Proxy Authentication Required")
        self.addCleanup(proxy.stop)
        flags = self.at("https://rolesanywhere.us-east-1.amazonaws.com")
        message = f"the proxy {proxy.url} wants a user and a password"
        env = {"https_proxy": proxy.url}
        self.find_cause("connection", message, *flags, env=env, hint="USER:PASSWORD@HOST")

    def test_proxy_is_silent(self):
        proxy = Proxy(status=None)
        self.addCleanup(proxy.stop)
        flags = (*self.at("https://rolesanywhere.us-east-1.amazonaws.com"), "--timeout", "1")
        message = f"the proxy {proxy.url} gives no answer within 1 s"
        self.find_cause("connection", message, *flags, env={"https_proxy": proxy.url})

    def test_proxy_does_not_run(self):
        url = f"http://127.0.0.1:{dead_port(self)}"
        flags = self.at("https://rolesanywhere.us-east-1.amazonaws.com")
        message = f"the proxy {url} cannot be reached: connection refused"
        self.find_cause("connection", message, *flags, env={"https_proxy": url})

    def test_proxy_is_unknown(self):
        env = {"https_proxy": "http://proxy.invalid:3128"}
        flags = self.at("https://rolesanywhere.us-east-1.amazonaws.com")
        self.find_cause("connection", "the proxy http://proxy.invalid:3128 has a name that cannot be", *flags, env=env, hint="--no-proxy")

    def test_a_proxy_that_reads_everything_is_named(self):
        """The certificate of an AWS host that another CA has issued."""
        self.start_own_service(tls_folder=make_folder(self))
        proxy = Proxy(self.service.port)
        self.addCleanup(proxy.stop)
        flags = self.at("https://rolesanywhere.us-east-1.amazonaws.com")
        env = {"https_proxy": proxy.url}
        run = self.find_cause("tls", "not by Amazon: a proxy", *flags, env=env)
        self.assertIn("through the proxy http", run.stdout.decode())

    def test_the_clock_is_days_off(self):
        self.start_own_service(clock_offset=3 * 86400)
        flags = self.at(self.service.url)
        self.find_cause("clock", "[23] days behind", *flags, hint="clock")

    def test_the_clock_is_an_hour_off(self):
        self.start_own_service(clock_offset=-3600)
        found = self.well(*self.at(self.service.url))
        self.assertEqual(found["clock"].verdict, "warn")
        self.assertRegex(found["clock"].text, "(60|59) minutes ahead of|1 hours")

    def test_the_trust_anchor_is_another(self):
        other = pki.make_root("other root")
        self.start_own_service(other.certificate)
        flags = self.at(self.service.url)
        self.find_cause("mint", "Untrusted", *flags, "--mint", hint="--trust-anchor-arn")

    def test_the_role_is_not_in_the_profile(self):
        self.start_own_service(role_arns=[f"arn:aws:iam::{emulator.ACCOUNT}:role/other"])
        self.find_cause("mint", "role", *self.at(self.service.url), "--mint", hint="profile")


class Report(DoctorTest):
    def setUp(self):
        super().setUp()
        self.identity = self.flags(*self.write_identity())

    def test_json_has_the_same_checks(self):
        lines, _ = self.doctor(*self.identity)
        report = json.loads(self.succeed("doctor", *self.identity, "--json"))
        self.assertEqual(report["status"], 0)
        self.assertEqual(
            [(check["verdict"], check["subject"]) for check in report["checks"]],
            [(line.verdict, line.subject) for line in lines],
        )

    def test_json_of_a_failure(self):
        (self.folder / "web.key").unlink()
        run = self.run_program("doctor", *self.identity, "--json")
        self.assertEqual(run.status, program.LOCAL_IO)
        self.assertEqual(json.loads(run.stdout)["status"], program.LOCAL_IO)

    def test_redaction(self):
        """A public report does not tell these."""
        home = self.folder / "home"
        home.mkdir()
        key = pki.make_key()
        issuer = pki.make_root("Secret Corp, Berlin")
        leaf = issuer.issue(key.public_key(), "db7.corp.example", serial=0x5EC2E75E7)
        (home / "db.key").write_bytes(pki.pkcs8_pem(key))
        (home / "db.pem").write_bytes(pki.pem(leaf))
        self.start_own_service(issuer.certificate)
        flags = self.flags("--certificate", home / "db.pem", "--private-key", home / "db.key")
        run = self.run_program("doctor", *flags, "--mint", "--redact", env={"HOME": str(home)})
        self.assertEqual(run.status, 0, str(run))
        shown = run.stdout.decode()
        for hidden in (
            *(emulator.ACCOUNT, "role/demo", "demo", "db7", "Secret", "Berlin", "05EC2E75E7"),
            *(str(home), "db.key", self.last_request()["access_key_id"]),
            *(os.uname().nodename, emulator.PROFILE_ARN[-36:], emulator.TRUST_ANCHOR_ARN[-36:]),
        ):
            self.assertNotIn(hidden, shown)
        for kept in ("us-east-1", "EC prime256v1", "29 days left", "~/…"):
            self.assertIn(kept, shown)

    def test_a_long_name_is_cut_in_a_redacted_report(self):
        key = pki.make_key()
        name = x509.Name(
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"demo {'a' * 60}{number}")
            for number in range(3000)
        )
        self.write("web.key", pki.pkcs8_pem(key))
        self.write("web.pem", pki.pem(self.root.issue(key.public_key(), name)))
        run = self.run_program("doctor", *self.identity, "--redact")
        self.assertEqual(run.status, 0, run.stdout[:300])
        self.assertNotIn(b"aaaa", run.stdout)

    def test_colours_and_progress_on_a_terminal_only(self):
        flags = ("doctor", *map(str, self.identity))
        self.assertNotIn(b"\033", self.succeed(*flags))
        self.assertIn("\033[32mok", self.on_terminal(flags))
        plain = self.on_terminal(flags, {"NO_COLOR": "1"})
        self.assertNotIn("\033[32m", plain)
        self.assertIn("checking the service", plain)

    def on_terminal(self, flags, env=None):
        """Runs the program with a terminal as stdout and stderr; returns what it shows."""
        master, slave = os.openpty()
        with os.fdopen(master, "rb", buffering=0) as shown:
            started = subprocess.Popen(
                (program.path(), *flags),
                cwd=self.folder,
                env=program.environment(self.folder, env),
                stdin=subprocess.DEVNULL,
                stdout=slave,
                stderr=slave,
                preexec_fn=die_with_parent,
            )
            os.close(slave)
            output = b""
            with contextlib.suppress(OSError):  # the end of a terminal
                while part := shown.read(4096):
                    output += part
            self.assertEqual(started.wait(timeout=program.TIME_LIMIT_SECONDS), 0)
        return output.decode()


if __name__ == "__main__":
    unittest.main()
