#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""import-certificate onto a token, judged by pkcs11-tool and by GnuTLS, and used to mint."""

import unittest

from cryptography import x509

from support import misbehaving, openssl, p11_kit, nss, pki, program, token
from support.card_test import WithCard, listed_objects
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import need
from support.system_test import MintTest, make_folder

P11TOOL = "/usr/bin/p11tool"
URI = "pkcs11:token=test;object=web"


def certificates(shown):
    """(label, id) of each certificate that pkcs11-tool lists, sorted."""
    return [(label, i) for kind, label, i in listed_objects(shown) if kind == "Certificate"]


def key_identifier(certificate):
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest.hex()


class ImportTest(WithCard, MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.key = cls.original.generate("EC:prime256v1")
        cls.original.generate("EC:secp384r1", "other", "02")

    def issue(self, name="leaf.pem", key=None, issuer=None, **changes):
        leaf = (issuer or self.root).issue(key or self.key, **changes)
        self.write(name, pki.pem(leaf))
        return leaf

    def arguments_of(self, file="leaf.pem", uri=URI, *more):
        return (
            *("import-certificate", "--certificate", file, "--private-key", uri),
            *(*more, *self.flags),
        )

    def imports(self, file="leaf.pem", uri=URI, *more):
        """Imports; returns the URI that the program prints."""
        printed = self.succeed(*self.arguments_of(file, uri, *more))
        self.assertRegex(printed, rb"\Apkcs11:[!-~]+\n\Z")
        return printed.decode().strip()

    def refuse(self, status, message, file="leaf.pem", uri=URI, *more, hint=None):
        return self.fail_with(status, message, *self.arguments_of(file, uri, *more), hint=hint)

    def certificates(self):
        return certificates(self.card.describe_objects())

    def read(self, label="web", key_id=None):
        """The certificate with this label, read by pkcs11-tool without a login."""
        named = ("--label", label, *(("--id", key_id) if key_id else ()))
        der = run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test"),
            *("--read-object", "--type", "cert", *named),
            env=self.card.env,
        )
        return x509.load_der_x509_certificate(der)


class Import(ImportTest):
    def test_the_certificate_gets_the_names_of_its_key(self):
        leaf = self.issue()
        uri = self.imports()
        self.assertEqual(self.certificates(), [("web", "01")])
        self.assertEqual(self.read(), leaf)
        self.assertIn("type=cert", uri)

    def test_gnutls_sees_the_same(self):
        need(P11TOOL, "gnutls-bin")
        leaf = self.issue()
        self.imports()
        pem = run_tool(
            *(P11TOOL, "--provider", token.MODULE, "--export"),
            "pkcs11:token=test;object=web;type=cert",
            env=self.card.env,
        )
        self.assertEqual(x509.load_pem_x509_certificate(pem), leaf)

    def test_names_and_serial_number_are_those_of_the_certificate(self):
        """Other programs find a certificate by CKA_SUBJECT and CKA_SERIAL_NUMBER."""
        self.issue(serial=0x7F01)
        self.imports()
        shown = self.card.describe_objects()
        self.assertRegex(shown, r"subject: +DN: CN=web\n")
        self.assertRegex(shown, r"serial: +7F01\n")

    def test_mint_from_there(self):
        self.issue()
        uri = self.imports()
        self.mint("--certificate", uri, *self.flags)
        self.mint("--certificate", URI, *self.flags)

    def test_with_its_issuers(self):
        above = self.root.make_intermediate("above")
        below = pki.Issuer(key := pki.make_key(), above.issue(
            key.public_key(), "below", ca=True, usage={"key_cert_sign"}))
        leaf = below.issue(self.key)
        self.write("leaf.pem", pki.pem(leaf, below.certificate))
        self.write("chain.pem", pki.pem(above.certificate, self.root.certificate))
        self.imports("leaf.pem", URI, "--chain", "chain.pem")
        expected = [("web", "01")] + [
            (name, key_identifier(issuer.certificate))
            for name, issuer in (("above", above), ("below", below))
        ]
        self.assertEqual(self.certificates(), sorted(expected))
        self.assertEqual(self.read("below"), below.certificate)
        _, records = self.mint_with_records("--certificate", URI, *self.flags)
        self.assertEqual(records[-1]["reason"], "accepted")
        self.imports("leaf.pem", URI, "--chain", "chain.pem")
        self.assertEqual(self.certificates(), sorted(expected))

    def test_an_issuer_with_the_label_of_the_key_gets_another(self):
        issuer = self.root.make_intermediate("web")
        leaf = issuer.issue(self.key, "leaf")
        self.write("leaf.pem", pki.pem(leaf, issuer.certificate))
        self.imports()
        self.assertEqual([label for label, _ in self.certificates()], ["web", "web (CA)"])
        self.imports()

    def test_pkcs7_and_der(self):
        leaf = self.issue()
        self.write("leaf.der", pki.der(leaf))
        self.imports("leaf.der")
        self.assertEqual(self.read(), leaf)
        second = self.issue("second.pem")
        run_tool(
            *(openssl.OPENSSL, "crl2pkcs7", "-nocrl", "-certfile", self.folder / "second.pem"),
            *("-out", self.folder / "second.p7b"),
        )
        self.imports("second.p7b")
        self.assertEqual(self.read(), second)

    def test_a_key_that_is_named_by_its_id(self):
        leaf = self.issue()
        self.imports("leaf.pem", "pkcs11:token=test;id=%01")
        self.assertEqual((self.certificates(), self.read()), ([("web", "01")], leaf))

    def test_rsa(self):
        key = self.card.generate("rsa:2048", "rsa", "07")
        leaf = self.issue(key=key)
        self.imports("leaf.pem", "pkcs11:token=test;object=rsa")
        self.assertEqual(self.read("rsa"), leaf)

    def test_the_token_is_named_apart_from_the_key(self):
        leaf = self.issue()
        self.imports("leaf.pem", URI, "--to", "pkcs11:token=test")
        self.assertEqual((self.certificates(), self.read()), ([("web", "01")], leaf))

    def test_another_label(self):
        leaf = self.issue()
        self.imports("leaf.pem", URI, "--to", "pkcs11:token=test;object=web-2026")
        self.assertEqual(self.certificates(), [("web-2026", "01")])
        self.assertEqual(self.read("web-2026"), leaf)
        self.mint("--certificate", "pkcs11:token=test;object=web-2026", *self.flags)

    def test_the_key_is_elsewhere(self):
        key = pki.make_key()
        self.write("web.key", pki.pkcs8_pem(key))
        leaf = self.issue(key=key.public_key())
        to = f"pkcs11:token=test;object=far?pin-source={self.folder}/pin"
        self.flags = ("--pkcs11-lib", token.MODULE)
        self.refuse(
            *(program.USAGE, "gives the certificate no label", "leaf.pem", "web.key"),
            *("--to", to.replace(";object=far", "")),
            hint="object=LABEL",
        )
        self.imports("leaf.pem", "web.key", "--to", to)
        self.assertEqual(self.certificates(), [("far", key_identifier(leaf))])

    def test_without_a_key_process(self):
        self.issue()
        self.imports("leaf.pem", URI, "--no-key-process")
        self.assertEqual(len(self.certificates()), 1)

    def test_one_login(self):
        self.issue()
        log = self.misbehave()
        self.imports()
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)


class Renewal(ImportTest):
    def setUp(self):
        super().setUp()
        self.old = self.issue("old.pem", not_after=3 * pki.DAY)
        self.imports("old.pem")

    def test_the_same_certificate_again_writes_nothing(self):
        log = self.misbehave()
        self.imports("old.pem")
        self.assertFalse({"C_CreateObject", "C_DestroyObject"} & set(misbehaving.calls(log)))
        self.assertEqual(self.read(), self.old)

    def test_the_new_one_replaces_the_old_one_and_comes_first(self):
        new = self.issue()
        log = self.misbehave()
        self.imports()
        changes = [
            name for name in misbehaving.calls(log) if name in ("C_CreateObject", "C_DestroyObject")
        ]
        self.assertEqual(changes, ["C_CreateObject", "C_DestroyObject"])
        self.assertEqual((self.certificates(), self.read()), ([("web", "01")], new))
        self.behave()
        self.mint("--certificate", URI, *self.flags)

    def test_overlap(self):
        self.issue()
        uri = self.imports("leaf.pem", URI, "--keep-old")
        self.assertEqual(self.certificates(), [("web", "01"), ("web", "01")])
        self.mint("--certificate", URI, "--use-latest-expiring-certificate", *self.flags)
        self.mint_fails_locally(
            program.KEY, "2 certificates match", "--certificate", uri, *self.flags
        )
        self.imports()
        self.assertEqual(self.certificates(), [("web", "01")])

    def test_overlap_by_labels(self):
        new = self.issue()
        self.imports("leaf.pem", URI, "--to", "pkcs11:token=test;object=web-new")
        self.assertEqual((self.read("web"), self.read("web-new")), (self.old, new))
        self.mint("--certificate", "pkcs11:token=test;id=%01", *self.flags,
                  "--use-latest-expiring-certificate")

    def test_certificates_with_other_labels_stay(self):
        self.card.write_certificate(self.old, "kept", "01")
        self.issue()
        self.imports()
        self.assertEqual(self.certificates(), [("kept", "01"), ("web", "01")])

    def test_a_certificate_of_another_key_is_never_touched(self):
        foreign = self.root.issue(pki.make_key().public_key(), "foreign")
        self.card.write_certificate(foreign, "web", "77")
        self.issue()
        log = self.misbehave()
        self.refuse(
            *(program.USAGE, "has a certificate of another key with the label web: pkcs11:"),
            hint="object=LABEL",
        )
        self.assertFalse({"C_CreateObject", "C_DestroyObject"} & set(misbehaving.calls(log)))
        self.assertEqual(self.certificates(), [("web", "01"), ("web", "77")])
        self.assertEqual(self.read(key_id="77"), foreign)

    def test_killed_while_it_writes(self):
        new = self.issue()
        self.misbehave("abort=C_CreateObject")
        self.refuse(program.KEY, "")
        self.behave()
        self.assertEqual(self.read(), self.old)
        self.imports()
        self.assertEqual((self.certificates(), self.read()), ([("web", "01")], new))

    def test_killed_before_the_old_one_is_removed(self):
        new = self.issue()
        self.misbehave("abort=C_DestroyObject")
        self.refuse(program.KEY, "")
        self.behave()
        self.assertEqual(self.certificates(), [("web", "01"), ("web", "01")])
        self.mint("--certificate", URI, "--use-latest-expiring-certificate", *self.flags)
        self.imports()
        self.assertEqual((self.certificates(), self.read()), ([("web", "01")], new))

    def test_a_token_that_shows_something_else(self):
        self.issue(not_after=60 * pki.DAY)
        self.misbehave("garbage-certificate=web")
        self.refuse(program.USAGE, "of another key")
        self.card.delete("cert")
        self.refuse(program.KEY, "shows another certificate than was written; it was removed")
        self.assertEqual(self.certificates(), [])

    def test_an_old_one_that_cannot_be_removed(self):
        self.issue()
        self.misbehave("C_DestroyObject=CKR_ACTION_PROHIBITED")
        self.refuse(program.KEY, "the new certificate is there, and an earlier one cannot be removed")
        self.assertEqual(len(self.certificates()), 2)


@expand
class Refusals(ImportTest):
    def check_nothing_was_done(self, log):
        self.assertFalse(
            {"C_Login", "C_CreateObject", "C_DestroyObject"} & set(misbehaving.calls(log))
        )
        self.assertEqual(self.certificates(), [])

    @each(
        expired=({"not_before": -9 * pki.DAY, "not_after": -pki.DAY}, "it expired on"),
        too_early=({"not_before": pki.DAY}, "it is not valid before"),
        no_digital_signature=({"usage": {"key_agreement"}}, "does not include digitalSignature"),
        ca=({"ca": True}, "it is a CA certificate"),
    )
    def test_certificate(self, case):
        changes, message = case
        self.issue(**changes)
        log = self.misbehave()
        self.refuse(program.CERTIFICATE, message)
        self.check_nothing_was_done(log)

    def test_version_1(self):
        self.write("leaf.pem", pki.pem(pki.as_version_1(self.issue(), self.root.key)))
        log = self.misbehave()
        self.refuse(program.CERTIFICATE, "it is X.509 version 1")
        self.check_nothing_was_done(log)

    def test_another_keys_certificate(self):
        self.issue(key=pki.make_key().public_key())
        log = self.misbehave()
        self.refuse(program.CERTIFICATE, "the private key does not belong to it")
        self.check_nothing_was_done(log)

    def test_another_keys_certificate_if_the_token_hides_the_public_half(self):
        self.card.delete("pubkey")
        self.issue(key=pki.make_key().public_key())
        log = self.misbehave()
        result = self.run_program(*self.arguments_of())
        self.assertIn(result.status, (program.KEY, program.CERTIFICATE), str(result))
        self.assertNotIn("C_CreateObject", misbehaving.calls(log))
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)
        leaf = self.issue()
        self.imports()
        self.assertEqual(self.read(), leaf)

    def test_garbage(self):
        self.write("leaf.pem", "garbage")
        log = self.misbehave()
        self.refuse(program.CERTIFICATE, "it is not a certificate that can be read")
        self.check_nothing_was_done(log)

    def test_a_missing_file(self):
        log = self.misbehave()
        self.refuse(program.LOCAL_IO, "opening certificate none.pem", "none.pem")
        self.check_nothing_was_done(log)

    def test_a_wrong_pin_is_sent_once(self):
        self.issue()
        self.write("pin", self.secret("wrong-pin-4"))
        log = self.misbehave()
        self.refuse(program.KEY, "refused the PIN", hint="sent once")
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)
        self.assertEqual(self.certificates(), [])

    def test_no_pin_is_sent_if_it_could_lock_the_token(self):
        self.issue()
        log = self.misbehave("pin-final-try")
        self.refuse(program.KEY, "one more wrong PIN would lock", hint="--allow-final-try")
        self.check_nothing_was_done(log)

    def test_a_token_that_cannot_be_written(self):
        self.issue()
        self.misbehave("C_CreateObject=CKR_TOKEN_WRITE_PROTECTED")
        self.refuse(program.KEY, "CKR_TOKEN_WRITE_PROTECTED", hint="in a file")
        self.assertEqual(self.certificates(), [])

    def test_a_full_token(self):
        self.issue()
        self.misbehave("C_CreateObject=CKR_DEVICE_MEMORY")
        self.refuse(program.KEY, "CKR_DEVICE_MEMORY", hint="full")

    @each(
        no_key=(("--certificate", "leaf.pem"), "--private-key is missing", "pkcs11:"),
        no_certificate=(("--private-key", URI), "--certificate is missing", None),
        no_place=(
            ("--certificate", "leaf.pem", "--private-key", "handle:0x81000001"),
            "--to is missing",
            "nv:0x01",
        ),
        to_a_handle=(
            *(("--certificate", "leaf.pem", "--private-key", URI, "--to", "handle:0x81000001"),),
            *("--to: a handle: reference names a key", None),
        ),
        to_a_stream=(
            *(("--certificate", "leaf.pem", "--private-key", URI, "--to", "fd:1"),),
            *("--to: no certificate can be written to fd:1", "pkcs11:"),
        ),
        force_on_a_token=(
            *(("--certificate", "leaf.pem", "--private-key", URI, "--force"),),
            *("--force has no meaning for pkcs11:", None),
        ),
    )
    def test_options(self, case):
        arguments, message, hint = case
        if "handle:0x81000001" in arguments:
            program.need_back_end("handle")
        self.issue()
        log = self.misbehave()
        result = self.run_program("import-certificate", *arguments, *self.flags)
        self.assertIn(result.status, (program.USAGE, program.CERTIFICATE), str(result))
        self.check_failure(result, result.status, message, hint)
        self.check_nothing_was_done(log)


class OtherModules(MintTest):
    def test_nss(self):
        database = nss.Database(make_folder(self) / "n")
        path, reserved = database.module
        modules = p11_kit.Configuration(
            self.folder, nss=(path, reserved.replace(" flags=readOnly", ""))
        )
        run = {"env": modules.env, "wrapper": p11_kit.wrapper()}
        database.folder.chmod(0o777)  # for the other user of p11_kit.wrapper()
        for path in database.folder.iterdir():
            path.chmod(0o666)
        uri = "pkcs11:token=NSS%20Certificate%20DB;object=web"
        flags = ("--passin", f"pass:{nss.PIN}")
        self.succeed("key", "create", uri, "--type", "ec-p256", *flags, **run)
        request = x509.load_pem_x509_csr(
            self.succeed("csr", "--private-key", uri, "--subject", "/CN=web", *flags, **run)
        )
        for days in (5, 9):
            leaf = self.root.issue(request.public_key(), not_after=days * pki.DAY)
            self.write("leaf.pem", pki.pem(leaf), 0o644)
            printed = self.succeed(
                *("import-certificate", "--certificate", "leaf.pem", "--private-key", uri, *flags),
                **run,
            )
            self.assertIn(b"object=web", printed)
        self.mint("--certificate", uri, *flags, **run)


if __name__ == "__main__":
    unittest.main()
