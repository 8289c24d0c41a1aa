#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""key attest and key verify-attestation, judged by tpm2-tools and openssl."""

import base64
import json
import re
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import utils

from support import endorsement, openssl, pki, program, tpm
from support.cases import each, expand
from support.processes import run_tool
from support.requirements import need
from support.system_test import SystemTest, make_folder
from support.tpm_proxy import TpmProxy

HANDLE = "0x81000002"
URI = f"handle:{HANDLE}"
NONCE = "00112233445566778899aabbccddeeff01234567"
AUTH = "auth-27182818"
ENDORSEMENT_AUTH = "endorsement-57721566"
WRONG = "wrong-14142135"
ATTRIBUTES = ["fixed-tpm", "fixed-parent", "sensitive-data-origin", "user-with-auth", "sign"]
NOT_YET = "not yet proven: the attestation key may not be in this TPM"


class AttestTest(SystemTest):
    """Machines with TPMs that a manufacturer made, and a CA without one."""

    @classmethod
    def setUpClass(cls):
        cls.manufacturer = endorsement.Manufacturer(make_folder(cls) / "m")

    def setUp(self):
        super().setUp()
        self.write("challenge.key", bytes(range(32)))
        for text in (AUTH, ENDORSEMENT_AUTH, WRONG):
            self.secret(text)

    def use(self, machine):
        self.tpm = machine
        self.env = dict(machine.env)

    def start_tpm(self):
        self.use(tpm.Tpm(self, self.folder / "t", self.manufacturer))
        self.write("roots.pem", self.manufacturer.trusted)

    def start_plain_tpm(self):
        """A TPM without a certificate, and a manufacturer whose certificates the test makes."""
        self.use(tpm.Tpm(self, self.folder / "t"))
        self.root = pki.make_root("maker")
        self.write("roots.pem", pki.pem(self.root.certificate))

    def attest(self, reference=URI, *flags):
        """Attests a key; returns the file as an object. Nothing may stay loaded."""
        (self.folder / "attestation").unlink(missing_ok=True)
        printed = self.succeed(
            *("key", "attest", reference, "--nonce", NONCE, "--out", "attestation", *flags)
        )
        self.assertEqual((printed, self.tpm.loaded()), (b"", []))
        return json.loads((self.folder / "attestation").read_text())

    def refuse_attest(self, status, message, *arguments, hint=None, **more):
        self.fail_with(status, message, "key", "attest", *arguments, hint=hint, **more)
        self.assertEqual(self.tpm.loaded(), [])

    def answer(self, *flags):
        (self.folder / "answer").unlink(missing_ok=True)
        self.succeed("key", "attest", URI, "--challenge", "challenge", "--out", "answer", *flags)
        self.assertEqual(self.tpm.loaded(), [])
        return json.loads((self.folder / "answer").read_text())

    def verify(self, *flags, nonce=NONCE):
        return self.run_program(
            *("key", "verify-attestation", "attestation", "--nonce", nonce),
            *("--ek-ca", "roots.pem", "--challenge-key", "challenge.key", *flags),
            env={"TPM2TOOLS_TCTI": "none", "TSS2_TCTI": "none"},
        )

    def verify_without_proof(self, *flags):
        """Verifies; the file holds, but proves nothing yet. Returns what is printed."""
        result = self.verify(*flags)
        self.assertEqual(result.status, program.NOT_PROVEN, str(result))
        self.assertIn(NOT_YET, result.stderr)
        self.assertRegex(result.stderr, r"\Acredmint: .*\nhint: .*\n\Z")
        return result.stdout.decode()

    def challenge(self):
        (self.folder / "challenge").unlink(missing_ok=True)
        self.verify_without_proof("--make-challenge", "challenge")
        return json.loads((self.folder / "challenge").read_text())

    def verify_proven(self, *flags):
        result = self.verify("--challenge-answer", "answer", *flags)
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        return result.stdout.decode()

    def prove(self, reference=URI, *flags):
        """All three exchanges; returns the object that the verifier prints."""
        self.attest(reference, *flags)
        self.challenge()
        self.answer()
        return json.loads(self.verify_proven("--json"))

    def decoded(self, name, which):
        path = self.write(which, base64.b64decode(self.evidence[name]))
        return path


@expand
class Exchanges(AttestTest):
    def setUp(self):
        super().setUp()
        self.start_tpm()

    def test_a_key_is_proven(self):
        public_key = self.tpm.make_persistent(HANDLE)
        self.attest()
        first = self.verify_without_proof()
        self.assertRegex(first, r"\Averdict +NOT YET PROVEN: the attestation key may not be in")
        self.challenge()
        self.answer()
        shown = self.verify_proven()
        self.assertRegex(shown, r"\Averdict +proven: the key is in this TPM and cannot leave it\n")
        self.assertEqual(shown.partition("\n")[2], first.partition("\n")[2])
        pem = public_key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode()
        self.assertTrue(shown.endswith(pem), shown)

    def test_what_is_printed(self):
        public_key = self.tpm.make_persistent(HANDLE)
        shown = self.prove()
        der = public_key.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        digest = hashes.Hash(hashes.SHA256())
        digest.update(der)
        properties = self.tpm.tool("getcap", "properties-fixed")
        firmware = [
            re.search(rf"TPM2_PT_FIRMWARE_VERSION_{i}:\n  raw: 0x([0-9A-F]+)", properties)[1]
            for i in (1, 2)
        ]
        clock = self.tpm.tool("readclock")
        resets, restarts = (
            int(re.search(rf"{name}_count: (\d+)", clock)[1]) for name in ("reset", "restart")
        )
        self.assertEqual(
            {name: value for name, value in shown.items() if name not in ("tpm", "publicKey")},
            {
                "verdict": "proven",
                "key": "EC prime256v1",
                "publicKeySha256": digest.finalize().hex(),
                "attributes": ATTRIBUTES,
                "policy": None,
                "ekCertificate": {
                    "serial": f"{self.certificate().serial_number:02X}",
                    "issuer": "CN=swtpm-localca",
                },
            },
        )
        clock_then = shown["tpm"].pop("clock")
        self.assertLessEqual(clock_then, int(re.search(r"\n  clock: (\d+)", clock)[1]))
        self.assertEqual(
            shown["tpm"],
            {
                "manufacturer": "id:00001014",
                "model": "swtpm",
                "version": "id:20191023",
                "firmware": ".".join(f"{int(part, 16):08x}" for part in firmware),
                "resets": resets,
                "restarts": restarts,
                "clockIsSafe": "safe: yes" in clock,
            },
        )

    def certificate(self):
        path = self.folder / "ek.der"
        self.tpm.tool("nvread", "-Q", "0x01c00016", "-o", path)
        return x509.load_der_x509_certificate(path.read_bytes())

    def test_on_stdout(self):
        self.tpm.make_persistent(HANDLE)
        printed = self.succeed("key", "attest", URI, "--nonce", NONCE)
        self.assertEqual(json.loads(printed)["kind"], "tpm")

    def test_without_a_key_process(self):
        self.tpm.make_persistent(HANDLE)
        self.prove(URI, "--no-key-process")

    def test_the_root_alone_and_the_issuer_from_the_tpm(self):
        self.tpm.make_persistent(HANDLE)
        self.attest()
        self.write("roots.pem", self.manufacturer.root)
        result = self.verify()
        self.assertEqual(result.status, program.ATTESTATION, str(result))
        issuer = pki.der(x509.load_pem_x509_certificate(self.manufacturer.issuer))
        self.tpm.write_nv("0x01c00100", issuer[:512])  # in two parts, as large ones are
        self.tpm.write_nv("0x01c00101", issuer[512:])
        self.assertEqual(len(self.attest()["ekCertificates"]), 2)
        self.verify_without_proof()

    def test_the_issuer_alone_is_trusted(self):
        self.tpm.make_persistent(HANDLE)
        self.attest()
        issuer = x509.load_pem_x509_certificate(self.manufacturer.issuer)
        self.write("roots.pem", pki.der(issuer))
        self.verify_without_proof()

    def test_the_request_of_the_key(self):
        self.tpm.make_persistent(HANDLE)
        self.prove()
        self.succeed("csr", "--private-key", URI, "--subject", "/CN=web", "--out", "web.csr")
        self.verify_proven("--csr", "web.csr")
        der = x509.load_pem_x509_csr((self.folder / "web.csr").read_bytes())
        self.write("web.der", der.public_bytes(serialization.Encoding.DER))
        self.verify_proven("--csr", "web.der")

    def test_attested_after_a_reset_and_answered_after_another(self):
        self.tpm.make_persistent(HANDLE)
        self.tpm.lose_power()
        self.attest()
        self.challenge()
        self.tpm.lose_power()
        self.answer()
        self.verify_proven()

    def test_the_auth_value_of_the_endorsement_hierarchy(self):
        self.tpm.make_persistent(HANDLE)
        self.tpm.tool("changeauth", "-Q", "-c", "e", ENDORSEMENT_AUTH)
        self.write("secret", ENDORSEMENT_AUTH)
        self.write("wrong", WRONG)
        given = ("--endorsement-passin", "file:secret")
        proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = dict(proxy.env)
        missing = "the endorsement hierarchy needs an auth value and none was given"
        self.refuse_attest(
            *(program.KEY, missing, URI, "--nonce", NONCE),
            hint="give it with --endorsement-passin",
        )
        self.refuse_attest(
            *(program.KEY, "using the endorsement hierarchy", URI, "--nonce", NONCE),
            *("--endorsement-passin", "file:wrong"),
            hint="tpm2_changeauth -c e",
        )
        self.assertEqual(self.tpm.wrong_tries(), 0)
        self.attest(URI, *given)
        self.challenge()
        self.refuse_attest(program.KEY, missing, URI, "--challenge", "challenge")
        self.answer(*given)
        self.verify_proven()
        sent = b"".join(command.request for command in proxy.commands)
        self.assertNotIn(ENDORSEMENT_AUTH.encode(), sent)


@expand
class Keys(AttestTest):
    """Kinds of keys, and of what it takes to use them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = tpm.Tpm(cls, make_folder(cls) / "t", cls.manufacturer)

    def setUp(self):
        super().setUp()
        self.use(self.shared)
        self.write("roots.pem", self.manufacturer.trusted)
        self.write("auth", AUTH)
        self.write("wrong", WRONG)
        self.addCleanup(self.forget)

    def forget(self):
        for handle in re.findall(r"0x810000\d\d", self.tpm.tool("getcap", "handles-persistent")):
            self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", handle)

    def make(self, *arguments):
        self.succeed("key", "create", *arguments)

    @each("ec-p256", "ec-p384", "rsa-2048", "rsa-3072")
    def test_type(self, key_type):
        self.make(URI, "--type", key_type)
        shown = self.prove()
        self.assertEqual(
            shown["key"],
            {"ec-p256": "EC prime256v1", "ec-p384": "EC secp384r1"}.get(
                key_type, key_type.upper().replace("-", " ")
            ),
        )
        self.assertEqual(
            serialization.load_pem_public_key(shown["publicKey"].encode()).public_numbers(),
            self.tpm.public_key(HANDLE).public_numbers(),
        )

    def test_with_an_auth_value(self):
        self.tpm.make_persistent(HANDLE, auth=AUTH)
        self.prove(URI, "--passin", "file:auth")

    def test_without_the_auth_value(self):
        self.make(URI, "--type", "ec-p256", "--auth", "file:auth", "--noda")
        missing = "TPM key 0x81000002 has an auth value and none was given"
        self.refuse_attest(
            program.KEY, missing, URI, "--nonce", NONCE, hint="give it with --passin"
        )
        self.refuse_attest(
            *(program.KEY, "certifying TPM key 0x81000002", URI, "--nonce", NONCE),
            *("--passin", "file:wrong"),
        )
        self.assertEqual(self.tpm.wrong_tries(), 0)

    def test_in_a_file(self):
        self.make("--out", "key.pem", "--type", "ec-p256", "--auth", "file:auth")
        shown = self.prove("key.pem", "--passin", "file:auth")
        self.assertIsNone(shown["policy"])
        self.succeed(
            *("csr", "--private-key", "key.pem", "--passin", "file:auth"),
            *("--subject", "/CN=web", "--out", "web.csr"),
        )
        self.verify_proven("--csr", "web.csr")

    def test_the_answer_with_the_file_of_the_key(self):
        self.make("--out", "key.pem", "--type", "ec-p256", "--auth", "file:auth")
        self.attest("key.pem", "--passin", "file:auth")
        self.challenge()
        self.succeed("key", "attest", "key.pem", "--challenge", "challenge", "--out", "answer")
        self.verify_proven()

    @each(without="", **{"and an auth value": AUTH})
    def test_bound_to_pcrs(self, auth):
        flags = ("--auth", "file:auth") if auth else ()
        self.make("--out", "key.pem", "--type", "ec-p256", "--pcr", "sha256:0,7", *flags)
        shown = self.prove("key.pem", *(("--passin", "file:auth") if auth else ()))
        values = self.tpm.pcr_values(0, 7)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(values)
        self.assertEqual(
            {name: value for name, value in shown["policy"].items() if name != "digest"},
            {
                "authValueAlone": False,
                "pcrs": "0, 7 (sha256)",
                "pcrDigest": digest.finalize().hex(),
                "authValue": bool(auth),
            },
        )
        if not auth:
            self.assertEqual(
                shown["policy"]["digest"], self.tpm.policy_pcr_digest("sha256:0,7").hex()
            )
        text = self.verify_proven()
        self.assertRegex(text, r"\npolicy +PCRs 0, 7 \(sha256\) with the digest")

    def test_bound_to_pcrs_that_have_changed(self):
        self.make("--out", "key.pem", "--type", "ec-p256", "--pcr", "sha256:23")
        self.tpm.tool("pcrextend", "23:sha256=" + "11" * 32)
        self.fail_with(
            program.KEY, "no longer those", "csr", "--private-key", "key.pem", "--subject", "/CN=x"
        )
        self.prove("key.pem")

    def test_under_a_policy_that_a_handle_does_not_tell(self):
        policy = self.tpm.policy_pcr_digest("sha256:0")
        self.tpm.make_parent("0x81000010")
        public, private, _ = self.tpm.create(
            "0x81000010", policy=policy, attributes=tpm.SIGNING_UNDER_POLICY
        )
        self.tpm.persist("0x81000010", public, private, HANDLE)
        shown = self.prove()
        self.assertEqual(
            shown["policy"], {"digest": policy.hex(), "authValueAlone": False}
        )

    def test_a_key_that_can_be_copied(self):
        self.tpm.make_persistent(HANDLE, attributes="sensitivedataorigin|userwithauth|sign")
        self.refuse_attest(
            *(program.KEY, "can be copied to another TPM", URI, "--nonce", NONCE),
            hint="fixedtpm",
        )

    def test_a_policy_that_governs_certifying(self):
        policy = self.tpm.policy_pcr_digest("sha256:0")
        self.tpm.make_parent("0x81000010")
        public, private, _ = self.tpm.create(
            "0x81000010", policy=policy, attributes=tpm.SIGNING + "|adminwithpolicy"
        )
        self.tpm.persist("0x81000010", public, private, HANDLE)
        self.refuse_attest(
            *(program.KEY, "also governs who may have it certified", URI, "--nonce", NONCE),
            hint="adminwithpolicy",
        )

    def test_no_key_there(self):
        self.refuse_attest(program.KEY, "there is no key at handle", URI, "--nonce", NONCE)

    def test_a_storage_key(self):
        self.tpm.make_parent(HANDLE)
        self.refuse_attest(program.KEY, "cannot sign", URI, "--nonce", NONCE)

    def test_a_file_that_anybody_can_copy(self):
        self.write("web.key", pki.pkcs8_pem(pki.make_key()))
        self.refuse_attest(
            *(program.KEY, "it is not a file whose key only a device can use", "web.key"),
            *("--nonce", NONCE),
            hint="can be copied",
        )

    def test_the_whole_tpm(self):
        self.refuse_attest(program.USAGE, "it names no key", "handle:", "--nonce", NONCE)

    @each(
        none=((), "--nonce is missing"),
        short=(("--nonce", "00" * 15), "--nonce: it is not 16 to 32 bytes"),
        long=(("--nonce", "00" * 33), "--nonce: it is not 16 to 32 bytes"),
        other=(("--nonce", "0x" + "00" * 20), "--nonce: it is not 16 to 32 bytes"),
        both=(("--nonce", NONCE, "--challenge", "c"), "--nonce and --challenge are given"),
    )
    def test_nonce(self, case):
        flags, message = case
        self.refuse_attest(program.USAGE, message, URI, *flags)

    def test_a_file_that_is_there(self):
        self.write("attestation", "")
        self.refuse_attest(
            program.LOCAL_IO, "attestation", URI, "--nonce", NONCE, "--out", "attestation"
        )

    def test_one_stream_for_two_secrets(self):
        self.refuse_attest(
            *(program.USAGE, "--endorsement-passin and --passin read the same stream", URI),
            *("--nonce", NONCE, "--endorsement-passin", "stdin", "--passin", "fd:0"),
        )

    def test_another_challenge(self):
        for contents, message in (
            ("{}", "it is not a file of the format credmint-key-challenge"),
            (endorsement.challenge(b"\0\1"), "the challenge is not one for a TPM"),
            (endorsement.challenge(b"\0\2\0\0\0\0"), "is for another TPM or another"),
        ):
            self.write("challenge", contents)
            self.refuse_attest(program.ATTESTATION, message, URI, "--challenge", "challenge")


@expand
class OtherPrograms(AttestTest):
    """Others make and check the same."""

    def setUp(self):
        super().setUp()
        self.start_tpm()
        self.public_key = self.tpm.make_persistent(HANDLE)
        self.evidence = self.attest()

    def test_tpm2_pytss_and_tpm2_tools_read_the_statement(self):
        need(endorsement.PYTSS, "python3-tpm2-pytss")
        from tpm2_pytss import TPMS_ATTEST  # pylint: disable=import-outside-toplevel

        statement, size = TPMS_ATTEST.unmarshal(base64.b64decode(self.evidence["attest"]))
        self.assertEqual(size, len(base64.b64decode(self.evidence["attest"])))
        self.assertEqual((statement.magic, statement.type), (0xFF544347, 0x8017))
        self.assertEqual(bytes(statement.extraData).hex(), NONCE)
        self.assertEqual(bytes(statement.attested.certify.name), self.tpm.name(HANDLE))
        for name, expected in (("attestationKey", endorsement.ATTESTING), ("key", tpm.SIGNING)):
            area = self.tpm.tool("print", "-t", "TPM2B_PUBLIC", self.decoded(name, name))
            self.assertEqual(re.search(r"attributes:\n  value: (\S+)", area)[1], expected)

    def test_openssl_checks_certificate_and_signature(self):
        certificate = self.write("ek.der", base64.b64decode(self.evidence["ekCertificates"][0]))
        run_tool(
            *(openssl.OPENSSL, "x509", "-inform", "DER", "-in", certificate),
            *("-out", self.folder / "ek.pem"),
        )
        self.write("root.pem", self.manufacturer.root)
        self.write("issuer.pem", self.manufacturer.issuer)
        run_tool(
            *(openssl.OPENSSL, "verify", "-CAfile", self.folder / "root.pem"),
            *("-untrusted", self.folder / "issuer.pem", self.folder / "ek.pem"),
        )
        marshalled = base64.b64decode(self.evidence["signature"])
        self.assertEqual(marshalled[:4].hex(), "0018000b")  # ECDSA with SHA-256
        size = int.from_bytes(marshalled[4:6], "big")
        r, s = marshalled[6 : 6 + size], marshalled[8 + size :]
        signature = self.write(
            "signature.der",
            utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big")),
        )
        pem = self.tpm.tool(
            "print", "-t", "TPM2B_PUBLIC", "-f", "pem", self.decoded("attestationKey", "ak")
        )
        checked = run_tool(
            *(openssl.OPENSSL, "dgst", "-sha256", "-verify", self.write("ak.pem", pem)),
            *("-signature", signature, self.decoded("attest", "attest")),
        )
        self.assertEqual(checked, b"Verified OK\n")

    def test_tpm2_createprimary_makes_the_same_attestation_key(self):
        _, _, public = endorsement.make_attester(self.tpm)
        self.assertEqual(base64.b64decode(self.evidence["attestationKey"]), public)

    def test_tpm2_activatecredential_answers(self):
        context, *_ = endorsement.make_attester(self.tpm)
        credential = base64.b64decode(self.challenge()["challenge"])
        blob = self.write("blob", endorsement.TOOL_HEADER + credential)
        self.tpm.tool(
            *("activatecredential", "-Q", "-c", context, "-C", "0x81010016"),
            *("-i", blob, "-o", self.folder / "secret"),
        )
        self.tpm.tool("flushcontext", "-t")
        self.write("answer", endorsement.answer((self.folder / "secret").read_bytes()))
        self.verify_proven()

    def test_tpm2_makecredential_is_answered(self):
        _, name, _ = endorsement.make_attester(self.tpm)
        public, secret, blob = (self.folder / part for part in ("ek.pub", "s", "blob"))
        self.tpm.tool("readpublic", "-Q", "-c", "0x81010016", "-o", public)
        secret.write_bytes(b"a secret of 24 bytes ...")
        self.tpm.tool(
            *("makecredential", "-Q", "-u", public, "-s", secret, "-n", name.hex(), "-o", blob)
        )
        written = blob.read_bytes()
        self.assertEqual(written[:8], endorsement.TOOL_HEADER)
        self.write("challenge", endorsement.challenge(written[8:]))
        answered = self.answer()["answer"]
        self.assertEqual(base64.b64decode(answered), secret.read_bytes())


@expand
class Templates(AttestTest):
    """Endorsement keys that tools make by the profile's templates, and a test's CA certifies."""

    INDICES = {
        "rsa": "0x01c00002",
        "ecc": "0x01c0000a",
        "high rsa": "0x01c00012",
        "high ecc": "0x01c00014",
    }

    def setUp(self):
        super().setUp()
        self.start_plain_tpm()
        self.tpm.make_persistent(HANDLE)

    @each(*INDICES)
    def test_template(self, template):
        public_key = endorsement.make_ek(self.tpm, template)
        certificate = pki.der(endorsement.certify(self.root, public_key))
        self.tpm.write_nv(self.INDICES[template], certificate + bytes(200))  # padded, as some are
        shown = self.prove()
        self.assertEqual(
            {name: shown["tpm"][name] for name in ("manufacturer", "model", "version")},
            {"manufacturer": "id:54455354", "model": "tester", "version": "id:00010002"},
        )

    def test_rsa_by_the_tools(self):
        """The policy of an endorsement key, RSA and OAEP, with tpm2-tools on either side."""
        public_key = endorsement.make_ek(self.tpm, "rsa")
        self.tpm.write_nv("0x01c00002", pki.der(endorsement.certify(self.root, public_key)))
        self.attest()
        context, name, _ = endorsement.make_attester(self.tpm)
        secret, blob, session = (self.folder / part for part in ("s", "blob", "session"))
        credential = base64.b64decode(self.challenge()["challenge"])
        blob.write_bytes(endorsement.TOOL_HEADER + credential)
        self.tpm.tool("startauthsession", "--policy-session", "-S", session)
        self.tpm.tool("policysecret", "-Q", "-S", session, "-c", "e")
        self.tpm.tool(
            *("activatecredential", "-Q", "-c", context, "-C", self.tpm.folder / "ek.ctx"),
            *("-i", blob, "-o", secret, "-P", f"session:{session}"),
        )
        self.tpm.tool("flushcontext", session)
        self.tpm.tool("flushcontext", "-t")
        self.write("answer", endorsement.answer(secret.read_bytes()))
        self.verify_proven()
        secret.write_bytes(b"another secret")
        self.tpm.tool(
            *("makecredential", "-Q", "-u", self.tpm.folder / "ek.pub", "-s", secret),
            *("-n", name.hex(), "-o", blob),
        )
        self.write("challenge", endorsement.challenge(blob.read_bytes()[8:]))
        self.assertEqual(base64.b64decode(self.answer()["answer"]), b"another secret")

    def test_no_certificate(self):
        self.refuse_attest(
            *(program.KEY, "the TPM holds no certificate of its manufacturer", URI),
            *("--nonce", NONCE),
            hint="tpm2_getcap handles-nv-index",
        )

    def test_no_certificate_but_something_else(self):
        self.tpm.write_nv("0x01c00002", b"something else")
        self.refuse_attest(
            program.CERTIFICATE, "reading the TPM's certificate", URI, "--nonce", NONCE
        )

    def test_a_challenge_for_another_tpm(self):
        """The certificate of another TPM does not help: only that one can answer."""
        public_key = endorsement.make_ek(self.tpm, "ecc")
        self.tpm.write_nv("0x01c0000a", pki.der(endorsement.certify(self.root, public_key)))
        evidence = self.attest()
        other = tpm.Tpm(self, self.folder / "t2")
        stolen = endorsement.certify(self.root, endorsement.make_ek(other, "ecc"))
        evidence["ekCertificates"] = [base64.b64encode(pki.der(stolen)).decode()]
        self.write("attestation", json.dumps(evidence))
        self.challenge()
        self.refuse_attest(
            *(program.ATTESTATION, "the challenge is for another TPM or another", URI),
            *("--challenge", "challenge"),
            hint="answer it on the machine",
        )
        self.use(other)
        self.tpm.make_persistent(HANDLE)
        self.refuse_attest(
            *(program.KEY, "the TPM holds no certificate", URI, "--challenge", "challenge")
        )
        # The other TPM answers only for an attestation key of its own.
        self.tpm.write_nv("0x01c0000a", pki.der(stolen))
        self.refuse_attest(
            program.ATTESTATION, "is for another TPM or another", URI, "--challenge", "challenge"
        )


if __name__ == "__main__":
    unittest.main()
