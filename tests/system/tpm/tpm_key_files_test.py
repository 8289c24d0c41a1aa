#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TPM key files in the forms of various tools, in PEM and in DER, named as plain files.

Files are written by tpm2-openssl, tpm2-tools, and tpm2-pytss (in the form of tpm2-tss-engine). The
forms of openssl_tpm2_engine, which Debian lacks, and of other tools come from support/tss2.py.
"""

import base64
import unittest

from cryptography.hazmat.primitives import serialization

from support import openssl, pki, program, tpm, tss2
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import need
from support.tpm_test import AUTH, TpmTest

PARENT = "0x81000010"
PARENT_WITH_AUTH = "0x81000011"
PARENT_AUTH = "parent-16180339"
WITH_AUTH = ("--passin", f"pass:{AUTH}")
WITH_PARENT_AUTH = ("--parent-passin", f"pass:{PARENT_AUTH}")
PYTSS = "/usr/lib/python3/dist-packages/tpm2_pytss"


class KeyFilesTest(TpmTest):
    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent(PARENT)
        cls.tpm.make_parent(PARENT_WITH_AUTH, PARENT_AUTH)

    def setUp(self):
        super().setUp()
        self.secret(PARENT_AUTH)

    def mint_with_file(self, contents, public_key, *flags):
        """Mints with a key file whose name does not show its type."""
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.write("web.key", contents)
        self.mint_with_key("web.key", *flags)

    def refuse_file(self, message, contents, public_key, *flags, hint=None):
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.write("web.key", contents)
        self.refuse(program.KEY, message, "web.key", *flags, hint=hint)

    def mint_with_both_forms(self, pem, public_key, *flags):
        self.mint_with_file(pem, public_key, *flags)
        path = self.write("web.pem", pem)
        command = ("asn1parse", "-in", path, "-noout", "-out", "/dev/stdout")
        self.mint_with_file(run_tool(openssl.OPENSSL, *command), public_key, *flags)


@expand
class OfTpm2Openssl(KeyFilesTest):
    """Every -pkeyopt that tpm2-openssl's genpkey accepts."""

    KINDS = {
        "RSA": (tpm.RSA_2048,),
        "RSA with 3072 bits": (("-algorithm", "RSA"), "bits:3072"),
        "RSA with the exponent named": (tpm.RSA_2048, "e:65537"),
        "P256": (tpm.EC_P256,),
        "P384": (tpm.EC_P384,),
        "P521": (("-algorithm", "EC"), "group:P-521"),
    }
    WITH = {
        "auth": ((f"user-auth:{AUTH}",), WITH_AUTH),
        "parent": ((f"parent:{PARENT}",), ()),
        "auth and parent": ((f"user-auth:{AUTH}", f"parent:{PARENT}"), WITH_AUTH),
        "all there is": (
            (f"user-auth:{AUTH}", f"parent:{PARENT_WITH_AUTH}", f"parent-auth:{PARENT_AUTH}"),
            (*WITH_AUTH, *WITH_PARENT_AUTH),
        ),
    }

    @each(*KINDS)
    def test_kind(self, name):
        self.mint_with_both_forms(*self.tpm.make_key_file(*self.KINDS[name]))

    @each(*WITH)
    def test_ec_with(self, name):
        options, flags = self.WITH[name]
        self.mint_with_both_forms(*self.tpm.make_key_file(tpm.EC_P256, *options), *flags)

    @each(*WITH)
    def test_rsa_with(self, name):
        options, flags = self.WITH[name]
        self.mint_with_both_forms(*self.tpm.make_key_file(tpm.RSA_2048, *options), *flags)

    @each("SHA256", "SHA384")
    def test_rsa_pss_is_refused(self, digest):
        """tpm2-openssl unexpectedly makes such keys restricted."""
        self.refuse_file(
            "the TPM key is restricted: it signs only what the TPM itself has hashed",
            *self.tpm.make_key_file(("-algorithm", "RSA-PSS"), "bits:2048", f"digest:{digest}"),
            hint="create a signing key",
        )


@expand
class OfTpm2Tools(KeyFilesTest):
    """Files of tpm2_encodeobject."""

    def encode(self, algorithm, parent, *auth):
        public, private, encoded = (self.tpm.folder / name for name in ("pub", "priv", "encoded"))
        given = dict(zip(auth[::2], auth[1::2]))
        parts = self.tpm.make_parts(parent, algorithm, given.get("-p", ""))
        public.write_bytes(parts[0])
        private.write_bytes(parts[1])
        files = ("-u", public, "-r", private, "-o", encoded)
        self.tpm.tool("encodeobject", "-C", parent, *files, *(("-p",) if "-p" in given else ()))
        self.tpm.tool("flushcontext", "-l")  # tpm2-tools leave sessions loaded
        return encoded.read_bytes(), parts[2]

    @each("ecc256", "ecc384", "rsa2048")
    def test_kind(self, algorithm):
        self.mint_with_both_forms(*self.encode(algorithm, PARENT), "--no-tpm-key-password")

    @each("ecc256", "rsa2048")
    def test_with_auth(self, algorithm):
        self.mint_with_both_forms(*self.encode(algorithm, PARENT, "-p", AUTH), *WITH_AUTH)

    def test_in_der_by_base64(self):
        pem, public_key = self.encode("ecc256", PARENT)
        lines = [line for line in pem.splitlines() if not line.startswith(b"-")]
        der = base64.b64decode(b"".join(lines))
        self.mint_with_file(der, public_key, "--no-tpm-key-password")


@expand
class OfTpm2Pytss(KeyFilesTest):
    """Files of tpm2-pytss, which writes TRUE as tpm2-tss-engine did: 0x01, not DER's 0xff."""

    def create(self, kind, *arguments, **more):
        need(PYTSS, "python3-tpm2-pytss")
        from tpm2_pytss import ESAPI  # pylint: disable=import-outside-toplevel
        from tpm2_pytss.tsskey import TSSPrivKey  # pylint: disable=import-outside-toplevel

        with ESAPI(self.tpm.tcti) as esapi:
            key = getattr(TSSPrivKey, f"create_{kind}")(esapi, *arguments, **more)
        self.tpm.tool("flushcontext", "-t")  # tpm2-pytss leaves the parent loaded
        return key, serialization.load_pem_public_key(key.public.to_pem())

    def mint_with(self, created, *flags):
        key, public_key = created
        self.mint_with_file(key.to_pem(), public_key, *flags)
        self.mint_with_file(key.to_der(), public_key, *flags)

    @each("ecc", "rsa")
    def test_kind(self, kind):
        created = self.create(kind)
        self.assertIn(b"\xa0\x03\x01\x01\x01", created[0].to_der())
        self.mint_with(created)

    @each("ecc", "rsa")
    def test_with_auth(self, kind):
        self.mint_with(self.create(kind, password=AUTH.encode()), *WITH_AUTH)

    @each("ecc", "rsa")
    def test_with_a_parent(self, kind):
        self.mint_with(self.create(kind, parent=int(PARENT, 16)))


@expand
class OfOtherWriters(KeyFilesTest):
    """Variants of each field."""

    HIERARCHIES = {
        "owner": ("o", tss2.OWNER),
        "endorsement": ("e", tss2.ENDORSEMENT),
        "platform": ("p", tss2.PLATFORM),
        "null": ("n", tss2.NULL),
        "zero for the owner": ("o", 0),
    }
    EMPTY = {
        "TRUE": tss2.TRUE,
        "TRUE of old writers": tss2.TRUE_OF_OLD_WRITERS,
        "TRUE as any other number": b"\x80",
    }
    NOT_EMPTY = {"FALSE": tss2.FALSE, "absent": None}

    def make(self, above=tpm.ECC_PRIMARY, algorithm="ecc256", auth="", **fields):
        public, private, public_key = self.tpm.make_parts(above, algorithm, auth)
        return tss2.KeyFile(public, private, **fields), public_key

    def mint_with(self, made, *flags):
        file, public_key = made
        self.mint_with_both_forms(file.pem(), public_key, *flags)

    @each(**EMPTY)
    def test_empty_auth(self, value):
        self.mint_with(self.make(empty_auth=value))

    @each(**NOT_EMPTY)
    def test_empty_auth_is(self, value):
        self.mint_with(self.make(auth=AUTH, empty_auth=value), *WITH_AUTH)

    @each(**NOT_EMPTY)
    def test_none_given_where_empty_auth_is(self, value):
        file, public_key = self.make(auth=AUTH, empty_auth=value)
        for contents in (file.pem(), file.der()):
            message = "TPM key file needs an auth value and none was given"
            self.refuse_file(message, contents, public_key, hint="--passin")

    @each(**NOT_EMPTY)
    def test_no_auth_value_where_empty_auth_is(self, value):
        self.mint_with(self.make(empty_auth=value), "--no-tpm-key-password")

    def test_auth_value_for_the_null_hierarchy(self):
        """The null hierarchy has no auth value. A given one must not be sent in clear."""
        given = self.secret("owner-14142135")
        file, public_key = self.make(("-C", "n", *tpm.ECC_PRIMARY), parent=tss2.NULL)
        record = self.folder / "record.pcapng"
        self.write("web.key", file.pem())
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.refuse(
            *(program.KEY, "the null hierarchy", "web.key", "--parent-passin", f"pass:{given}"),
            *("--tcti", f"pcap:{self.tpm.tcti}"),
            env={"TCTI_PCAP_FILE": str(record)},
        )
        self.assertNotIn(given.encode(), record.read_bytes())

    @each(**HIERARCHIES)
    def test_parent(self, hierarchy):
        letter, parent = hierarchy
        self.mint_with(self.make(("-C", letter, *tpm.ECC_PRIMARY), parent=parent))

    @each(**HIERARCHIES)
    def test_rsa_parent(self, hierarchy):
        letter, parent = hierarchy
        made = self.make(
            ("-C", letter, *tpm.RSA_PRIMARY), "rsa2048", parent=parent, rsa_parent=True
        )
        self.mint_with(made)

    def test_rsa_parent_of_an_ec_key(self):
        self.mint_with(self.make(tpm.RSA_PRIMARY, rsa_parent=tss2.TRUE_OF_OLD_WRITERS))

    def test_rsa_parent_false(self):
        self.mint_with(self.make(tpm.ECC_PRIMARY, "rsa2048", rsa_parent=False))

    def test_rsa_parent_that_is_not_the_parent(self):
        file, public_key = self.make(tpm.ECC_PRIMARY, rsa_parent=True)
        self.refuse_file("does not belong to this TPM", file.der(), public_key)

    @each(positive=int(PARENT, 16), negative=tss2.old_integer(int(PARENT, 16)))
    def test_persistent_parent(self, parent):
        self.mint_with(self.make(PARENT, parent=parent))

    def test_rsa_parent_means_nothing_beside_a_persistent_parent(self):
        self.mint_with(self.make(PARENT, parent=int(PARENT, 16), rsa_parent=True))

    @each(transient=0x80000001, nv=0x01C00002, minus_one=-1, large=1 << 40)
    def test_other_parent(self, parent):
        file, public_key = self.make(PARENT, parent=parent)
        message = "its parent is neither a persistent handle nor a hierarchy"
        self.refuse_file(message, file.der(), public_key)

    def test_description(self):
        fields = {"empty_auth": False, "description": "build host"}
        self.mint_with(self.make(auth=AUTH, **fields), *WITH_AUTH)
        file, public_key = self.make(auth=AUTH, **fields)
        message = "TPM key 'build host' needs an auth value and none was given"
        self.refuse_file(message, file.der(), public_key)

    def test_description_cannot_drive_the_terminal(self):
        file, public_key = self.make(auth=AUTH, empty_auth=False, description="a\x1b[2Jb\nc")
        self.refuse_file("needs an auth value", file.der(), public_key)

    def test_fields_of_later_drafts(self):
        later = (
            (6, tss2.octets(b"\0\x0b" + bytes(32))),
            (7, tss2.utf8("unheard of")),
            (30, tss2.octets(b"")),
        )
        self.mint_with(self.make(description="x", rsa_parent=False, later=later))

    def test_the_tpm_is_the_one_of_the_flag(self):
        made = self.make()
        self.env = {}
        self.mint_with(made, "--tcti", self.tpm.tcti)

    def test_cut_off(self):
        file, public_key = self.make()
        self.refuse_file("the TPM key file is damaged", file.der()[:-1], public_key)


if __name__ == "__main__":
    unittest.main()
