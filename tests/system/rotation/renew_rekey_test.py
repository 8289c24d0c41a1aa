#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""renew --rekey on a token, in a TPM and in files: the certificate decides which key is used.

pkcs11-tool, tpm2-tools and the openssl command say what is there.
"""

import json
import os
import re
import struct
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from support import misbehaving, openssl, pki, program, token, tpm
from support.card_test import WithCard, listed_objects
from support.issuing import OLD, STATE, RenewTest
from support.processes import run_tool
from support.requirements import miss
from support.strace import STRACE, need_strace
from support.system_test import make_folder

URI = "pkcs11:token=test;object=web"
PASSPHRASE = "secret-16180339"
# The tags of an ACL's entries, and the identifier of those for nobody in particular.
USER_OBJ, USER, GROUP_OBJ, MASK, OTHER = 1, 2, 4, 16, 32
ANYONE = 0xFFFFFFFF


def numbers(key):
    return key.public_numbers()


class RekeyTest(RenewTest):
    def rekey(self, *more, command=None):
        printed = self.renewed("--rekey", *more, command=command)
        return printed

    def pass_time(self):
        """Lets the next run find that the earlier keys have stayed for long enough."""
        for path in (self.folder / STATE).glob("*.json"):
            state = json.loads(path.read_text())
            for old in state.get("oldKeys", []):
                old["deleteAt"] = "2020-01-01T00:00:00Z"
            path.write_text(json.dumps(state))

    def mints_with(self, certificate):
        self.mint(*self.identity)
        self.assertEqual(self.last_request()["serial"], str(certificate.serial_number))


class OnAToken(WithCard, RekeyTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.public_key = cls.original.generate("EC:prime256v1")
        cls.old = cls.root.issue(cls.public_key, **OLD)
        cls.original.write_certificate(cls.old)

    def behave(self):
        super().behave()
        self.identity = ("--certificate", URI, "--private-key", URI, *self.flags)

    def misbehave(self, *faults):
        log = super().misbehave(*faults)
        self.identity = ("--certificate", URI, "--private-key", URI, *self.flags)
        return log

    def listed(self, kind=None):
        return [
            each for each in listed_objects(self.card.describe_objects()) if kind in (None, each[0])
        ]

    def read(self):
        der = run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test"),
            *("--read-object", "--type", "cert", "--label", "web"),
            env=self.card.env,
        )
        return x509.load_der_x509_certificate(der)

    def check_new(self):
        """The new pair is used, and is all that is there beside the earlier key."""
        new = self.read()
        self.assertNotEqual(numbers(new.public_key()), numbers(self.public_key))
        self.mints_with(new)
        ids = [identifier for _, _, identifier in self.listed("Private Key")]
        self.assertEqual((len(ids), "01" in ids), (2, True))
        self.assertEqual({name for _, name, _ in self.listed()}, {"web"})
        ((_, _, identifier),) = self.listed("Certificate")
        self.assertIn(identifier, ids)
        self.assertNotEqual(identifier, "01")
        self.assertEqual(
            numbers(self.card.public_key("web", key_id=identifier)), numbers(new.public_key())
        )
        return new

    def check_as_before(self):
        self.assertEqual(self.read(), self.old)
        self.assertEqual(
            self.listed(),
            [(kind, "web", "01") for kind in ("Certificate", "Private Key", "Public Key")],
        )
        self.mints_with(self.old)

    def test_a_new_key_beside_the_present_one(self):
        self.rekey()
        new = self.check_new()
        self.assertIn("not due until", self.renew("--rekey", command="exit 9"))
        self.assertEqual(len(self.listed("Private Key")), 2)
        self.pass_time()
        self.assertIn("deleted the earlier key pkcs11:", self.renew(command="exit 9"))
        self.assertEqual(len(self.listed("Private Key")), 1)
        self.assertEqual(len(self.listed("Public Key")), 1)
        self.mints_with(new)

    def test_the_earlier_key_can_go_at_once(self):
        printed = self.renew("--rekey", "--keep-old", "0")
        self.assertIn("deleted the earlier key pkcs11:", printed)
        self.assertEqual(len(self.listed("Private Key")), 1)
        self.mints_with(self.read())

    def test_an_earlier_key_with_a_certificate_stays(self):
        """Another role may use it."""
        self.card.write_certificate(self.old, "other", "01")
        self.rekey("--keep-old", "0")
        self.assertIn("not due until", self.renew(command="exit 9"))
        self.assertEqual(len(self.listed("Private Key")), 2)
        self.card.delete("cert", "other")
        self.pass_time()
        self.assertIn("deleted the earlier key", self.renew(command="exit 9"))
        self.assertEqual(len(self.listed("Private Key")), 1)

    def test_a_key_that_is_in_use_again_stays(self):
        """Somebody went back to the earlier key."""
        self.card.delete("cert")
        self.write("web.pem", pki.pem(self.old))
        self.identity = ("--certificate", "web.pem", "--private-key", URI, *self.flags)
        self.rekey()
        self.write("web.pem", pki.pem(self.root.issue(self.public_key, not_after=99 * pki.DAY)))
        self.pass_time()
        self.assertNotIn("deleted", self.renew(command="exit 9"))
        self.assertEqual(len(self.listed("Private Key")), 2)
        self.mint(*self.identity)

    def test_a_certificate_in_a_file(self):
        self.write("web.pem", pki.pem(self.old))
        self.card.delete("cert")
        self.identity = ("--certificate", "web.pem", "--private-key", URI, *self.flags)
        self.rekey()
        new = x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())
        self.assertNotEqual(numbers(new.public_key()), numbers(self.public_key))
        self.mints_with(new)
        self.assertEqual(len(self.listed("Private Key")), 2)

    def test_a_ca_that_refuses_leaves_all_as_it_was(self):
        self.run_badly("exit 1", "--rekey")
        self.check_as_before()

    def test_a_certificate_of_the_present_key_is_refused(self):
        self.write("answer", pki.pem(self.root.issue(self.public_key)))
        self.fail_with(
            *(program.CERTIFICATE, "the private key does not belong to it"),
            *self.arguments_of("--rekey", command="cat answer"),
        )
        self.check_as_before()

    def test_a_token_that_is_full_for_a_key(self):
        self.misbehave("C_GenerateKeyPair=CKR_DEVICE_MEMORY")
        self.fail_with(
            *(program.KEY, "CKR_DEVICE_MEMORY"),
            *self.arguments_of("--rekey", command="exit 9"),
            hint="it may be full",
        )
        self.behave()
        self.check_as_before()

    def test_a_token_that_is_full_for_a_certificate(self):
        self.misbehave("C_CreateObject=CKR_DEVICE_MEMORY")
        self.run_badly(f"{self.sign()}; echo x >> asked", "--rekey")
        self.behave()
        self.assertEqual(self.read(), self.old)
        self.mints_with(self.old)
        self.waive_wait()
        self.renewed(command="exit 9")
        self.check_new()

    def test_killed_while_the_ca_is_asked(self):
        """kill -9: the new key is there, and the next run uses it."""
        started = program.start(
            self.arguments_of("--rekey", command="kill -9 $PPID; sleep 1"), self.folder, self.env
        )
        self.assertEqual(started.finish().status, -9)
        self.assertEqual(self.read(), self.old)
        self.mints_with(self.old)
        made = {identifier for _, _, identifier in self.listed("Private Key")} - {"01"}
        self.assertEqual(len(made), 1)
        self.rekey()
        self.check_new()
        self.assertEqual({identifier for _, _, identifier in self.listed("Certificate")}, made)

    def test_killed_while_the_ca_is_asked_and_then_no_new_key(self):
        program.start(
            self.arguments_of("--rekey", command="kill -9 $PPID; sleep 1"), self.folder, self.env
        ).finish()
        self.renewed()
        self.assertEqual(
            [names for names in self.listed("Private Key")], [("Private Key", "web", "01")]
        )
        self.assertEqual(numbers(self.read().public_key()), numbers(self.public_key))

    def check_killed_in(self, function):
        self.misbehave(f"abort={function}")
        self.run_badly(self.sign(), "--rekey")
        self.behave()
        self.mint("--use-latest-expiring-certificate", *self.identity)
        self.waive_wait()
        self.rekey()
        self.check_new()

    def test_killed_while_the_key_is_made(self):
        self.check_killed_in("C_GenerateKeyPair")

    def test_killed_while_the_certificate_is_written(self):
        self.check_killed_in("C_CreateObject")

    def test_killed_before_the_earlier_certificate_is_removed(self):
        self.check_killed_in("C_DestroyObject")

    def test_half_a_key_is_cleared(self):
        """SoftHSM makes the public half first."""
        program.start(
            self.arguments_of("--rekey", command="kill -9 $PPID; sleep 1"), self.folder, self.env
        ).finish()
        (identifier,) = {i for _, _, i in self.listed("Private Key")} - {"01"}
        run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test", "--login"),
            *("--pin", token.PIN, "--delete-object", "--type", "privkey", "--id", identifier),
            env=self.card.env,
        )
        self.rekey()
        self.assertEqual(len(self.listed("Public Key")), 2)
        self.check_new()

    def test_a_foreign_certificate_of_that_label_is_never_replaced(self):
        foreign = self.root.issue(pki.make_key().public_key(), "foreign", not_before=-pki.DAY,
                                  not_after=-pki.DAY / 2)
        self.card.write_certificate(foreign, "web", "77")
        self.identity += ("--cert-selector", "Key=x509Subject,Value=CN=web")
        result = self.run_badly(self.sign(), "--rekey")
        self.assertIn("has a certificate of another key with the label web", result.stderr)
        self.assertIn(("Certificate", "web", "77"), self.listed())

    def test_names_of_one_key_are_refused(self):
        one = "pkcs11:token=test;object=web;id=%01"
        for certificate, key, what in ((URI, one, "key"), (one, URI, "certificate")):
            self.identity = ("--certificate", certificate, "--private-key", key, *self.flags)
            self.fail_with(
                *(program.USAGE, f"names the present {what} alone"),
                *self.arguments_of("--rekey", command="exit 9"),
                hint="object=LABEL",
            )

    def test_one_login_for_each_step(self):
        """A wrong PIN is sent once, and never after that."""
        self.write("pin", self.secret("wrong-pin-4"))
        log = self.misbehave()
        self.run_badly("exit 9", "--rekey")
        self.run_badly("exit 9", "--rekey")
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)


class AtHandles(RekeyTest):
    INDEX = "0x01900002"

    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.env = dict(self.tpm.env)
        self.public_key = self.tpm.make_persistent("0x81000002")
        self.old = self.root.issue(self.public_key, **OLD)
        self.tpm.write_nv(self.INDEX, pki.der(self.old))
        self.identity = ("--certificate", f"nv:{self.INDEX}", "--private-key", "handle:")

    def handles(self):
        return re.findall(r"0x\w+", self.tpm.tool("getcap", "handles-persistent"))

    def read(self):
        path = self.folder / "read"
        self.tpm.tool("nvread", "-Q", "-C", self.INDEX, "-o", path, self.INDEX)
        der = path.read_bytes()
        size = int.from_bytes(der[2:4], "big") + 4
        return x509.load_der_x509_certificate(der[:size])

    def test_the_certificate_names_the_key(self):
        self.mints_with(self.old)
        self.tpm.make_persistent("0x81000001")
        self.tpm.make_persistent("0x81000009", "ecc384")
        self.mints_with(self.old)
        self.assertEqual(self.tpm.loaded(), [])

    def test_no_key_of_the_certificate(self):
        self.write("other.pem", pki.pem(self.root.issue(pki.make_key().public_key())))
        self.mint_fails_locally(
            *(program.KEY, "the TPM has no key that belongs to the certificate"),
            *("--certificate", "other.pem", "--private-key", "handle:"),
        )

    def test_a_new_key_at_another_handle(self):
        self.tpm.make_persistent("0x81000003")
        self.rekey()
        new = self.read()
        self.assertEqual(self.handles(), ["0x81000002", "0x81000003", "0x81000004"])
        self.assertEqual(
            numbers(new.public_key()), numbers(self.tpm.public_key("0x81000004"))
        )
        self.mints_with(new)
        self.pass_time()
        self.assertIn("deleted the earlier key handle:0x81000002",
                      self.renew(command="exit 9"))
        self.assertEqual(self.handles(), ["0x81000003", "0x81000004"])
        self.mints_with(new)
        self.assertEqual(self.tpm.loaded(), [])

    def test_another_key_in_the_place_of_the_earlier_one_is_not_deleted(self):
        self.rekey()
        self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", "0x81000002")
        self.tpm.make_persistent("0x81000002", "ecc384")
        self.pass_time()
        self.assertIn("left handle:0x81000002 alone", self.renew(command="exit 9"))
        self.assertEqual(self.handles(), ["0x81000002", "0x81000003"])

    def test_another_key_in_the_place_of_an_unfinished_one_is_not_deleted(self):
        killed = (program.path(), *self.arguments_of("--rekey", command="kill -9 $PPID"))
        program.Started(killed, self.folder, self.env).finish()
        (state,) = self.states()
        self.assertEqual(json.loads(state)["nextKey"], "handle:0x81000003")
        self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", "0x81000003")
        self.tpm.make_persistent("0x81000003", "ecc384")
        self.renewed("--force")
        self.assertEqual(self.handles(), ["0x81000002", "0x81000003"])

    def test_two_at_once_get_a_key_each(self):
        """Each chose the same handle, and one deleted or took the other's key."""
        public_key = self.tpm.make_persistent("0x81000003")
        self.write("b.pem", pki.pem(self.root.issue(public_key, **OLD)))
        second = ("--certificate", "b.pem", "--private-key", "handle:")
        renew = (program.path(), "renew", "--rekey", "--exec", self.sign())
        runs = [
            program.Started((*renew, *flags), self.folder, self.env)
            for flags in (self.identity, second)
        ]
        for run in runs:
            self.assertIn(run.finish().status, (program.SUCCESS, program.USAGE, program.KEY))
        for flags in (self.identity, second):
            self.mint(*flags)
        leaf = x509.load_pem_x509_certificate((self.folder / "b.pem").read_bytes())
        self.assertNotEqual(numbers(leaf.public_key()), numbers(self.read().public_key()))

    def test_a_key_with_an_auth_value(self):
        auth = self.secret("auth-27182818")
        self.write("auth", auth)
        public_key = self.tpm.make_persistent("0x81000005", auth=auth)
        self.write("web.pem", pki.pem(self.root.issue(public_key, **OLD)))
        flags = ("--passin", "file:auth")
        self.identity = ("--certificate", "web.pem", "--private-key", "handle:", *flags)
        self.mint(*self.identity)
        self.rekey()
        self.mint(*self.identity)
        self.assertEqual(self.tpm.wrong_tries(), 0)
        self.write("auth", self.secret("wrong-auth"))
        self.mint_fails_locally(program.KEY, "refused", *self.identity)

    def test_a_failure_leaves_all_as_it_was(self):
        self.run_badly("exit 1", "--rekey")
        self.assertEqual((self.handles(), self.read()), (["0x81000002"], self.old))
        self.mints_with(self.old)

    def test_killed_while_the_ca_is_asked(self):
        program.start(
            self.arguments_of("--rekey", command="kill -9 $PPID; sleep 1"), self.folder, self.env
        ).finish()
        self.assertEqual(self.handles(), ["0x81000002", "0x81000003"])
        self.mints_with(self.old)
        self.rekey()
        self.assertEqual(self.handles(), ["0x81000002", "0x81000003"])
        self.mints_with(self.read())

    def test_a_numbered_handle_is_refused(self):
        self.identity = ("--certificate", f"nv:{self.INDEX}", "--private-key", "handle:0x81000002")
        self.fail_with(
            *(program.USAGE, "names the present key alone"),
            *self.arguments_of("--rekey", command="exit 9"),
            hint="handle: without a number",
        )

    def test_the_owner_s_auth_value(self):
        auth = self.secret("owner-31415926")
        self.tpm.tool("changeauth", "-Q", "-c", "o", auth)
        self.write("owner", auth)
        self.run_badly(self.sign(), "--rekey")
        self.assertEqual((self.handles(), self.read()), (["0x81000002"], self.old))
        self.waive_wait()
        self.rekey("--owner-passin", "file:owner")
        self.mints_with(self.read())


class InFiles(RekeyTest):
    def setUp(self):
        super().setUp()
        self.old = self.put()

    def test_the_oldest_key_goes_although_a_younger_one_stays(self):
        for days in (30, 31, 32):
            self.rekey("--force", command=self.sign(days))
        self.assertEqual(len(self.keys()), 4)
        for left in (3, 2, 1):
            for path in (self.folder / STATE).glob("*.json"):
                state = json.loads(path.read_text())
                state["oldKeys"][0]["deleteAt"] = "2020-01-01T00:00:00Z"
                path.write_text(json.dumps(state))
            self.assertIn("deleted the earlier key", self.renew(command="exit 9"))
            self.assertEqual(len(self.keys()), left)
        self.mints_with(self.new())

    def test_a_run_elsewhere_clears_the_key_of_a_killed_one_and_no_other_file(self):
        (self.folder / "other").mkdir()
        self.write("other/web.key.renewal", "a file of somebody else\n")
        killed = (program.path(), *self.arguments_of("--rekey", command="kill -9 $PPID"))
        program.Started(killed, self.folder, self.env).finish()
        self.assertTrue((self.folder / "web.key.renewal").exists())
        there = ("renew", "--certificate", "../web.pem", "--private-key", "../web.key", "--force")
        elsewhere = ("/usr/bin/env", "-C", str(self.folder / "other"))
        self.succeed(*there, "--exec", "cd .. && " + self.sign(), wrapper=elsewhere)
        self.assertFalse((self.folder / "web.key.renewal").exists())
        self.assertTrue((self.folder / "other/web.key.renewal").exists())

    def new(self):
        return x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())

    def keys(self, passphrase=None):
        """The public numbers of the keys in web.key, in its order, read by the openssl command."""
        text = (self.folder / "web.key").read_text()
        blocks = re.findall(r"-----BEGIN [^-]*-----.*?-----END [^-]*-----\n", text, re.S)
        found = []
        for block in blocks:
            path = self.write("one.key", block)
            secret = ("-passin", f"pass:{passphrase}") if passphrase else ()
            pem = run_tool(openssl.OPENSSL, "pkey", "-in", path, "-pubout", *secret)
            path.unlink()
            found.append(numbers(serialization.load_pem_public_key(pem)))
        return found

    def check_rekeyed(self, passphrase=None):
        new = self.new()
        old, made = numbers(self.key.public_key()), numbers(new.public_key())
        self.assertEqual(self.keys(passphrase), [made, old])
        self.mints_with(new)
        self.assertEqual((self.folder / "web.key").stat().st_mode & 0o777, 0o600)
        self.pass_time()
        self.assertIn("deleted the earlier key", self.renew(command="exit 9"))
        self.assertEqual(self.keys(passphrase), [made])
        self.mints_with(new)
        self.assertEqual(
            {path.name for path in self.folder.iterdir() if path.name.startswith("web.")},
            {"web.key", "web.pem"},
        )

    def test_a_plain_file(self):
        self.rekey()
        self.check_rekeyed()

    def test_the_acl_of_a_file_stays(self):
        self.set_acl("web.key")
        before = self.rights("web.key")
        self.assertEqual(before[0], 0o640)
        self.rekey()
        self.assertEqual(self.rights("web.key"), before)

    def test_an_acl_that_cannot_stay_gives_the_group_nothing(self):
        """The group's bits of the mode were the mask of the ACL."""
        need_strace()
        for days, call in ((30, "fsetxattr"), (40, "lgetxattr")):
            self.set_acl("web.key")
            inject = ("-e", f"trace={call}", "-e", f"inject={call}:error=EIO")
            wrapper = (STRACE, "-f", "-qq", "-o", "/dev/null", *inject)
            flags = self.arguments_of("--rekey", "--force", command=self.sign(days))
            self.succeed(*flags, wrapper=wrapper)
            self.assertEqual(self.rights("web.key"), (0o600, None), call)

    def test_the_folder_gives_a_file_without_an_acl_none(self):
        (self.folder / "web.key").chmod(0o640)
        self.set_acl(".", "default")
        self.rekey()
        self.assertEqual(self.rights("web.key"), (0o640, None))

    def set_acl(self, path, kind="access"):
        """Lets a user read, but not the file's group (the format is that of acl(5) in Linux)."""
        entries = ((USER_OBJ, 6, ANYONE), (USER, 4, 1234), (GROUP_OBJ, 0, ANYONE))
        entries += ((MASK, 4, ANYONE), (OTHER, 0, ANYONE))
        acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
        try:
            os.setxattr(self.folder / path, f"system.posix_acl_{kind}", acl)
        except OSError as error:
            miss(f"no ACL can be set here: {error}")

    def rights(self, path):
        """The mode, and the ACL or None."""
        path = self.folder / path
        name = "system.posix_acl_access"
        acl = os.getxattr(path, name) if name in os.listxattr(path) else None
        return path.stat().st_mode & 0o7777, acl

    def test_rsa(self):
        self.old = self.put(pki.make_key("RSA2048"))
        self.rekey()
        self.check_rekeyed()

    def test_an_encrypted_file(self):
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, self.secret(PASSPHRASE)))
        self.write("pass", PASSPHRASE)
        self.identity += ("--passin", "file:pass")
        self.rekey()
        self.check_rekeyed(PASSPHRASE)

    def test_a_traditional_file(self):
        self.write("web.key", pki.traditional_pem(self.key))
        self.rekey()
        self.check_rekeyed()

    def test_der_is_refused(self):
        self.write("web.key", pki.pkcs8_der(self.key))
        self.fail_with(
            *(program.USAGE, "its file is not PEM of a private key alone"),
            *self.arguments_of("--rekey", command="exit 9"),
            hint="convert it",
        )

    def test_a_failure_leaves_all_as_it_was(self):
        before = self.contents()
        self.run_badly("exit 1", "--rekey")
        self.assertEqual(self.contents(), before)

    def test_an_earlier_key_that_is_used_again_stays(self):
        self.rekey()
        self.write("web.pem", pki.pem(self.root.issue(self.key.public_key(), not_after=99 * pki.DAY)))
        self.pass_time()
        self.renew(command="exit 9")
        self.assertEqual(len(self.keys()), 2)
        self.mint(*self.identity)

    def test_a_tpm_key_file(self):
        device = tpm.Tpm(self, make_folder(self) / "t")
        self.env = dict(device.env)
        (self.folder / "web.key").unlink()
        self.succeed("key", "create", "--out", "web.key", "--type", "ec-p256")
        self.succeed("csr", "--private-key", "web.key", "--subject", "/CN=web", "--out", "r.pem")
        request = x509.load_pem_x509_csr((self.folder / "r.pem").read_bytes())
        self.write("web.pem", pki.pem(self.root.issue(request.public_key(), **OLD)))
        self.mint(*self.identity)
        self.rekey()
        new = self.new()
        self.assertNotEqual(numbers(new.public_key()), numbers(request.public_key()))
        text = (self.folder / "web.key").read_text()
        self.assertEqual(text.count("BEGIN TSS2 PRIVATE KEY"), 2)
        self.mints_with(new)
        self.pass_time()
        self.assertIn("deleted the earlier key", self.renew(command="exit 9"))
        text = (self.folder / "web.key").read_text()
        self.assertEqual(text.count("BEGIN TSS2 PRIVATE KEY"), 1)
        self.mints_with(new)
        self.assertEqual(device.loaded(), [])


if __name__ == "__main__":
    unittest.main()
