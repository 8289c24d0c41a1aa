#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Keys of a TPM 2.0 (swtpm): persistent ones, and key files that only this TPM can use."""

import unittest

from cryptography.hazmat.primitives import serialization

from support import pki, program, tpm
from support.cases import each, expand
from support.tpm_test import AUTH, HANDLE, TpmTest

KEYS = {
    "RSA2048": ("0x81000001", "rsa2048"),
    "RSA3072": ("0x81000002", "rsa3072"),
    "P256": ("0x81000003", "ecc256"),
    "P384": ("0x81000004", "ecc384"),
    "P521": ("0x81000005", "ecc521"),
}
KEY = f"handle:{HANDLE}"


@expand
class PersistentHandles(TpmTest):
    @classmethod
    def make_keys(cls):
        cls.leaves = {
            name: cls.root.issue(cls.tpm.make_persistent(handle, algorithm))
            for name, (handle, algorithm) in KEYS.items()
        }

    @each(*KEYS)
    def test_mint_with(self, name):
        self.write("web.pem", pki.pem(self.leaves[name]))
        self.mint_with_key(f"handle:{KEYS[name][0]}")

    @each("81000003", "0X81000003", "0x81000003")
    def test_written_as(self, handle):
        self.write("web.pem", pki.pem(self.leaves["P256"]))
        self.mint_with_key(f"handle:{handle}")

    def test_another_key_of_the_tpm_is_found_out(self):
        self.write("web.pem", pki.pem(self.leaves["P256"]))
        self.refuse(
            program.CERTIFICATE, "the private key does not belong to it", "handle:0x81000004"
        )


@expand
class KeyFiles(TpmTest):
    """TSS2 PRIVATE KEY files of tpm2-openssl."""

    ALGORITHMS = {"EC": tpm.EC_P256, "P384": tpm.EC_P384, "RSA": tpm.RSA_2048}

    @classmethod
    def make_keys(cls):
        cls.files, cls.leaves = {}, {}
        for name, algorithm in cls.ALGORITHMS.items():
            cls.add(name, cls.tpm.make_key_file(algorithm))
        cls.tpm.make_parent("0x81000010")
        cls.add("parent", cls.tpm.make_key_file(tpm.EC_P256, "parent:0x81000010"))

    @classmethod
    def add(cls, name, file_and_public_key):
        cls.files[name], public_key = file_and_public_key
        cls.leaves[name] = cls.root.issue(public_key)

    def write_key(self, name):
        self.write("web.tss2", self.files[name])
        self.write("web.pem", pki.pem(self.leaves[name]))

    @each(*ALGORITHMS)
    def test_mint_with(self, name):
        self.write_key(name)
        self.mint_with_key("web.tss2")

    def test_with_a_persistent_parent(self):
        self.write_key("parent")
        self.mint_with_key("web.tss2")

    def test_in_one_file_with_the_certificate(self):
        self.write("web.pem", pki.pem(self.leaves["EC"]) + self.files["EC"])
        self.mint("--certificate", "web.pem")

    def test_named_by_a_file_uri(self):
        self.write_key("EC")
        self.mint_with_key("file:web.tss2")

    def test_behind_text(self):
        self.write_key("EC")
        self.write("web.tss2", b"made by tpm2-openssl\n" + self.files["EC"])
        self.mint_with_key("web.tss2")

    def test_of_another_tpm(self):
        self.write_key("EC")
        other = tpm.Tpm(self, self.folder / "other")
        self.env = dict(other.env)
        self.refuse(program.KEY, "does not belong to this TPM", "web.tss2")
        self.assertEqual(other.loaded(), [])


class AuthValues(TpmTest):
    @classmethod
    def make_keys(cls):
        cls.handle_leaf = cls.root.issue(cls.tpm.make_persistent(HANDLE, auth=AUTH))
        cls.file, public_key = cls.tpm.make_key_file(tpm.EC_P256, f"user-auth:{AUTH}")
        cls.file_leaf = cls.root.issue(public_key)
        cls.open_leaf = cls.root.issue(cls.tpm.make_persistent("0x81000002"))
        cls.tpm.set_lockout(30)

    def write_key_file(self):
        self.write("web.tss2", self.file)
        self.write("web.pem", pki.pem(self.file_leaf))

    def setUp(self):
        super().setUp()
        self.write("web.pem", pki.pem(self.handle_leaf))

    def test_of_a_handle_by_passin(self):
        self.write("auth", AUTH + "\n")
        self.mint_with_key(KEY, "--passin", "file:auth")

    def test_of_a_handle_that_says_it_has_one(self):
        self.mint_with_key(KEY + "?pass", "--passin", f"pass:{AUTH}")

    def test_of_a_handle_by_the_flag_of_aws(self):
        self.mint_with_key(KEY, "--tpm-key-password", AUTH)

    def test_of_a_key_file_by_passin(self):
        self.write_key_file()
        self.mint_with_key("web.tss2", "--passin", "env:AUTH", env={"AUTH": AUTH})

    def test_of_a_key_file_by_the_flag_of_aws(self):
        self.write_key_file()
        self.mint_with_key("web.tss2", "--tpm-key-password", AUTH)

    def test_is_not_shown_by_debug(self):
        flags = ("--certificate", "web.pem", "--private-key", KEY, "--tpm-key-password", AUTH)
        result = self.run_program(*self.arguments(*flags, "--debug"))
        self.assertEqual(result.status, program.SUCCESS, str(result))

    def test_none_given_for_a_key_file(self):
        self.write_key_file()
        self.refuse(
            program.KEY, "needs an auth value and none was given", "web.tss2", hint="--passin"
        )

    def test_none_given_for_a_handle(self):
        message = "TPM key 0x81000001 has an auth value and none was given"
        self.refuse(program.KEY, message, KEY, hint="--passin")

    def test_declared_empty(self):
        message = "TPM key 0x81000001 has an auth value and none was given"
        self.refuse(program.KEY, message, KEY, "--no-tpm-key-password")

    def test_two_ways_at_once(self):
        self.refuse(
            program.USAGE,
            "--passin and --tpm-key-password exclude each other",
            *(KEY, "--passin", f"pass:{AUTH}", "--tpm-key-password", AUTH),
        )

    def test_longer_than_any_tpm_takes(self):
        long = self.secret("too-long-" * 20)
        self.refuse(program.KEY, "auth value", KEY, "--passin", f"pass:{long}")

    def test_declared_empty_where_it_is(self):
        self.write("web.pem", pki.pem(self.open_leaf))
        self.mint_with_key("handle:0x81000002", "--no-tpm-key-password")

    def test_given_where_there_is_none(self):
        self.write("web.pem", pki.pem(self.open_leaf))
        flags = ("--passin", f"pass:{AUTH}")
        self.refuse(program.KEY, "refused the auth value", "handle:0x81000002", *flags)


class KeyFilesOfTpm2Tools(TpmTest):
    """tpm2_encodeobject up to 5.4 writes the inverse of the flag for an empty auth value."""

    PARENT = "0x81000010"

    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent(cls.PARENT, attributes=tpm.STORAGE + "|noda")
        cls.open_file, cls.open_leaf = cls.encode()
        cls.file_with_auth, cls.leaf_with_auth = cls.encode("-p", AUTH)

    @classmethod
    def encode(cls, *auth):
        public, private, pem, encoded = (
            cls.tpm.folder / name for name in ("e.pub", "e.priv", "e.pem", "e.tss2")
        )
        cls.tpm.tool(
            *("create", "-Q", "-C", cls.PARENT, "-G", "ecc256", "-a", tpm.SIGNING, *auth),
            *("-u", public, "-r", private, "-f", "pem", "-o", pem),
        )
        cls.tpm.tool(
            *("encodeobject", "-C", cls.PARENT, "-u", public, "-r", private, "-o", encoded),
            *auth[:1],
        )
        cls.tpm.tool("flushcontext", "-l")  # tpm2-tools leave sessions loaded
        leaf = cls.root.issue(serialization.load_pem_public_key(pem.read_bytes()))
        return encoded.read_bytes(), leaf

    def test_auth_value_that_was_given_is_used_whatever_the_file_says(self):
        self.write("web.tss2", self.file_with_auth)
        self.write("web.pem", pki.pem(self.leaf_with_auth))
        self.mint_with_key("web.tss2", "--passin", f"pass:{AUTH}")

    def test_without_auth_value(self):
        self.write("web.tss2", self.open_file)
        self.write("web.pem", pki.pem(self.open_leaf))
        self.mint_with_key("web.tss2", "--no-tpm-key-password")


class ParentAuthValues(TpmTest):
    """A parent key for which wrong tries are not counted, like the standard storage key."""

    PARENT_AUTH = "parent-16180339"
    PARENT_ATTRIBUTES = tpm.STORAGE + "|noda"

    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent("0x81000010", cls.PARENT_AUTH, cls.PARENT_ATTRIBUTES)
        options = ("parent:0x81000010", f"parent-auth:{cls.PARENT_AUTH}")
        cls.file, public_key = cls.tpm.make_key_file(tpm.EC_P256, *options)
        cls.leaf = cls.root.issue(public_key)
        options += (f"user-auth:{AUTH}",)
        cls.file_with_auth, public_key = cls.tpm.make_key_file(tpm.EC_P256, *options)
        cls.leaf_with_auth = cls.root.issue(public_key)
        cls.tpm.set_lockout(30)

    def setUp(self):
        super().setUp()
        self.secret(self.PARENT_AUTH)
        self.write("web.tss2", self.file)

    def test_parent_passin(self):
        self.mint_with_key("web.tss2", "--parent-passin", f"pass:{self.PARENT_AUTH}")

    def test_parent_passin_costs_no_wrong_try(self):
        before = self.tpm.wrong_tries()
        self.run_program(
            *self.arguments("--certificate", "web.pem", "--private-key", "web.tss2"),
            *("--parent-passin", f"pass:{self.PARENT_AUTH}"),
        )
        self.assertEqual(self.tpm.wrong_tries(), before)

    def test_parent_and_key_have_each_their_own(self):
        self.write("web.tss2", self.file_with_auth)
        self.write("web.pem", pki.pem(self.leaf_with_auth))
        self.mint_with_key(
            *("web.tss2", "--parent-passin", f"pass:{self.PARENT_AUTH}"),
            *("--passin", f"pass:{AUTH}"),
        )

    def test_none_given(self):
        self.refuse(
            program.KEY,
            "TPM key 0x81000010 needs an auth value",
            "web.tss2",
            hint="--parent-passin",
        )

    def test_wrong(self):
        wrong = self.secret("wrong-31415")
        self.refuse(*(program.KEY, "0x81000010", "web.tss2", "--parent-passin", f"pass:{wrong}"))

    def test_that_of_the_key_is_not_tried_for_the_parent(self):
        self.write("web.tss2", self.file_with_auth)
        self.refuse(
            *(program.KEY, "TPM key 0x81000010 needs an auth value", "web.tss2"),
            *("--passin", f"pass:{AUTH}"),
            hint="--parent-passin",
        )


class ParentAuthValuesThatAreCounted(ParentAuthValues):
    """A parent key for which wrong tries are counted, as tpm2_createprimary makes it."""

    PARENT_ATTRIBUTES = tpm.STORAGE


@expand
class WayToTheTpm(TpmTest):
    def test_flag(self):
        self.env = {}
        self.mint_with_key(KEY, "--tcti", self.tpm.tcti)

    @each("TPM2TOOLS_TCTI", "TSS2_TCTI", "TPM2OPENSSL_TCTI")
    def test_variable(self, variable):
        self.env = {variable: self.tpm.tcti}
        self.mint_with_key(KEY)

    def test_socket_in_tpm_device(self):
        self.env = {"TPM_DEVICE": self.tpm.tcti.partition("path=")[2]}
        self.mint_with_key(KEY)

    def test_tctis_win_over_tpm_device(self):
        self.env = {"TPM_DEVICE": "/nonexistent", "TSS2_TCTI": self.tpm.tcti}
        self.mint_with_key(KEY)

    def test_tpm_device_is_a_path_and_no_tcti(self):
        self.env = {"TPM_DEVICE": f"cmd:touch {self.folder}/ran"}
        self.refuse(program.USAGE, "TPM_DEVICE", KEY, hint="TPM2TOOLS_TCTI")
        self.assertFalse((self.folder / "ran").exists())

    def test_tpm_device_that_is_a_file_is_not_written_to(self):
        path = self.write("file", "as it was")
        self.env = {"TPM_DEVICE": str(path)}
        self.refuse(program.USAGE, "neither a device nor a socket", KEY)
        self.assertEqual(path.read_text(), "as it was")

    def test_the_flag_wins(self):
        self.env = {"TPM2TOOLS_TCTI": "device:/nonexistent"}
        self.mint_with_key(KEY, "--tcti", self.tpm.tcti)

    def test_a_variable_that_would_run_a_program_is_refused(self):
        self.env = {"TPM2TOOLS_TCTI": f"cmd:touch {self.folder}/ran"}
        self.refuse(program.USAGE, "TPM2TOOLS_TCTI", KEY, hint="--tcti")
        self.assertFalse((self.folder / "ran").exists())


class FileNamedLikeTheUri(TpmTest):
    """A user who can write to the working directory must not be able to replace the key."""

    def setUp(self):
        super().setUp()
        self.file_key = pki.make_key()
        self.file_leaf = self.root.issue(self.file_key.public_key(), "slipped in")
        for name in (KEY, f"{KEY}?pass"):
            self.write(name, pki.pkcs8_pem(self.file_key) + pki.pem(self.file_leaf))

    def test_the_key_of_the_tpm_is_used(self):
        self.mint_with_key(KEY)

    def test_the_key_of_the_file_is_not(self):
        self.write("web.pem", pki.pem(self.file_leaf))
        self.refuse(program.CERTIFICATE, "the private key does not belong to it", KEY)

    def test_not_even_with_an_auth_value(self):
        self.write("web.pem", pki.pem(self.file_leaf))
        result = self.run_program(
            *self.arguments("--certificate", "web.pem", "--private-key", KEY),
            *("--passin", f"pass:{AUTH}"),
        )
        self.assertIn(result.status, (program.KEY, program.CERTIFICATE), str(result))

    def test_not_even_where_the_tpm_has_no_such_key(self):
        self.write("handle:0x81000099", pki.pkcs8_pem(self.file_key))
        self.write("web.pem", pki.pem(self.file_leaf))
        self.refuse(program.KEY, "there is no key at handle 0x81000099", "handle:0x81000099")

    def test_not_even_where_the_scheme_is_in_capitals(self):
        """RFC 3986 section 3.1: schemes are case-insensitive."""
        uri = KEY.replace("handle", "HANDLE")
        self.write(uri, pki.pkcs8_pem(self.file_key))
        self.mint_with_key(uri)


if __name__ == "__main__":
    unittest.main()
