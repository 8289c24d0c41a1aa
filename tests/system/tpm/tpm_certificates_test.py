#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Certificates in an NV index of the TPM, written by tpm2-tools."""

import itertools
import os
import unittest

from support import openssl, pcap, pki, program, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest, make_folder

KEY = "handle:0x81000001"
AUTH = "auth-27182818"
OWNER_AUTH = "owner-31415926"


class NvTest(MintTest):
    """Each class has a TPM with one key, and a leaf. Each test uses indices of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.public_key = cls.tpm.make_persistent("0x81000001")
        cls.leaf = cls.root.issue(cls.public_key)
        cls.numbers = itertools.count(0x01C00002)

    def setUp(self):
        super().setUp()
        self.env = dict(self.tpm.env)
        self.secret(AUTH)
        self.secret(OWNER_AUTH)

    def written(self, contents, *arguments, **more):
        """Writes a new index with these contents (support/tpm.py); returns its reference."""
        index = f"0x{next(self.numbers):08x}"
        self.tpm.write_nv(index, contents, *arguments, **more)
        return f"nv:{index}"

    def mint_with(self, certificate, *flags, **more):
        self.mint("--certificate", certificate, "--private-key", KEY, *flags, **more)
        self.assertEqual(self.last_request()["serial"], str(self.leaf.serial_number))
        self.assertEqual(self.tpm.loaded(), [])

    def refuse(self, status, message, certificate, *flags, hint=None, tries=0):
        """Mints, which must fail with at most `tries` wrong tries counted by the TPM."""
        before = self.tpm.wrong_tries()
        self.mint_fails_locally(
            status,
            message,
            *("--certificate", certificate, "--private-key", KEY, *flags),
            hint=hint,
        )
        self.assertEqual(self.tpm.wrong_tries() - before, tries)
        self.assertEqual(self.tpm.loaded(), [])


@expand
class Contents(NvTest):
    @each("der", "pem")
    def test_mint_with(self, form):
        self.mint_with(self.written(getattr(pki, form)(self.leaf)))

    @each("der", "pem")
    def test_in_an_index_that_is_too_large(self, form):
        contents = getattr(pki, form)(self.leaf)
        self.mint_with(self.written(contents, size=1500))
        self.mint_with(self.written(contents + bytes(100)))
        self.mint_with(self.written(contents + b"\xff" * 100))

    def test_written_as(self):
        index = self.written(pki.der(self.leaf))[len("nv:0x0") :]
        for number in (index, f"0{index}", f"0x0{index.upper()}", f"0X{index}"):
            self.mint_with(f"nv:{number}")

    def test_longer_than_the_buffer_of_the_tpm(self):
        others = [self.root.issue(pki.make_key("RSA2048").public_key()) for _ in range(2)]
        contents = b"".join(map(pki.der, [*others, self.leaf]))
        self.assertGreater(len(contents), 1024)
        self.mint_with(self.written(contents))

    def test_with_its_issuer(self):
        issuer = self.root.make_intermediate("issuing CA")
        leaf = issuer.issue(self.public_key)
        both = pki.der(leaf) + pki.der(issuer.certificate)
        for contents in (pki.pem(issuer.certificate, leaf), both):
            certificate = self.written(contents)
            self.mint("--certificate", certificate, "--private-key", KEY)
            self.assertEqual(self.last_request()["chain_length"], 1)

    def test_issuer_in_the_tpm(self):
        issuer = self.root.make_intermediate("issuing CA")
        self.write("web.pem", pki.pem(issuer.issue(self.public_key)))
        certificate = self.written(pki.der(issuer.certificate))
        self.mint(
            "--certificate", "web.pem", "--private-key", KEY, "--intermediates", certificate
        )
        self.assertEqual(self.last_request()["chain_length"], 1)

    def test_renewed_certificate_beside_the_old_one(self):
        new = self.root.issue(self.public_key, not_after=99 * pki.DAY)
        certificate = self.written(pki.der(self.leaf) + pki.der(new))
        self.refuse(program.KEY, "2 certificates match", certificate)
        flags = ("--private-key", KEY, "--use-latest-expiring-certificate")
        self.mint("--certificate", certificate, *flags)
        self.assertEqual(self.last_request()["serial"], str(new.serial_number))

    def test_of_another_key(self):
        other = self.root.issue(pki.make_key().public_key())
        certificate = self.written(pki.der(other))
        self.refuse(program.CERTIFICATE, "the private key does not belong to it", certificate)

    @each(
        text=b"hello",
        private_key=b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        half=b"\x30\x82\x01\x80\x30\x00",
        nothing=bytes(300),
    )
    def test_something_else(self, contents):
        message = "it holds something other than certificates"
        self.refuse(program.CERTIFICATE, message, self.written(contents), hint="tpm2_nvwrite")

    def test_cut_short(self):
        certificate = self.written(pki.der(self.leaf)[:-1])
        self.refuse(program.CERTIFICATE, "it holds something other than certificates", certificate)

    def test_damaged_within(self):
        damaged = bytearray(pki.der(self.leaf))
        damaged[8:12] = b"\xff" * 4
        self.refuse(program.CERTIFICATE, "opening certificate nv:", self.written(bytes(damaged)))


class OtherCommands(NvTest):
    def test_read_certificate_data(self):
        certificate = self.written(pki.der(self.leaf))
        shown = self.succeed("read-certificate-data", "--certificate", certificate).decode()
        self.assertIn("Subject: CN=web\n", shown)
        self.assertIn(f"URI: {certificate}", shown)

    def test_openssl_with_the_module(self):
        certificate = self.written(pki.der(self.leaf), size=2000)
        modules = os.environ["CREDMINT_MODULES"]
        providers = ("-provider", "credmint-tpm2", "-provider", "default")
        der = run_tool(
            *(openssl.OPENSSL, "x509", "-provider-path", modules, *providers),
            *("-in", certificate, "-outform", "DER"),
            env=self.tpm.env,
        )
        self.assertEqual(der, pki.der(self.leaf))

    def test_it_is_no_key(self):
        certificate = self.written(pki.der(self.leaf))
        hint = "name the key with --private-key: handle:"
        message = "nv: names certificates, not keys"
        for flags in (("--private-key", certificate), ("--certificate", certificate)):
            self.fail_with(program.KEY, message, "sign-string", *flags, hint=hint)
        self.mint_fails_locally(program.KEY, message, "--certificate", certificate, hint=hint)

    def test_a_key_is_no_certificate(self):
        self.refuse(program.CERTIFICATE, "names a key, not a certificate", KEY, hint="nv:")
        self.refuse(
            program.CERTIFICATE,
            "does not name an NV index",
            "nv:0x81000001",
            hint="for a key, write handle:0x81000001",
        )

    def test_without_the_scheme(self):
        hint = "if that is no file, write nv:0x01c00002"
        self.refuse(program.LOCAL_IO, "No such file or directory", "0x01c00002", hint=hint)


class Reading(NvTest):
    """Authorisation to read an index, and values that are never tried."""

    def test_missing(self):
        message = "there is no NV index 0x01ffff00"
        self.refuse(program.CERTIFICATE, message, "nv:0x01ffff00", hint="credmint list --tpm")

    def test_never_written(self):
        certificate = self.written(None, size=500)
        self.refuse(program.CERTIFICATE, "was never written", certificate, hint="tpm2_nvwrite")

    def test_locked_against_reading(self):
        certificate = self.written(pki.der(self.leaf), f"{tpm.READABLE}|read_stclear")
        self.mint_with(certificate)
        self.tpm.tool("nvreadlock", "-Q", "-C", "o", certificate[3:])
        self.refuse(program.CERTIFICATE, "is locked against reading", certificate, hint="reset")

    def test_counter(self):
        self.tpm.tool(
            *("nvdefine", "-Q", "-C", "o", "-s", "8"),
            *("-a", "ownerread|ownerwrite|authread|nt=1", "0x01c10001"),
        )
        self.tpm.tool("nvincrement", "-Q", "-C", "o", "0x01c10001")
        self.refuse(program.CERTIFICATE, "is a counter, a bit field or a PIN", "nv:0x01c10001")

    def test_by_the_owner_alone(self):
        self.mint_with(self.written(pki.der(self.leaf), "ownerread|ownerwrite"))

    def test_by_nobody_whom_we_know(self):
        certificate = self.written(pki.der(self.leaf), "policyread|ownerwrite")
        self.refuse(
            program.CERTIFICATE,
            "can be read neither with its own auth value nor with the owner's",
            certificate,
            hint="tpm2_nvdefine -a 'ownerread|ownerwrite|authread|no_da'",
        )

    def test_a_wrong_try_that_would_be_counted_is_not_made(self):
        certificate = self.written(pki.der(self.leaf), "authread|ownerwrite", auth=AUTH)
        self.refuse(program.KEY, "it was not tried", certificate, hint="?pass")
        self.refuse(program.KEY, "it was not tried", certificate, "--parent-passin", f"pass:{AUTH}")

    def test_a_wrong_try_that_is_not_counted_is_made(self):
        certificate = self.written(pki.der(self.leaf), "authread|no_da|ownerwrite", auth=AUTH)
        self.refuse(program.KEY, "has an auth value and none was given", certificate, hint="?pass")

    def test_its_own_auth_value(self):
        for attributes in ("authread|ownerwrite", "authread|no_da|ownerwrite", tpm.READABLE):
            certificate = self.written(pki.der(self.leaf), attributes, auth=AUTH)
            shown = self.succeed(
                *("read-certificate-data", "--certificate", f"{certificate}?pass"),
                *("--passin", f"pass:{AUTH}"),
            )
            self.assertIn(b"CN=web", shown)

    def test_its_own_auth_value_is_wrong(self):
        certificate = self.written(pki.der(self.leaf), "authread|ownerwrite", auth=AUTH)
        before = self.tpm.wrong_tries()
        self.fail_with(
            program.KEY,
            "the TPM refused the auth value",
            *("read-certificate-data", "--certificate", f"{certificate}?pass"),
            *("--passin", "pass:wrong"),
        )
        self.assertEqual(self.tpm.wrong_tries() - before, 1)

    def test_an_auth_value_that_does_not_count(self):
        certificate = self.written(pki.der(self.leaf), "ownerread|ownerwrite", auth=AUTH)
        self.fail_with(
            program.CERTIFICATE,
            "is not read with an auth value of its own",
            *("read-certificate-data", "--certificate", f"{certificate}?pass"),
            *("--passin", f"pass:{AUTH}"),
            hint="leave out ?pass",
        )

    def test_an_empty_value_that_somebody_vouches_for(self):
        certificate = self.written(pki.der(self.leaf), "authread|ownerwrite")
        self.mint_with(f"{certificate}?pass", "--no-tpm-key-password")


class OwnerAuth(NvTest):
    """A TPM whose owner hierarchy has an auth value."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.certificates = {}
        for number, attributes in enumerate(
            ("ownerread|ownerwrite", tpm.READABLE, "ownerread|authread|ownerwrite"), 0x01C00002
        ):
            cls.certificates[attributes] = f"nv:0x{number:08x}"
            cls.tpm.write_nv(f"0x{number:08x}", pki.der(cls.leaf), attributes)
        cls.tpm.tool("changeauth", "-c", "o", OWNER_AUTH)

    def test_is_asked_for(self):
        for attributes in ("ownerread|ownerwrite", "ownerread|authread|ownerwrite"):
            self.refuse(
                program.KEY,
                "is read with the owner's auth value and none was given",
                self.certificates[attributes],
                hint="--parent-passin",
            )

    def test_is_given(self):
        record = self.folder / "record.pcapng"
        self.mint_with(
            self.certificates["ownerread|ownerwrite"],
            *("--parent-passin", f"pass:{OWNER_AUTH}", "--tcti", f"pcap:{self.tpm.tcti}"),
            env={"TCTI_PCAP_FILE": str(record)},
        )
        self.assertIn("StartAuthSession", pcap.commands(record))
        self.assertNotIn(OWNER_AUTH.encode(), record.read_bytes())

    def test_is_wrong(self):
        self.refuse(
            program.KEY,
            "the owner's auth value is wrong",
            self.certificates["ownerread|ownerwrite"],
            *("--parent-passin", "pass:wrong"),
            hint="--parent-passin",
        )

    def test_is_longer_than_a_tpm_allows(self):
        self.refuse(
            program.KEY,
            "longer than a TPM allows",
            self.certificates["ownerread|ownerwrite"],
            *("--parent-passin", f"pass:{'x' * 65}"),
        )

    def test_is_not_needed_where_all_may_read(self):
        self.mint_with(self.certificates[tpm.READABLE])
        self.mint_with(self.certificates[tpm.READABLE], "--parent-passin", "pass:wrong")


if __name__ == "__main__":
    unittest.main()
