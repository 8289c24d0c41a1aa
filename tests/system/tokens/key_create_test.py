#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""key create and key delete on a token, judged by pkcs11-tool and p11tool."""

import re
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from support import (
    misbehaving,
    nss,
    openssl,
    p11_kit,
    pki,
    program,
    token,
    tpm,
    tpm2_pkcs11,
)
from support.card_test import WithCard, listed_objects
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import need
from support.serve import wait_until
from support.system_test import MintTest, SystemTest, make_folder
from support.terminal import ENTER, Terminal

P11TOOL = "/usr/bin/p11tool"
URI = "pkcs11:token=test;object=web"
TYPES = {
    "ec-p256": ("EC_POINT 256 bits", ec.SECP256R1),
    "ec-p384": ("EC_POINT 384 bits", ec.SECP384R1),
    "ec-p521": ("EC_POINT 528 bits", ec.SECP521R1),
    "rsa-2048": ("RSA 2048 bits", 2048),
    "rsa-3072": ("RSA 3072 bits", 3072),
    "rsa-4096": ("RSA 4096 bits", 4096),
    "ed25519": ("EC_EDWARDS", None),
}


class KeyTest(WithCard, SystemTest):
    @classmethod
    def setUpClass(cls):
        cls.original = token.Token(make_folder(cls) / "t")

    def create(self, uri=URI, key_type="ec-p256", *more):
        """Creates a key; returns the URI that the program prints."""
        printed = self.succeed("key", "create", uri, "--type", key_type, *more, *self.flags)
        self.assertRegex(printed, rb"\Apkcs11:[!-~]+\n\Z")
        return printed.decode().strip()

    def refuse(self, status, message, uri=URI, key_type="ec-p256", more=(), hint=None):
        arguments = ("key", "create", uri, "--type", key_type, *more, *self.flags)
        return self.fail_with(status, message, *arguments, hint=hint)

    def listed_objects(self):
        return listed_objects(self.card.describe_objects())

    def exported(self, label="web"):
        """The public key, exported by GnuTLS."""
        need(P11TOOL, "gnutls-bin")
        pem = run_tool(
            *(P11TOOL, "--provider", token.MODULE, "--login", f"--set-pin={token.PIN}"),
            *("--export", f"pkcs11:token=test;object={label};type=public"),
            env=self.card.env,
        )
        return serialization.load_pem_public_key(pem)


@expand
class Create(KeyTest):
    @each(*TYPES)
    def test_type(self, key_type):
        uri = self.create(key_type=key_type)
        kind, detail = TYPES[key_type]
        public_key = self.exported()
        if isinstance(public_key, ec.EllipticCurvePublicKey):
            self.assertIsInstance(public_key.curve, detail)
        elif isinstance(public_key, rsa.RSAPublicKey):
            self.assertEqual((public_key.key_size, public_key.public_numbers().e), (detail, 65537))
        else:
            self.assertIsInstance(public_key, ed25519.Ed25519PublicKey)
        self.assertIn(kind, self.card.describe_objects())
        expected = x509.SubjectKeyIdentifier.from_public_key(public_key).digest.hex()
        self.assertEqual(
            self.listed_objects(), [("Private Key", "web", expected), ("Public Key", "web", expected)]
        )
        self.assertIn("type=private", uri)

    def test_the_key_only_signs_and_never_leaves(self):
        for key_type in ("ec-p256", "rsa-2048"):
            self.create(f"pkcs11:token=test;object={key_type}", key_type)
        shown = self.card.describe_objects()
        privates = re.findall(r"^Private Key Object.*\n(?:  .*\n?)+", shown, re.M)
        self.assertEqual(len(privates), 2)
        for private in privates:
            self.assertRegex(private, r"  Usage: +sign\n")
            self.assertRegex(
                private, r"  Access: +sensitive, always sensitive, never extractable, local\n"
            )
        for public in re.findall(r"^Public Key Object.*\n(?:  .*\n?)+", shown, re.M):
            self.assertRegex(public, r"  Usage: +verify\n")
        without_login = run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test", "-O"),
            env=self.card.env,
        ).decode()
        self.assertEqual({kind for kind, *_ in listed_objects(without_login)}, {"Public Key"})

    def test_the_printed_uri_opens_the_key(self):
        uri = self.create()
        self.create("pkcs11:token=test;object=other")
        pem = self.succeed(
            *("csr", "--private-key", uri, "--subject", "/CN=web", "--passin", "file:pin")
        )
        self.assertEqual(
            x509.load_pem_x509_csr(pem).public_key().public_numbers(),
            self.exported().public_numbers(),
        )

    def test_another_id(self):
        self.create(URI, "ec-p256", "--id", "0aFF")
        self.assertEqual({identifier for *_, identifier in self.listed_objects()}, {"0aff"})

    def test_the_id_of_the_uri(self):
        self.create(f"{URI};id=%07%08")
        self.assertEqual({identifier for *_, identifier in self.listed_objects()}, {"0708"})

    def test_a_label_of_any_letters(self):
        uri = self.create("pkcs11:token=test;object=B%C3%A4r%20%3B%20%2F1")
        self.assertEqual({label for _, label, _ in self.listed_objects()}, {"Bär ; /1"})
        self.succeed("csr", "--private-key", uri, "--subject", "/CN=web", "--passin", "file:pin")

    def test_without_a_key_process(self):
        self.create(URI, "ec-p256", "--no-key-process")
        self.assertEqual(len(self.listed_objects()), 2)

    def test_pin_in_the_uri(self):
        self.flags = ("--pkcs11-lib", token.MODULE)
        self.create(f"{URI}?pin-value={token.PIN}")
        self.assertEqual(len(self.listed_objects()), 2)

    def test_pin_typed_at_the_terminal(self):
        arguments = ("key", "create", URI, "--type", "ec-p256", "--pkcs11-lib", token.MODULE)
        person = Terminal(self, arguments, self.folder, self.env)
        person.wait_for("PIN for token 'test': ")
        person.type(token.PIN + ENTER)
        self.assertEqual(person.finish().status, program.SUCCESS)
        self.assertEqual(len(self.listed_objects()), 2)


@expand
class Refusals(KeyTest):
    def test_an_existing_label(self):
        self.create()
        before = self.card.describe_objects()
        self.refuse(program.USAGE, "has such a private key already: pkcs11:", hint="overwritten")
        self.assertEqual(listed_objects(before), self.listed_objects())

    def test_an_existing_id(self):
        self.create(URI, "ec-p256", "--id", "01")
        other = "pkcs11:token=test;object=other"
        self.refuse(program.USAGE, "already: pkcs11:", other, more=("--id", "01"))
        self.refuse(program.USAGE, "already: pkcs11:", f"{other};id=%01")
        self.assertEqual(len(self.listed_objects()), 2)

    @each(
        no_object=("pkcs11:token=test", "gives the key no label", "object=LABEL"),
        empty=("", "", None),
        a_file=("web.key", "web.key is not in a device", "pkcs11:token=prod"),
        certificate=(f"{URI};type=cert", "type", None),
        public_key=(f"{URI};type=public", "type=private is needed", "leave the type out"),
        no_pkcs11=("pkcs11:token", "PKCS#11 URI", None),
    )
    def test_uri(self, case):
        uri, message, hint = case
        log = self.misbehave()
        result = self.run_program("key", "create", uri, "--type", "ec-p256", *self.flags)
        self.assertIn(result.status, (program.USAGE, program.KEY))
        self.check_failure(result, result.status, message, hint)
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 0)

    def test_no_uri_and_no_type(self):
        self.fail_with(program.USAGE, "the URI is missing", "key", "create", "--type", "ec-p256")
        self.fail_with(program.USAGE, "--type is missing", "key", "create", URI, hint="ec-p256")
        self.fail_with(program.USAGE, "--type", "key", "create", URI, "--type", "rsa-1024")

    @each("1", "xy", "0 ", "0x01", "01" * 65)
    def test_id(self, text):
        self.refuse(program.USAGE, "--id: ", more=("--id", text))

    def test_a_tpm(self):
        self.refuse(program.USAGE, "--passin does not apply to this TPM key", "handle:0x81000002")

    def test_a_token_that_is_not_there(self):
        self.refuse(program.KEY, "no token", "pkcs11:token=none;object=web")

    def test_several_tokens(self):
        self.card.add_token("second")
        log = self.misbehave()
        self.refuse(program.KEY, "2 tokens match", "pkcs11:object=web", hint="token=LABEL")
        self.assertNotIn("C_Login", misbehaving.calls(log))

    def test_a_wrong_pin_is_sent_once(self):
        log = self.misbehave()
        self.write("pin", self.secret("wrong-pin-4"))
        self.refuse(program.KEY, "refused the PIN", hint="sent once")
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)
        self.assertNotIn("C_GenerateKeyPair", misbehaving.calls(log))

    def test_no_pin_is_sent_if_it_could_lock_the_token(self):
        log = self.misbehave("pin-final-try")
        self.refuse(program.KEY, "one more wrong PIN would lock", hint="--allow-final-try")
        self.assertNotIn("C_Login", misbehaving.calls(log))

    @each("ml-dsa-44", "ml-dsa-65", "ml-dsa-87")
    def test_ml_dsa(self, key_type):
        """By what is missing."""
        old = openssl.version() < (3, 5)
        said = f"does not know {key_type.upper()}" if old else "keys in a token are not supported"
        self.refuse(program.KEY, said, key_type=key_type, hint="EC or RSA")
        self.assertEqual(self.listed_objects(), [])

    def test_a_type_that_the_token_does_not_have(self):
        log = self.misbehave("mechanism-absent=CKM_EC_EDWARDS_KEY_PAIR_GEN")
        self.refuse(
            *(program.KEY, "token 'test' cannot make ed25519 keys", URI, "ed25519"),
            hint=re.compile("it can make ec-p256, ec-p384, ec-p521, rsa-2048, rsa-3072, rsa-4096$"),
        )
        self.assertNotIn("C_Login", misbehaving.calls(log))

    def test_a_curve_that_the_token_does_not_have(self):
        self.misbehave("C_GenerateKeyPair=CKR_CURVE_NOT_SUPPORTED")
        self.refuse(
            program.KEY, "cannot make ec-p521 keys (CKR_CURVE_NOT_SUPPORTED)", URI, "ec-p521"
        )

    def test_a_full_token(self):
        self.misbehave("C_GenerateKeyPair=CKR_DEVICE_MEMORY")
        self.refuse(program.KEY, "CKR_DEVICE_MEMORY", hint="full")

    def test_a_token_that_cannot_be_written(self):
        self.misbehave("C_GenerateKeyPair=CKR_TOKEN_WRITE_PROTECTED")
        self.refuse(program.KEY, "CKR_TOKEN_WRITE_PROTECTED")

    def test_a_key_that_is_not_what_was_asked_for_is_removed(self):
        self.misbehave("weak-keys")
        self.refuse(
            program.KEY, "made a key that is not sensitive, extractable, not made in the token;"
        )
        self.assertEqual(self.listed_objects(), [])
        self.refuse(program.KEY, "it was removed again", more=("--id", "01"))
        self.assertEqual(self.listed_objects(), [])

    def test_a_key_that_cannot_be_removed_is_reported(self):
        self.misbehave("weak-keys", "C_DestroyObject=CKR_ACTION_PROHIBITED")
        self.refuse(program.KEY, "it is still there, because it could not be removed")
        self.assertEqual(len(self.listed_objects()), 2)

    def test_a_token_that_lets_no_id_be_set(self):
        self.misbehave("C_SetAttributeValue=CKR_ATTRIBUTE_READ_ONLY")
        self.refuse(program.KEY, "does not let the key's id be set", hint="id=%01")
        self.assertEqual(self.listed_objects(), [])
        self.create(f"{URI};id=%01")
        self.assertEqual(len(self.listed_objects()), 2)


@expand
class AtTheSameTime(KeyTest):
    @each(
        credmint=lambda test: test.create(),
        another_tool=lambda test: test.card.generate_unread("EC:prime256v1", "web", "88"),
    )
    def test_the_later_one_leaves_nothing(self, make):
        """The key is made while another process is about to name its own."""
        log = self.misbehave("late=C_SetAttributeValue")
        arguments = ("key", "create", URI, "--type", "ec-p256", *self.flags)
        first = program.start(arguments, self.folder, self.env)
        wait_until(lambda: "C_SetAttributeValue" in misbehaving.calls(log))
        self.behave()
        make(self)
        made = [names for names in self.listed_objects() if names[1] == "web"]
        self.assertEqual(len(made), 2)
        message = "another process made or removed such a key at the same time; it was removed"
        self.check_failure(first.finish(), program.USAGE, message, "credmint list")
        self.assertEqual(self.listed_objects(), made)


class Killed(KeyTest):
    def test_a_module_that_dies_leaves_nothing_that_the_next_run_does_not_clear(self):
        self.misbehave("abort=C_SetAttributeValue")
        self.refuse(program.KEY, "")
        self.assertEqual(
            [names[:2] for names in self.listed_objects()],
            [("Private Key", "web (unfinished)"), ("Public Key", "web (unfinished)")],
        )
        self.behave()
        self.create()
        self.assertEqual([names[:2] for names in self.listed_objects()],
                         [("Private Key", "web"), ("Public Key", "web")])

    def test_a_killed_program_leaves_nothing_that_the_next_run_does_not_clear(self):
        log = self.misbehave("hang=C_SetAttributeValue")
        arguments = ("key", "create", URI, "--type", "ec-p256", *self.flags)
        started = program.start(arguments, self.folder, self.env)
        wait_until(lambda: "C_SetAttributeValue" in misbehaving.calls(log))
        started.process.kill()
        started.finish()
        self.behave()
        self.create()
        self.assertEqual(
            [names[:2] for names in self.listed_objects()],
            [("Private Key", "web"), ("Public Key", "web")],
        )

    def test_half_named_keys_are_cleared(self):
        """As after a kill between the names of the two halves. Public keys of others stay."""
        self.create()
        uri = "pkcs11:token=test;object=web"
        left = self.exported()
        self.succeed("key", "delete", uri, "--yes", *self.flags)
        self.card.generate_unread("EC:prime256v1", "web (unfinished)", "77")
        self.card.delete("pubkey", "web (unfinished)")
        for key, key_id in (
            (left, x509.SubjectKeyIdentifier.from_public_key(left).digest.hex()),
            (pki.make_key().public_key(), "1234"),
        ):
            self.write_public_key(key, key_id)
        self.create()
        identifiers = [identifier for kind, _, identifier in self.listed_objects() if kind == "Public Key"]
        mine = x509.SubjectKeyIdentifier.from_public_key(
            self.card.public_key("web", key_id=self.private_id())
        ).digest.hex()
        self.assertEqual(sorted(identifiers), sorted([mine, "1234"]))

    def private_id(self):
        ((_, _, identifier),) = [names for names in self.listed_objects() if names[0] == "Private Key"]
        return identifier

    def write_public_key(self, key, key_id):
        der = self.write(
            "public.der",
            key.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        )
        run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test", "--login"),
            *("--pin", token.PIN, "--write-object", der, "--type", "pubkey", "--label", "web"),
            *("--id", key_id),
            env=self.card.env,
        )


@expand
class Delete(KeyTest):
    def setUp(self):
        super().setUp()
        self.card.generate_unread("EC:prime256v1", "other", "55")
        self.others = self.listed_objects()
        self.create()

    def delete(self, *more, uri=URI):
        return self.succeed("key", "delete", uri, *more, *self.flags).decode()

    def test_both_halves_go(self):
        shown = self.delete("--yes")
        self.assertRegex(
            shown, r"\Adeleted  pkcs11:\S+type=private\S*\ndeleted  pkcs11:\S+type=public"
        )
        self.assertEqual(self.listed_objects(), self.others)

    def test_the_certificate_stays(self):
        ((_, _, identifier),) = [
            names for names in self.listed_objects() if names[:2] == ("Private Key", "web")
        ]
        leaf = pki.make_root().issue(self.exported())
        self.card.write_certificate(leaf, "web", identifier)
        self.assertRegex(self.delete("--yes").splitlines()[-1], r"\Akept     pkcs11:.*type=cert")
        self.assertIn(("Certificate", "web", identifier), self.listed_objects())
        self.assertEqual(len(self.listed_objects()), 3)

    def test_without_terminal_and_yes_nothing_is_asked_of_the_token(self):
        log = self.misbehave()
        self.fail_with(
            program.USAGE, "--yes is missing", "key", "delete", URI, *self.flags, hint="--yes"
        )
        self.assertEqual(misbehaving.calls(log), [])

    def at_the_terminal(self, answer):
        arguments = ("key", "delete", URI, *self.flags)
        person = Terminal(self, arguments, self.folder, self.env)
        person.wait_for("It cannot be made again. Type yes: ")
        self.assertIn(b"object=web", person.shown)
        person.type(answer + ENTER)
        return person.finish()

    def test_yes_at_the_terminal(self):
        log = self.misbehave()
        self.assertEqual(self.at_the_terminal("yes").status, program.SUCCESS)
        self.assertEqual(self.listed_objects(), self.others)
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)

    def test_another_key_of_the_same_name_is_not_deleted(self):
        person = Terminal(self, ("key", "delete", URI, *self.flags), self.folder, self.env)
        person.wait_for("It cannot be made again. Type yes: ")
        self.delete("--yes")
        self.create()
        made = self.listed_objects()
        person.type("yes" + ENTER)
        run = person.finish()
        self.assertEqual(run.status, program.USAGE)
        self.assertIn("the URI names another key by now", run.stderr)
        self.assertEqual(self.listed_objects(), made)

    @each("no", "", "y", "YES", "yes please")
    def test_another_answer(self, answer):
        run = self.at_the_terminal(answer)
        self.assertEqual(run.status, program.USAGE)
        self.assertIn("nothing was deleted", run.stderr)
        self.assertEqual(len(self.listed_objects()), 4)

    def test_several_keys(self):
        self.card.generate_unread("EC:prime256v1", "web", "66")
        flags = ("key", "delete", URI, "--yes", *self.flags)
        self.fail_with(program.KEY, "2 private keys on token 'test' match", *flags, hint="id=%NN")
        self.assertEqual(len(self.listed_objects()), 6)
        self.delete("--yes", uri=f"{URI};id=%66")
        self.assertEqual(len(self.listed_objects()), 4)

    def test_a_uri_that_names_no_key(self):
        flags = ("key", "delete", "pkcs11:token=test", "--yes", *self.flags)
        self.fail_with(program.USAGE, "names no key", *flags, hint="object=LABEL")
        flags = ("key", "delete", "pkcs11:token=test;object=none", "--yes", *self.flags)
        self.fail_with(program.KEY, "no private key on token 'test' matches", *flags)
        self.assertEqual(len(self.listed_objects()), 4)

    def test_a_uri_of_the_public_key_deletes_nothing(self):
        before = self.listed_objects()
        arguments = ("key", "delete", f"{URI};type=public", "--yes", *self.flags)
        self.fail_with(program.KEY, "type=private is needed", *arguments, hint="leave the type out")
        self.assertEqual(self.listed_objects(), before)

    def test_a_public_key_that_another_key_shares_stays(self):
        self.card.generate_unread("EC:prime256v1", "shared", "55")
        self.delete("--yes", uri="pkcs11:token=test;object=shared")
        left = [names[:2] for names in self.listed_objects()]
        self.assertIn(("Public Key", "shared"), left)
        self.assertIn(("Public Key", "other"), left)

    def test_a_token_that_forbids_it(self):
        self.misbehave("C_DestroyObject=CKR_ACTION_PROHIBITED")
        flags = ("key", "delete", URI, "--yes", *self.flags)
        self.fail_with(program.KEY, "does not let it be deleted", *flags)

    def test_killed_in_between(self):
        """The public key goes first, so the next run still finds the private key."""
        self.card.delete("pubkey", "web")
        self.delete("--yes")
        self.assertEqual(self.listed_objects(), self.others)

    def test_a_wrong_pin_is_sent_once(self):
        log = self.misbehave()
        self.write("pin", self.secret("wrong-pin-5"))
        flags = ("key", "delete", URI, "--yes", *self.flags)
        self.fail_with(program.KEY, "refused the PIN", *flags)
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)


class OtherModules(SystemTest):
    """Modules whose templates, mechanisms and answers are not SoftHSM's."""

    def setUp(self):
        super().setUp()
        program.need_back_end("pkcs11")

    def check_life_of_a_key(self, uri, key_type, *flags, **more):
        printed = self.succeed("key", "create", uri, "--type", key_type, *flags, **more)
        private = printed.decode().strip()
        pem = self.succeed("csr", "--private-key", private, "--subject", "/CN=a", *flags, **more)
        request = x509.load_pem_x509_csr(pem)
        self.assertTrue(request.is_signature_valid)
        expected = x509.SubjectKeyIdentifier.from_public_key(request.public_key()).digest
        self.assertIn("id=" + "".join(f"%{byte:02X}" for byte in expected), private)
        self.fail_with(
            *(program.USAGE, "already: pkcs11:", "key", "create", uri, "--type", key_type, *flags),
            **more,
        )
        self.succeed("key", "delete", private, "--yes", *flags, **more)
        self.fail_with(program.KEY, "", "key", "delete", private, "--yes", *flags, **more)

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
        token_uri = "pkcs11:token=NSS%20Certificate%20DB"
        for key_type in ("ec-p256", "rsa-2048"):
            uri = f"{token_uri};object={key_type}"
            self.check_life_of_a_key(uri, key_type, "--passin", f"pass:{nss.PIN}", **run)

    def test_tpm2_pkcs11(self):
        """It makes tokens. All its keys decrypt, too, which is not what credmint asks for."""
        device = tpm.Tpm(self, make_folder(self))
        need(tpm2_pkcs11.TpmToken.module, "libtpm2-pkcs11-1")
        (self.folder / "store").mkdir()
        env = {
            "TPM2_PKCS11_STORE": str(self.folder / "store"),
            "TPM2_PKCS11_TCTI": device.tcti,
        }
        self.write("pin", self.secret(token.PIN))
        self.write("so-pin", self.secret(token.SO_PIN))
        flags = ("--passin", "file:pin", "--pkcs11-lib", tpm2_pkcs11.TpmToken.module)
        self.succeed(
            *("token", "init", "pkcs11:token=new", "--so-passin", "file:so-pin", *flags), env=env
        )
        arguments = ("key", "create", "pkcs11:token=new;object=web", "--type", "ec-p256", *flags)
        self.fail_with(program.KEY, "token 'new'", *arguments, env=env)
        shown = run_tool(
            *(token.PKCS11_TOOL, "--module", tpm2_pkcs11.TpmToken.module, "--list-slots"), env=env
        ).decode()
        self.assertRegex(shown, "token label +: new\n")

    def test_p11_kit_starts_a_remote_module(self):
        held = token.Token(self.folder / "t")
        need("/usr/bin/p11-kit", "p11-kit")
        modules = p11_kit.Configuration(self.folder)
        self.write(
            "config/pkcs11/modules/far.module",
            f"remote: |/usr/bin/p11-kit remote {token.MODULE}\n",
            0o644,
        )
        run = {"env": {**held.env, **modules.env}, "wrapper": p11_kit.wrapper()}
        self.check_life_of_a_key(URI, "ec-p384", "--passin", f"pass:{token.PIN}", **run)


class FromAnEmptyTokenToCredentials(MintTest):
    def test_with_credmint_alone(self):
        """All but the CA, and the certificate's way onto the token."""
        program.need_back_end("pkcs11")
        (self.folder / "objects").mkdir()
        self.write("softhsm2.conf", f"directories.tokendir = {self.folder}/objects\n")
        self.env = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}
        self.write("pin", self.secret("4711-user"))
        self.write("so-pin", self.secret("0815-officer"))
        module = ("--pkcs11-lib", token.MODULE, "--passin", "file:pin")
        self.succeed(
            *("token", "init", "pkcs11:token=prod", "--so-passin", "file:so-pin", *module)
        )
        uri = "pkcs11:token=prod;object=web"
        printed = self.succeed("key", "create", uri, "--type", "ec-p256", *module).decode().strip()
        self.succeed(
            *("csr", "--private-key", printed, "--passin", "file:pin", "--subject", "/CN=web"),
            *("--out", "web.csr"),
        )
        self.write("ca.key", pki.pkcs8_pem(self.root.key))
        self.write("ca.pem", pki.pem(self.root.certificate))
        leaf = run_tool(
            *(openssl.OPENSSL, "x509", "-req", "-in", self.folder / "web.csr", "-days", "7"),
            *("-CA", self.folder / "ca.pem", "-CAkey", self.folder / "ca.key"),
            *("-copy_extensions", "copyall", "-set_serial", "77"),
        )
        der = x509.load_pem_x509_certificate(leaf).public_bytes(serialization.Encoding.DER)
        identifier = re.search("id=([^;]*)", printed)[1].replace("%", "")
        run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "prod", "--login"),
            *("--pin", "4711-user", "--write-object", self.write("leaf.der", der)),
            *("--type", "cert", "--label", "web", "--id", identifier),
            env=self.env,
        )
        self.mint("--certificate", uri, *module, env=self.env)


if __name__ == "__main__":
    unittest.main()
