#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attestations that key verify-attestation must not accept: forged, changed, or of other things."""

import base64
import json
import random
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from support import endorsement, pki, program, tpm
from support.cases import each, expand
from support.system_test import SystemTest, make_folder

HANDLE = "0x81000002"
URI = f"handle:{HANDLE}"
NONCE = "00112233445566778899aabbccddeeff01234567"
OTHER_NONCE = "10112233445566778899aabbccddeeff01234567"
PARTS = ("attestationKey", "key", "attest", "signature")
FIXED = endorsement.Forgery.KEY[1]


class RefusedTest(SystemTest):
    """A file that holds, with the answer to its challenge; each test changes something."""

    @classmethod
    def setUpClass(cls):
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.root = pki.make_root("maker")
        cls.ek = endorsement.make_ek(cls.tpm, "ecc")
        cls.certificate = endorsement.certify(cls.root, cls.ek)
        cls.tpm.write_nv("0x01c0000a", pki.der(cls.certificate))
        cls.tpm.make_persistent(HANDLE)

    def setUp(self):
        super().setUp()
        self.env = dict(self.tpm.env)
        self.write("roots.pem", pki.pem(self.root.certificate))
        self.write("challenge.key", bytes(range(32)))

    def prove(self):
        """Makes a file and the answer to its challenge; returns the file as an object."""
        self.succeed("key", "attest", URI, "--nonce", NONCE, "--out", "attestation")
        self.answer()
        self.assertEqual(self.verify().status, program.SUCCESS)
        return json.loads((self.folder / "attestation").read_text())

    def answer(self):
        for name in ("challenge", "answer"):
            (self.folder / name).unlink(missing_ok=True)
        result = self.verify("--make-challenge", "challenge", answer=False)
        self.assertEqual(result.status, program.NOT_PROVEN, str(result))
        self.succeed("key", "attest", URI, "--challenge", "challenge", "--out", "answer")

    def verify(self, *flags, nonce=NONCE, answer=True):
        answered = ("--challenge-answer", "answer") if answer else ()
        return self.run_program(
            *("key", "verify-attestation", "attestation", "--nonce", nonce, *answered),
            *("--ek-ca", "roots.pem", "--challenge-key", "challenge.key", *flags),
        )

    def refuse(self, message, *flags, status=program.ATTESTATION, hint=None, **more):
        self.check_failure(self.verify(*flags, **more), status, message, hint)

    def holds(self, *flags):
        """Verifies the file without an answer: it holds, but proves nothing yet."""
        result = self.verify(*flags, answer=False)
        self.assertEqual(result.status, program.NOT_PROVEN, str(result))
        return result

    def forge(self, **parts):
        """Writes a file of evidence by tpm2-pytss, with this test's certificate."""
        made = endorsement.Forgery(self.tpm, bytes.fromhex(NONCE), **parts)
        self.write("attestation", made.file(self.certificate))


@expand
class Forged(RefusedTest):
    """Statements that a TPM really made, about other things."""

    def test_a_good_one(self):
        self.forge()
        self.holds()

    @each("rsa2048:rsassa-sha256:null", "rsa2048:rsapss-sha256:null", "ecc384:ecdsa-sha384:null")
    def test_other_attestation_keys(self, algorithm):
        self.forge(attester=(algorithm, endorsement.ATTESTING))
        self.holds()

    @each("ecc384", "ecc521", "rsa2048", "rsa2048:rsapss-sha256:null")
    def test_other_keys(self, algorithm):
        self.forge(key=(algorithm, FIXED))
        self.holds()

    def test_an_attestation_key_that_signs_anything(self):
        """Its owner can make up statements with it."""
        self.forge(attester=("ecc256:ecdsa-sha256:null", FIXED))
        self.refuse("the attestation key signs more than what its TPM states", answer=False)

    def test_an_attestation_key_that_signs_anyhow(self):
        self.forge(attester=("ecc256", FIXED))
        self.refuse("the attestation key signs more than what its TPM states", answer=False)

    def test_an_attestation_key_that_can_leave(self):
        attributes = endorsement.ATTESTING.replace("fixedtpm|fixedparent|", "")
        self.forge(attester=(endorsement.ATTESTER[3], attributes))
        self.refuse("the attestation key signs more than what its TPM states", answer=False)

    def test_a_key_that_can_be_copied(self):
        self.forge(key=("ecc256", "sensitivedataorigin|userwithauth|noda|sign"))
        self.refuse("the key can be copied", answer=False, hint="fixedtpm")

    def test_a_key_that_decrypts(self):
        self.forge(key=("rsa2048", FIXED.replace("sign", "decrypt")))
        self.refuse("the key cannot sign", answer=False)

    @each("quote", "creation")
    def test_a_statement_of_another_kind(self, kind):
        self.forge(**{kind: True})
        self.refuse("the TPM's statement does not certify a key", answer=False)

    def test_a_statement_that_the_host_made_up(self):
        """An attestation key signs that, too, but only if it does not begin as a statement."""
        self.forge(unmarked=True)
        self.refuse("the statement does not begin as those of a TPM do", answer=False)

    def test_parts_of_several_statements(self):
        self.prove()
        good = json.loads((self.folder / "attestation").read_text())
        made = endorsement.Forgery(self.tpm, bytes.fromhex(NONCE))
        other = json.loads(made.file(self.certificate))
        for mixed, message in (
            ({"key": other["key"]}, "the TPM's statement is about another key"),
            ({"attest": other["attest"]}, "the signature of the TPM's statement is not one"),
            ({"signature": other["signature"]}, "the signature of the TPM's statement is not one"),
        ):
            self.write("attestation", json.dumps({**good, **mixed}))
            self.refuse(message)


@expand
class Changed(RefusedTest):
    def setUp(self):
        super().setUp()
        self.file = self.prove()

    @each(*PARTS, "ekCertificates")
    def test_each_byte_of(self, part):
        """No file with a changed bit is accepted, whichever byte it is in."""
        generator = random.Random(part)
        is_list = part == "ekCertificates"
        original = base64.b64decode(self.file[part][0] if is_list else self.file[part])
        for index in range(len(original)):
            contents = bytearray(original)
            contents[index] ^= 1 << generator.randrange(8)
            encoded = base64.b64encode(contents).decode()
            changed = {**self.file, part: [encoded] if is_list else encoded}
            self.write("attestation", json.dumps(changed))
            result = self.verify()
            self.assertEqual(result.status, program.ATTESTATION, f"byte {index}\n{result}")
            self.assertEqual(result.stdout, b"")

    @each(*PARTS, "ekCertificates", "format", "version", "kind")
    def test_without(self, part):
        self.write("attestation", json.dumps({k: v for k, v in self.file.items() if k != part}))
        self.refuse("attestation: it")

    @each(*PARTS)
    def test_a_shorter(self, part):
        for size in (0, 1, 2, 3, 10, 30, -1):
            shorter = base64.b64encode(base64.b64decode(self.file[part])[:size]).decode()
            self.write("attestation", json.dumps({**self.file, part: shorter}))
            self.assertEqual(self.verify().status, program.ATTESTATION)

    @each(*PARTS)
    def test_a_longer(self, part):
        longer = base64.b64encode(base64.b64decode(self.file[part]) + b"\0").decode()
        self.write("attestation", json.dumps({**self.file, part: longer}))
        self.assertEqual(self.verify().status, program.ATTESTATION)

    @each(
        nothing="",
        text="text",
        list="[]",
        number="1",
        deep="[" * 20000,
        other='{"format": "credmint-key-answer", "version": 1}',
        newer='{"format": "credmint-key-attestation", "version": 2}',
        strange='{"format": {"format": 1}, "version": []}',
        kind='{"format": "credmint-key-attestation", "version": 1, "kind": ["tpm"]}',
        members=json.dumps(
            {"format": "credmint-key-attestation", "version": 1, "kind": "tpm", "ekCertificates": 1}
        ),
        policy=None,
    )
    def test_instead(self, contents):
        if contents is None:
            contents = json.dumps({**self.file, "policy": [1]})
        self.write("attestation", contents)
        status = program.ATTESTATION if contents else program.LOCAL_IO
        self.refuse("attestation", status=status)

    def test_truncated(self):
        text = (self.folder / "attestation").read_bytes()
        for size in range(1, len(text) - 2, 37):
            self.write("attestation", text[:size])
            self.assertEqual(self.verify().status, program.ATTESTATION)

    def test_huge(self):
        self.write("attestation", json.dumps({**self.file, "more": "x" * 70000}))
        self.refuse("it is longer than", status=program.LOCAL_IO)

    def test_many_certificates(self):
        certificates = self.file["ekCertificates"] * 9
        self.write("attestation", json.dumps({**self.file, "ekCertificates": certificates}))
        self.refuse("its member 'ekCertificates' is missing or cannot be read")

    def test_a_policy_that_is_not_the_keys(self):
        policy = {"pcrs": "AAAAAQALAwEAAA==", "pcrDigest": "AA==", "authValue": False}
        self.write("attestation", json.dumps({**self.file, "policy": policy}))
        self.refuse("the policy in it is not the one of the key")

    def test_another_nonce(self):
        self.refuse("was made for another nonce", nonce=OTHER_NONCE)
        self.refuse("was made for another nonce", nonce=NONCE[:-2])
        self.refuse("was made for another nonce", nonce=NONCE + "00")


@expand
class Answers(RefusedTest):
    def test_one_for_another_attestation(self):
        """An earlier answer of the same TPM, for another nonce."""
        self.succeed("key", "attest", URI, "--nonce", OTHER_NONCE, "--out", "attestation")
        (self.folder / "attestation").rename(self.folder / "earlier")
        self.prove()
        answer = (self.folder / "answer").read_bytes()
        (self.folder / "earlier").rename(self.folder / "attestation")
        self.write("answer", answer)
        self.refuse("the answer is not the one to the challenge", nonce=OTHER_NONCE)

    def test_one_for_another_attestation_key(self):
        self.prove()
        self.forge(attester=("ecc384:ecdsa-sha384:null", endorsement.ATTESTING))
        self.refuse("the answer is not the one to the challenge")

    def test_one_for_another_key_of_the_verifier(self):
        self.prove()
        self.write("challenge.key", bytes(32))
        hint = "the same key of the verifier"
        self.refuse("the answer is not the one to the challenge", hint=hint)

    def test_changed(self):
        self.prove()
        answer = json.loads((self.folder / "answer").read_text())
        secret = base64.b64decode(answer["answer"])
        for other in (secret[:-1], secret + b"\0", bytes([secret[0] ^ 1]) + secret[1:], bytes(32)):
            self.write("answer", endorsement.answer(other))
            self.refuse("the answer is not the one to the challenge")
        for contents in ("{}", "x", (self.folder / "challenge").read_bytes()):
            self.write("answer", contents)
            self.refuse("it is not a file of the format credmint-key-answer")

    def test_the_challenge_does_not_show_its_answer(self):
        self.prove()
        answer = json.loads((self.folder / "answer").read_text())["answer"]
        challenge = json.loads((self.folder / "challenge").read_text())["challenge"]
        self.assertNotIn(base64.b64decode(answer), base64.b64decode(challenge))
        first = challenge
        self.answer()
        again = json.loads((self.folder / "challenge").read_text())["challenge"]
        self.assertNotEqual(first, again)
        self.assertEqual(json.loads((self.folder / "answer").read_text())["answer"], answer)


@expand
class Certificates(RefusedTest):
    """Other certificates for the TPM's real endorsement key."""

    def setUp(self):
        super().setUp()
        self.file = self.prove()

    def use(self, *certificates):
        encoded = [base64.b64encode(pki.der(one)).decode() for one in certificates]
        self.write("attestation", json.dumps({**self.file, "ekCertificates": encoded}))

    def certify(self, **changes):
        self.use(endorsement.certify(self.root, self.ek, **changes))

    def test_another_ca(self):
        self.use(endorsement.certify(pki.make_root("maker"), self.ek))
        self.refuse("the TPM's certificate is not one of a trusted manufacturer")

    def test_its_own_ca(self):
        other = pki.make_root("maker")
        self.use(endorsement.certify(other, self.ek), other.certificate)
        self.refuse("the TPM's certificate is not one of a trusted manufacturer")

    def test_expired(self):
        self.certify(not_before=-3 * pki.DAY, not_after=-pki.DAY)
        self.refuse("certificate has expired")

    def test_not_valid_yet(self):
        self.certify(not_before=pki.DAY)
        self.refuse("certificate is not yet valid")

    def test_sha1(self):
        self.certify(digest=hashes.SHA1())
        self.refuse("CA signature digest algorithm too weak")

    def test_a_ca(self):
        self.certify(ca=True)
        self.refuse("the TPM's certificate is one of a CA")

    def test_for_signatures(self):
        self.certify(usage={"digital_signature"})
        self.refuse("is not for a key that decrypts")

    def test_for_a_server(self):
        purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH])
        self.certify(extensions=(purpose,))
        self.refuse("is not for an endorsement key")

    @each(
        nothing=(),
        other_names=(x509.SubjectAlternativeName([x509.DNSName("web.example.com")]),),
        other_attributes=(x509.SubjectAlternativeName([x509.DirectoryName(pki.name("web"))]),),
    )
    def test_of_no_endorsement_key(self, extensions):
        """Its key may be one in software, which answers any challenge."""
        self.certify(extensions=extensions)
        message = "the TPM's certificate does not say that its key is an endorsement key"
        self.refuse(message, hint="2.23.133.8.1")

    def test_an_unknown_critical_extension(self):
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0")
        self.certify(extensions=(endorsement.PURPOSE, unknown))
        self.refuse("unhandled critical extension")
        self.certify(extensions=(unknown, endorsement.DIRECTORY_ATTRIBUTES))
        self.refuse("unhandled critical extension")

    def test_an_issuer_that_is_no_ca(self):
        key = pki.make_key()
        issuer = pki.Issuer(key, self.root.issue(key.public_key(), "between"))
        self.use(endorsement.certify(issuer, self.ek), issuer.certificate)
        self.refuse("is not one of a trusted manufacturer")

    @each(
        critical_directory_attributes=(endorsement.PURPOSE, endorsement.DIRECTORY_ATTRIBUTES),
        older=(endorsement.model_name(),),
    )
    def test_accepted(self, extensions):
        self.certify(extensions=extensions)
        self.holds()

    def test_accepted_without_key_usage(self):
        self.certify(usage=None)
        self.holds()

    def test_accepted_through_an_intermediate_in_the_file(self):
        between = self.root.make_intermediate("between")
        self.use(endorsement.certify(between, self.ek))
        self.refuse("unable to get local issuer certificate")
        self.use(endorsement.certify(between, self.ek), between.certificate)
        self.holds()

    def test_the_answer_belongs_to_the_certificate(self):
        """The key of another TPM, certified by the same manufacturer."""
        self.use(endorsement.certify(self.root, pki.make_key().public_key()))
        self.refuse("the answer is not the one to the challenge")

    def test_a_model_of_control_characters(self):
        name = endorsement.model_name(model="\x1b[31m\nproven")
        self.certify(extensions=(endorsement.PURPOSE, name))
        shown = self.holds().stdout
        self.assertNotIn(b"\x1b", shown)
        self.assertIn(b"model ?[31m?proven,", shown)

    @each("P521", "RSA3072")
    def test_a_key_that_cannot_be_challenged(self, kind):
        self.use(endorsement.certify(self.root, pki.make_key(kind).public_key()))
        self.holds()
        self.refuse(
            "for a kind of key that cannot be challenged",
            *("--make-challenge", "another"),
            answer=False,
        )


class Requests(RefusedTest):
    def test_of_another_key(self):
        self.prove()
        self.write("other.key", pki.pkcs8_pem(pki.make_key()))
        self.succeed(
            *("csr", "--private-key", "other.key", "--subject", "/CN=web", "--out", "web.csr")
        )
        self.refuse("the certificate request is for another key", "--csr", "web.csr")

    def test_signed_by_another_key(self):
        self.prove()
        self.succeed("csr", "--private-key", URI, "--subject", "/CN=web", "--out", "web.csr")
        request = x509.load_pem_x509_csr((self.folder / "web.csr").read_bytes())
        changed = bytearray(request.public_bytes(pki.serialization.Encoding.DER))
        changed[-1] ^= 1
        self.write("web.der", bytes(changed))
        self.refuse("the certificate request is not signed by its key", "--csr", "web.der")

    def test_none(self):
        self.prove()
        for contents in ("-----BEGIN CERTIFICATE REQUEST-----\n", "x", b"\x30\x82"):
            self.write("web.csr", contents)
            self.refuse("the certificate request cannot be read", "--csr", "web.csr")


class CommandLine(RefusedTest):
    def refuse_usage(self, message, *arguments, status=program.USAGE, hint=None):
        self.fail_with(status, message, "key", "verify-attestation", *arguments, hint=hint)

    def test_what_is_missing(self):
        self.succeed("key", "attest", URI, "--nonce", NONCE, "--out", "attestation")
        nonce, ca = ("--nonce", NONCE), ("--ek-ca", "roots.pem")
        self.refuse_usage("the file is missing", *nonce, *ca)
        self.refuse_usage("--nonce is missing", "attestation", *ca)
        self.refuse_usage("--ek-ca is missing", "attestation", *nonce)
        for flag in ("--make-challenge", "--challenge-answer"):
            self.refuse_usage(
                *("--challenge-key is missing", "attestation", *nonce, *ca, flag, "x"),
                hint="openssl rand",
            )
        self.refuse_usage(
            "--make-challenge and --challenge-answer are given",
            *("attestation", *nonce, *ca, "--make-challenge", "x", "--challenge-answer", "y"),
        )

    def test_the_key_of_the_verifier(self):
        self.succeed("key", "attest", URI, "--nonce", NONCE, "--out", "attestation")
        flags = ("attestation", "--nonce", NONCE, "--ek-ca", "roots.pem", "--make-challenge", "c")
        self.write("short", bytes(31))
        self.refuse_usage("the key has fewer than 32 bytes", *flags, "--challenge-key", "short")
        self.write("open", bytes(32), mode=0o640)
        self.refuse_usage("open", *flags, "--challenge-key", "open", status=program.LOCAL_IO)
        self.assertFalse((self.folder / "c").exists())

    def test_the_trusted_certificates(self):
        self.succeed("key", "attest", URI, "--nonce", NONCE, "--out", "attestation")
        flags = ("attestation", "--nonce", NONCE, "--ek-ca")
        self.write("other", "x")
        self.refuse_usage("holds no certificate that", *flags, "other", status=program.CERTIFICATE)
        self.write("open.pem", pki.pem(self.root.certificate), mode=0o666)
        self.refuse_usage("open.pem", *flags, "open.pem", status=program.LOCAL_IO)
        self.refuse_usage("none.pem", *flags, "none.pem", status=program.LOCAL_IO)


if __name__ == "__main__":
    unittest.main()
