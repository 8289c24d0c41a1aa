#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Mistakes of users: each gives one clear line, its exit status, and nothing else.

Failures of services and networks are in service_errors_test.py and endpoint_test.py. Mistakes with
the source of a PIN are in passin_test.py.
"""

import os
import random
import re
import unittest

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

from support import emulator, openssl, pki, program, token, tpm
from support.cases import each, expand
from support.processes import obey_file_modes, run_tool
from support.requirements import in_library_folder
from support.system_test import MintTest, make_folder

KEY_HINT = "expected PEM or DER of PKCS#8, PKCS#1, SEC1, PKCS#12 or a TPM key file"
CERTIFICATE_HINT = "expected PEM, DER, PKCS#7 or PKCS#12"


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def damaged_base64(pem):
    lines = pem.splitlines(keepends=True)
    return b"".join([lines[0], b"!!!!" + lines[1][4:], *lines[2:]])


class IdentityTest(MintTest):
    """web.key and web.pem match; each test spoils one of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    def setUp(self):
        super().setUp()
        self.identity = self.write_identity(self.key, self.leaf)


@expand
class Files(IdentityTest):
    """The same mistakes with each file on the command line."""

    FLAGS = {
        "key": ("--certificate", "web.pem", "--private-key"),
        "certificate": ("--private-key", "web.key", "--certificate"),
        "intermediates": (
            "--certificate",
            "web.pem",
            "--private-key",
            "web.key",
            "--intermediates",
        ),
    }

    def refuse(self, flag, path, reason, **more):
        self.mint_fails_locally(
            program.LOCAL_IO, f"cannot read {path}: {reason}", *self.FLAGS[flag], path, **more
        )

    def refuse_as_path(self, flag, text, what):
        """The message does not repeat the text, which might be a secret."""
        self.mint_fails_locally(
            program.USAGE, f"a path or a URI is expected, not {what}", *self.FLAGS[flag], text
        )

    @each(*FLAGS)
    def test_missing(self, flag):
        self.refuse(flag, "absent.pem", "No such file or directory")

    @each(*FLAGS)
    def test_empty(self, flag):
        self.write("empty.pem", "")
        self.refuse(flag, "empty.pem", "it is empty")

    @each(*FLAGS)
    def test_folder(self, flag):
        self.refuse(flag, "/tmp", "Is a directory")

    @each(*FLAGS)
    def test_unreadable(self, flag):
        self.write("hidden.pem", pki.pem(self.leaf), mode=0o000)
        self.refuse(flag, "hidden.pem", "Permission denied", preexec=obey_file_modes)

    @each(*FLAGS)
    def test_endless(self, flag):
        self.refuse(flag, "/dev/zero", "it is longer than 1048576 bytes")

    @each(*FLAGS)
    def test_path_through_a_file(self, flag):
        self.refuse(flag, "web.pem/x", "Not a directory")

    @each(*FLAGS)
    def test_name_longer_than_any_file_system_allows(self, flag):
        self.refuse_as_path(flag, "x" * 300, "text of 300 bytes")

    @each(*FLAGS)
    def test_name_with_a_line_break(self, flag):
        self.refuse_as_path(flag, "a\nb", "text of several lines")

    def test_empty_name_of_the_key(self):
        self.mint_fails_locally(program.USAGE, "--private-key", *self.FLAGS["key"], "")

    def test_empty_name_of_the_certificate(self):
        self.mint_fails_locally(program.USAGE, "--certificate", *self.FLAGS["certificate"], "")

    def test_no_certificate_at_all(self):
        self.mint_fails_locally(
            program.USAGE, "--certificate is missing", "--private-key", "web.key", hint="pkcs11:"
        )


@expand
class KeyFiles(IdentityTest):
    def refuse(self, contents, message, hint=None):
        self.write("web.key", contents)
        self.mint_fails_locally(program.KEY, message, *self.identity, hint=hint)

    def unreadable(self, contents):
        message = "opening key web.key: it is not a private key that can be read"
        self.refuse(contents, message, hint=KEY_HINT)

    @each(text=b"not a key\n", zeros=bytes(1000), every_byte=bytes(range(256)) * 4)
    def test_garbage(self, contents):
        self.unreadable(contents)

    def test_garbage_in_a_pem_of_the_right_label(self):
        self.unreadable(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")

    def test_damaged_base64(self):
        self.unreadable(damaged_base64(pki.pkcs8_pem(self.key)))

    def cut_off(self, contents):
        message = "opening key web.key: it is PEM that is cut off: an END line is missing"
        self.refuse(contents, message, hint="copy the whole file again")

    def test_pem_truncated_in_its_first_line(self):
        self.unreadable(pki.pkcs8_pem(self.key)[:20])

    @each(at_100=100, at_200=200)
    def test_pem_truncated(self, length):
        self.cut_off(pki.pkcs8_pem(self.key)[:length])

    def test_pem_without_its_last_line(self):
        self.cut_off(pki.pkcs8_pem(self.key).rpartition(b"-----END")[0])

    @each("CERTIFICATE", "X509 CRL", "PGP PRIVATE KEY BLOCK", "SECRET")
    def test_pem_with_the_label(self, label):
        spoilt = pki.pkcs8_pem(self.key).replace(b"PRIVATE KEY", label.encode())
        self.refuse(spoilt, "opening key web.key: it")

    def test_key_of_openssh(self):
        key = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
        self.refuse(key, "opening key web.key: it is a private key in OpenSSH's form")

    def test_public_key(self):
        self.refuse(public_pem(self.key), "opening key web.key: it")

    def test_certificate(self):
        self.refuse(pki.pem(self.leaf), "web.key: it is a certificate, not a private key")

    def test_two_keys_and_neither_fits(self):
        contents = pki.pkcs8_pem(pki.make_key()) + pki.pkcs8_pem(pki.make_key())
        self.refuse(contents, "web.key: it holds 2 private keys")

    def test_key_that_cannot_sign(self):
        key = x25519.X25519PrivateKey.generate()
        self.write("web.key", pki.pkcs8_pem(key))
        message = "certificate CN=web: the private key does not belong to it"
        self.mint_fails_locally(program.CERTIFICATE, message, *self.identity)

    def test_der_truncated_anywhere(self):
        whole = pki.pkcs8_der(self.key)
        for length in range(1, len(whole), 11):
            self.unreadable(whole[:length])

    def test_der_with_any_byte_changed_does_not_crash(self):
        chance = random.Random(4711)
        whole = pki.pkcs12_file(self.key, self.leaf)
        for _ in range(25):
            changed = bytearray(whole)
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
            self.write("web.key", bytes(changed))
            self.run_program(*self.arguments(*self.identity))


@expand
class CertificateFiles(IdentityTest):
    def refuse(self, contents, message, hint=None):
        self.write("web.pem", contents)
        self.mint_fails_locally(program.CERTIFICATE, message, *self.identity, hint=hint)

    def unreadable(self, contents):
        message = "opening certificate web.pem: it is not a certificate that can be read"
        self.refuse(contents, message, hint=CERTIFICATE_HINT)

    @each(text=b"not a certificate\n", zeros=bytes(1000), every_byte=bytes(range(256)) * 4)
    def test_garbage(self, contents):
        self.unreadable(contents)

    def unreadable_block(self, contents):
        block = "opening certificate web.pem: its block CERTIFICATE at line 1"
        self.refuse(contents, f"{block} is not a certificate that can be read")

    def test_garbage_in_a_pem_of_the_right_label(self):
        self.unreadable_block(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")

    def test_damaged_base64(self):
        self.unreadable_block(damaged_base64(pki.pem(self.leaf)))

    def test_pem_truncated(self):
        self.refuse(pki.pem(self.leaf)[:300], "its block CERTIFICATE at line 1 is cut off")

    def test_der_truncated(self):
        self.unreadable(pki.der(self.leaf)[:300])

    def test_pem_of_another_label(self):
        spoilt = pki.pem(self.leaf).replace(b"CERTIFICATE", b"X509 CRL")
        self.refuse(spoilt, "it is a certificate revocation list, not a certificate")

    def test_request_in_place_of_the_certificate(self):
        request = run_tool(
            *(openssl.OPENSSL, "req", "-new", "-key", self.folder / "web.key", "-subj", "/CN=web")
        )
        self.refuse(request, "web.pem: it")

    def test_private_key(self):
        self.refuse(pki.pkcs8_pem(self.key), "web.pem: it")

    def test_public_key(self):
        self.refuse(public_pem(self.key), "opening certificate web.pem: it")

    def test_intermediates_that_are_none(self):
        self.write("chain.pem", "nothing\n")
        self.mint_fails_locally(
            program.CERTIFICATE,
            "the intermediates: opening certificate chain.pem",
            *(*self.identity, "--intermediates", "chain.pem"),
            hint=CERTIFICATE_HINT,
        )


class Mismatch(IdentityTest):
    MESSAGE = "certificate CN=web: the private key does not belong to it"
    HINT = "the certificate must be the one issued for the private key"

    def refuse(self, key):
        self.write("web.key", pki.pkcs8_pem(key))
        self.mint_fails_locally(program.CERTIFICATE, self.MESSAGE, *self.identity, hint=self.HINT)

    def test_another_key_of_the_same_kind(self):
        self.refuse(pki.make_key())

    def test_a_key_on_another_curve(self):
        self.refuse(pki.make_key("P384"))

    def test_a_key_of_another_algorithm(self):
        self.refuse(pki.make_key("RSA2048"))

    def test_a_fullchain_without_the_leaf_for_the_key(self):
        self.write("web.pem", pki.pem(self.leaf, self.root.certificate))
        self.refuse(pki.make_key())


@expand
class LeavesThatTheServiceWouldRefuse(IdentityTest):
    def refuse(self, message, hint=None, **changes):
        leaf = self.root.issue(self.key.public_key(), **changes)
        self.write("web.pem", pki.pem(leaf))
        self.mint_fails_locally(
            program.CERTIFICATE, f"certificate CN=web: {message}", *self.identity, hint=hint
        )

    def test_expired(self):
        self.refuse("it expired on", "renew", not_before=-9 * pki.DAY, not_after=-pki.DAY)

    def test_not_yet_valid(self):
        self.refuse("it is not valid before", "clock", not_before=pki.DAY)

    def test_ca(self):
        self.refuse("it is a CA certificate", "--intermediates", ca=True)

    @each("key_agreement", "key_encipherment", "content_commitment")
    def test_only_for(self, usage):
        self.refuse(
            "its keyUsage does not include digitalSignature", "digitalSignature", usage={usage}
        )

    def test_without_key_usage(self):
        self.refuse("its keyUsage does not include digitalSignature", usage=set())

    def test_signed_with_sha1(self):
        """The openssl command still signs with SHA-1; python3-cryptography does not."""
        root = self.write("root.pem", pki.pem(self.root.certificate))
        root_key = self.write("root.key", pki.pkcs8_pem(self.root.key))
        extensions = self.write("extensions", "keyUsage=critical,digitalSignature\n")
        request = run_tool(
            *(openssl.OPENSSL, "req", "-new", "-key", self.folder / "web.key", "-subj", "/CN=web")
        )
        leaf = run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-sha1", "-CA", root, "-CAkey", root_key),
            *("-days", "9", "-extfile", extensions),
            stdin=request,
        )
        self.write("web.pem", leaf)
        self.mint_fails_locally(program.CERTIFICATE, "it is signed with", *self.identity)

    def test_version_1(self):
        leaf = self.root.issue(self.key.public_key())
        self.write("web.pem", pki.pem(pki.as_version_1(leaf, self.root.key)))
        self.mint_fails_locally(program.CERTIFICATE, "X.509 version 1", *self.identity)

    def test_with_a_key_that_the_service_does_not_know(self):
        key = ed25519.Ed25519PrivateKey.generate()
        self.write_identity(key, self.root.issue(key.public_key()))
        self.mint_fails_locally(
            program.KEY, "takes RSA, EC and ML-DSA keys, not ED25519", *self.identity
        )


TRUST_ANCHOR, PROFILE, ROLE = emulator.TRUST_ANCHOR_ARN, emulator.PROFILE_ARN, emulator.ROLE_ARN


@expand
class Arns(IdentityTest):
    def refuse(self, flag, arn, *reasons):
        result = self.mint_fails_locally(
            program.USAGE, reasons[0] if reasons else arn, *self.identity, flag, arn
        )
        for reason in reasons:
            self.assertIn(reason, result.stderr)

    @each(trust_anchor="--trust-anchor-arn", profile="--profile-arn", role="--role-arn")
    def test_missing(self, flag):
        command = list(self.arguments(*self.identity))
        position = command.index(flag)
        del command[position : position + 2]
        self.fail_with(program.USAGE, f"{flag} is missing", *command)

    @each(
        no_arn="hello",
        other_scheme=TRUST_ANCHOR.replace("arn:", "urn:"),
        too_few_fields="arn:aws:rolesanywhere:us-east-1:111122223333",
        no_partition=TRUST_ANCHOR.replace(":aws:", "::"),
        other_partition=TRUST_ANCHOR.replace(":aws:", ":azure:"),
        other_service=TRUST_ANCHOR.replace("rolesanywhere", "iam"),
        no_region=TRUST_ANCHOR.replace("us-east-1", ""),
        no_account=TRUST_ANCHOR.replace("111122223333", ""),
        short_account=TRUST_ANCHOR.replace("111122223333", "1111"),
        no_resource=TRUST_ANCHOR.rpartition(":")[0] + ":",
        no_identifier=TRUST_ANCHOR.rpartition("/")[0] + "/",
        a_profile=PROFILE,
        a_role=ROLE,
        blank=TRUST_ANCHOR + " ",
        line_break=TRUST_ANCHOR + "\n",
        outside_ascii=TRUST_ANCHOR + "é",
    )
    def test_trust_anchor(self, arn):
        self.refuse("--trust-anchor-arn", arn, "is not the ARN of a trust anchor: ")

    @each(no_arn="hello", a_trust_anchor=TRUST_ANCHOR, a_role=ROLE, too_long=PROFILE + "x" * 1000)
    def test_profile(self, arn):
        self.refuse("--profile-arn", arn, "is not the ARN of a profile: ")

    @each(
        no_arn="hello",
        a_profile=PROFILE,
        a_user=ROLE.replace(":role/", ":user/"),
        an_assumed_role=ROLE.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/"),
        with_a_region=ROLE.replace("iam::", "iam:us-east-1:"),
        without_name=ROLE.rpartition("/")[0] + "/",
    )
    def test_role(self, arn):
        self.refuse("--role-arn", arn, "is not the ARN of a role: ")

    def test_profile_in_another_region(self):
        profile = PROFILE.replace("us-east-1", "eu-west-1")
        self.refuse("--profile-arn", profile, "profile", "region", "eu-west-1", "us-east-1")

    def test_profile_in_another_partition(self):
        profile = PROFILE.replace(":aws:", ":aws-cn:")
        self.refuse("--profile-arn", profile, "profile", "partition", "aws-cn")

    def test_profile_in_another_account(self):
        profile = PROFILE.replace("1111", "4444")
        self.refuse("--profile-arn", profile, "profile", "account", "444422223333")

    def test_role_in_another_partition(self):
        role = ROLE.replace(":aws:", ":aws-us-gov:")
        self.refuse("--role-arn", role, "role", "partition", "aws-us-gov")

    def test_role_in_another_account(self):
        role = ROLE.replace("1111", "4444")
        self.refuse("--role-arn", role, "role", "account", "444422223333")

    def test_region_that_is_none(self):
        anchor = TRUST_ANCHOR.replace("us-east-1", "US_EAST_1")
        profile = PROFILE.replace("us-east-1", "US_EAST_1")
        self.mint_fails_locally(
            program.USAGE,
            "'US_EAST_1', is not a region",
            *(*self.identity, "--trust-anchor-arn", anchor, "--profile-arn", profile),
        )


@expand
class SessionFlags(IdentityTest):
    @each("0", "-1", "899", "43201", "1e9", "ten", "99999999999999999999")
    def test_duration_of(self, seconds):
        self.mint_fails_locally(
            program.USAGE,
            re.compile("session[- ]duration"),
            *(*self.identity, f"--session-duration={seconds}"),
        )

    @each(short="a", long="a" * 65, blank="a b", slash="a/b", outside_ascii="müller", line="a\nb")
    def test_session_name(self, name):
        self.mint_fails_locally(
            program.USAGE, "role session name", *self.identity, "--role-session-name", name
        )

    def test_certificate_store_of_windows(self):
        self.mint_fails_locally(
            program.USAGE,
            "--system-store-name: this system has no Windows certificate store",
            *(*self.identity, "--system-store-name", "MY"),
            hint="--certificate",
        )

    def test_provider_that_does_not_exist(self):
        self.mint_fails_locally(
            program.USAGE, "no-such-provider", *self.identity, "--provider", "no-such-provider"
        )


class TokenInputTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.env = dict(self.token.env)
        self.write("web.pem", pki.pem(self.leaf))
        self.pin_flags = ("--passin", f"pass:{self.secret(token.PIN)}")

    def refuse(self, uri, message, *flags, status=program.KEY, hint=None):
        """Mints with this key, which must fail and must not show the PIN, even with --debug."""
        key = ("--certificate", "web.pem", "--private-key", uri)
        flags = flags or ("--pkcs11-lib", token.MODULE, *self.pin_flags)
        self.run_program(*self.arguments(*key, *flags, "--debug"))
        return self.mint_fails_locally(status, message, *key, *flags, hint=hint)


@expand
class Uris(TokenInputTest):
    @each(
        no_attribute="pkcs11:web",
        no_value="pkcs11:object",
        unknown_attribute="pkcs11:token=test;colour=red",
        twice="pkcs11:token=test;token=test",
        empty_part="pkcs11:token=test;;object=web",
        bare_percent="pkcs11:token=test;object=100%",
        percent_without_digits="pkcs11:token=test;object=%zz",
        half_an_escape="pkcs11:token=test;object=%4",
        blank="pkcs11:token=my token",
        slot_that_is_no_number="pkcs11:slot-id=first",
        type_that_is_none="pkcs11:token=test;type=key",
        query_without_value="pkcs11:token=test?module-path",
        unknown_query="pkcs11:token=test?colour=red",
        authority="pkcs11://token=test",
    )
    def test_malformed(self, uri):
        self.refuse(uri, re.compile("--private-key: (it|the|an) |opening key pkcs11:"))

    def test_upper_case_scheme_is_the_same_scheme(self):
        """RFC 3986 section 3.1: schemes are case-insensitive."""
        key = ("--certificate", "web.pem", "--private-key", "PKCS11:token=test;object=web")
        self.mint(*key, "--pkcs11-lib", token.MODULE, *self.pin_flags)

    def test_a_certificate_where_a_key_is_needed(self):
        self.refuse("pkcs11:token=test;type=cert", "it says type=cert where type=private is needed")

    def test_unmatched_token(self):
        result = self.refuse("pkcs11:token=prod", "no token of", hint="--pkcs11-lib")
        self.assertIn("it shows 'test'", result.stderr)

    def test_unmatched_object(self):
        self.refuse("pkcs11:token=test;object=db", "no private key on token 'test' matches the URI")

    def test_unmatched_id(self):
        self.refuse("pkcs11:token=test;id=%77", "no private key on token 'test' matches the URI")

    def test_unmatched_slot(self):
        self.refuse("pkcs11:slot-id=1", "no token of", hint="--pkcs11-lib")

    def use_certificate_of_no_key(self):
        """Writes another key's certificate: one for a key on the token would select that key."""
        self.write("web.pem", pki.pem(self.root.issue(pki.make_key().public_key())))

    def test_ambiguous_key(self):
        self.use_certificate_of_no_key()
        self.token.generate("EC:prime256v1", "db", "02")
        result = self.refuse("pkcs11:token=test", "2 private keys on", hint="object=LABEL or id=")
        self.assertIn("object=web;type=private", result.stderr)
        self.assertIn("object=db;type=private", result.stderr)

    def test_ambiguous_token(self):
        self.use_certificate_of_no_key()
        self.token.add_token("second")
        result = self.refuse("pkcs11:object=web", "2 tokens match", hint="token=LABEL or serial=")
        self.assertIn("token=test", result.stderr)
        self.assertIn("token=second", result.stderr)

    def test_tokens_of_the_same_label(self):
        self.use_certificate_of_no_key()
        self.token.add_token("test")
        self.refuse("pkcs11:token=test;object=web", "2 tokens match", hint="serial=")

    def test_certificate_that_is_not_on_the_token(self):
        self.mint_fails_locally(
            program.CERTIFICATE,
            "no certificate on token 'test' matches the URI",
            *("--certificate", "pkcs11:token=test;object=web", "--pkcs11-lib", token.MODULE),
            *self.pin_flags,
        )

    def test_key_that_does_not_fit_the_certificate(self):
        self.token.generate("EC:prime256v1", "db", "02")
        self.refuse(
            "pkcs11:token=test;object=db",
            "certificate CN=web: the private key does not belong to it",
            status=program.CERTIFICATE,
        )


class Modules(TokenInputTest):
    URI = "pkcs11:token=test;object=web"

    def refuse_module(self, path, message, hint=None):
        flags = ("--pkcs11-lib", path, *self.pin_flags)
        message = re.compile(f"{re.escape(str(path))}: .*{message}")
        self.refuse(self.URI, message, *flags, hint=hint)

    def test_absent(self):
        self.refuse_module("/nonexistent/p11.so", "No such file", hint="--pkcs11-lib")

    def test_a_folder(self):
        self.refuse_module(self.folder, "directory")

    def test_a_text_file(self):
        self.refuse_module(self.write("module.so", "text\n" * 1000), "invalid ELF header")

    def test_an_empty_file(self):
        self.refuse_module(self.write("module.so", ""), "file too short")

    def test_is_named_once(self):
        path = self.write("module.so", "")
        result = self.run_program(
            *("sign-string", "--private-key", self.URI, "--pkcs11-lib", path, *self.pin_flags)
        )
        self.assertEqual(result.stderr.count(str(path)), 1, str(result))

    def test_a_library_that_is_no_module(self):
        self.refuse_module(in_library_folder("libm.so.6"), "not a PKCS#11 module")

    def test_a_module_that_cannot_start(self):
        self.env["SOFTHSM2_CONF"] = "/nonexistent/softhsm2.conf"
        self.refuse(self.URI, token.MODULE)

    def test_a_module_without_tokens(self):
        (self.folder / "none").mkdir()
        configuration = self.write("none.conf", f"directories.tokendir = {self.folder}/none\n")
        self.env["SOFTHSM2_CONF"] = str(configuration)
        self.refuse(self.URI, "shows no token")


class Pins(TokenInputTest):
    URI = "pkcs11:token=test;object=web"

    def refuse_pin(self, pin, message, hint=None):
        flags = ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{pin}")
        return self.refuse(self.URI, message, *flags, hint=hint)

    def test_wrong(self):
        self.refuse_pin(
            self.secret("wrong-31415"), "the token refused the PIN", hint="it was sent once"
        )

    def test_wrong_is_sent_once(self):
        log = self.folder / "spy"
        self.env = token.spied(self.env, log)
        self.mint_fails_locally(
            program.KEY,
            "the token refused the PIN (CKR_PIN_INCORRECT)",
            *("--certificate", "web.pem", "--private-key", self.URI),
            *("--pkcs11-lib", token.SPY, "--passin", "pass:" + self.secret("wrong-31415")),
        )
        self.assertEqual(token.calls(log).count("C_Login"), 1)
        self.assertEqual(token.calls(log).count("C_SignInit"), 0)

    def test_too_short(self):
        self.refuse_pin("q7", "the token refused the PIN")

    def test_too_long(self):
        self.refuse_pin("long-" * 60, "the token refused the PIN")

    def test_empty(self):
        self.refuse_pin("", "PIN")

    def test_none_given(self):
        self.refuse(
            self.URI,
            "token 'test' needs a PIN and none was given",
            *("--pkcs11-lib", token.MODULE),
            hint="--passin",
        )

    def test_none_given_is_not_sent(self):
        log = self.folder / "spy"
        self.env = token.spied(self.env, log)
        self.refuse(self.URI, "needs a PIN", "--pkcs11-lib", token.SPY)
        self.assertNotIn("C_Login", token.calls(log))


@expand
class AbsentTpms(IdentityTest):
    KEY = ("--certificate", "web.pem", "--private-key", "handle:0x81000001")

    def setUp(self):
        super().setUp()
        program.need_back_end("handle")

    @each(
        device="device:/nonexistent/tpm",
        socket="swtpm:path=/nonexistent/socket",
        port="swtpm:host=127.0.0.1,port=1",
        unknown_kind="nosuch:x",
    )
    def test_named(self, tcti):
        self.mint_fails_locally(program.KEY, tcti, *self.KEY, "--tcti", tcti, hint="TPM2TOOLS_TCTI")

    def test_a_device_that_is_no_tpm(self):
        self.mint_fails_locally(
            program.KEY, "cannot open the TPM", *self.KEY, "--tcti", "device:/dev/null"
        )

    def test_named_by_the_environment(self):
        env = {"TPM2TOOLS_TCTI": "device:/nonexistent/tpm"}
        self.mint_fails_locally(
            program.KEY, "device:/nonexistent/tpm", *self.KEY, env=env, hint="TPM2TOOLS_TCTI"
        )

    @unittest.skipIf(os.path.exists("/dev/tpmrm0"), "this machine has a TPM")
    def test_not_named(self):
        self.mint_fails_locally(
            program.KEY, "device:/dev/tpmrm0", *self.KEY, hint="is there a TPM?"
        )


class TpmInputTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.make_keys()

    @classmethod
    def make_keys(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent("0x81000001"))

    def setUp(self):
        super().setUp()
        self.env = dict(self.tpm.env)
        self.write("web.pem", pki.pem(self.leaf))

    def refuse(self, key, message, *flags, status=program.KEY, hint=None):
        """Mints with this key, which must fail and leave nothing in the TPM.

        At most two clauses come before the cause.
        """
        before = self.tpm.loaded()
        flags = ("--certificate", "web.pem", "--private-key", key, *flags)
        result = self.mint_fails_locally(status, message, *flags, hint=hint)
        self.assertEqual(self.tpm.loaded(), before)
        said = result.stderr.removeprefix("credmint: ")
        before_cause = said[: max(said.find(message), 0)]
        self.assertLessEqual(before_cause.count(": "), 2, result.stderr)


@expand
class Handles(TpmInputTest):
    @each(
        letters="handle:xyz",
        beyond="handle:0x82000000",
        too_long="handle:0x0081000001",
        two="handle:0x81000001,0x81000002",
        with_an_option="handle:0x81000001?user=x",
        blank="handle: 0x81000001",
    )
    def test_malformed(self, uri):
        self.refuse(uri, uri, hint="handle:0x81000000 to handle:0x81ffffff")

    @each(
        transient=("handle:0x80000000", "that is a transient object"),
        hierarchy=("handle:0x40000001", "that is a hierarchy, not a key"),
        nv_index=("handle:0x01c00002", "write nv:0x01c00002"),
    )
    def test_of_another_kind(self, case):
        uri, hint = case
        self.refuse(uri, "does not name a persistent TPM handle", hint=hint)

    def test_absent(self):
        self.refuse(
            *("handle:0x81000099", "there is no key at handle 0x81000099"),
            hint="credmint list --tpm",
        )

    def test_storage_key(self):
        self.tpm.make_parent("0x81000010")
        self.refuse("handle:0x81000010", "cannot sign", hint="create a signing key")

    def test_restricted_key(self):
        restricted = tpm.SIGNING + "|restricted"
        self.tpm.make_persistent("0x81000011", "ecc256:ecdsa-sha256:null", attributes=restricted)
        self.refuse("handle:0x81000011", "restricted", hint="create a signing key")

    def test_as_certificate(self):
        self.mint_fails_locally(
            program.CERTIFICATE, "certificate", "--certificate", "handle:0x81000001"
        )


class WrongAuthValues(TpmInputTest):
    AUTH = "auth-27182818"

    @classmethod
    def make_keys(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent("0x81000001", auth=cls.AUTH))
        cls.file, public_key = cls.tpm.make_key_file(tpm.EC_P256, f"user-auth:{cls.AUTH}")
        cls.file_leaf = cls.root.issue(public_key)
        cls.tpm.set_lockout(8)

    def refuse_wrong(self, key):
        wrong = self.secret("wrong-31415")
        before = self.tpm.wrong_tries()
        self.refuse(key, "the TPM refused the auth value", "--passin", f"pass:{wrong}")
        self.assertEqual(self.tpm.wrong_tries(), before + 1)

    def test_of_a_handle_is_sent_once(self):
        self.refuse_wrong("handle:0x81000001")

    def test_of_a_key_file_is_sent_once(self):
        self.write("web.pem", pki.pem(self.file_leaf))
        self.write("web.tss2", self.file)
        self.refuse_wrong("web.tss2")


class Lockout(TpmInputTest):
    AUTH = "auth-27182818"

    @classmethod
    def make_keys(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent("0x81000001", auth=cls.AUTH))
        cls.tpm.set_lockout(1)

    def test_is_named_although_the_auth_value_is_right(self):
        self.refuse("handle:0x81000001", "", "--passin", "pass:wrong-31415")
        self.refuse(
            *("handle:0x81000001", "the TPM is in dictionary-attack lockout"),
            *("--passin", f"pass:{self.AUTH}"),
            hint="tpm2_dictionarylockout",
        )


class FullTpm(TpmInputTest):
    def test_no_free_slot(self):
        for number in range(3):
            self.tpm.tool("createprimary", "-Q", "-G", "ecc", "-c", self.folder / str(number))
        self.refuse("handle:0x81000001", "the TPM has no free object slot", hint="/dev/tpmrm0")


@expand
class TpmKeyFiles(TpmInputTest):
    @classmethod
    def make_keys(cls):
        cls.file, public_key = cls.tpm.make_key_file(tpm.EC_P256)
        cls.leaf = cls.root.issue(public_key)

    def refuse_file(self, contents, message, **more):
        self.write("web.tss2", contents)
        self.refuse("web.tss2", message, **more)

    @each(
        no_base64=b"!!!!\n",
        nothing=b"",
        zeros=b"AAAA\n",
        a_sequence_of_nothing=b"MAA=\n",
        an_unknown_type=b"MBoGBioDBAUGBwIFAIEAAAEEBQADAQIDBAMAAQI=\n",
    )
    def test_holding(self, contents):
        label = b"TSS2 PRIVATE KEY-----\n"
        self.refuse_file(b"-----BEGIN " + label + contents + b"-----END " + label, "web.tss2: ")

    def test_truncated(self):
        for length in (40, 80, 150, len(self.file) - 30):
            self.refuse_file(self.file[:length], "web.tss2: ")

    def test_without_its_last_line(self):
        self.refuse_file(self.file.rpartition(b"-----END")[0], "web.tss2: ")

    def test_encrypted_as_other_pem_is(self):
        head, _, rest = self.file.partition(b"\n")
        header = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n"
        self.refuse_file(head + b"\n" + header + b"\n" + rest, "web.tss2: ")

    def test_with_a_byte_changed_it_does_not_crash(self):
        chance = random.Random(4711)
        for _ in range(25):
            changed = bytearray(self.file)
            position = chance.randrange(36, len(changed) - 40)
            changed[position] = chance.choice(b"ABCDEFabcdef0123456789+/")
            self.write("web.tss2", bytes(changed))
            flags = ("--certificate", "web.pem", "--private-key", "web.tss2")
            self.run_program(*self.arguments(*flags))
        self.assertEqual(self.tpm.loaded(), [])

    def test_with_a_parent_that_is_not_there(self):
        self.tpm.make_parent("0x81000010")
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256, "parent:0x81000010")
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", "0x81000010")
        self.refuse_file(
            *(contents, "there is no parent key at handle 0x81000010"),
            hint="tpm2_getcap handles-persistent",
        )


if __name__ == "__main__":
    unittest.main()
