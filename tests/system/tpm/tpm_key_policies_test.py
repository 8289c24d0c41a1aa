#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""key create under policies, and key sign-policy.

tpm2-tools take the same steps in a trial session, and judge the digest.
"""

import stat
import unittest

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils

from support import openssl, pki, program, token, tpm_policy, tss2
from support.cases import each, expand
from support.processes import run_tool
from support.tpm_key_test import AUTH, UNDER_POLICY, URI, WRONG, KeyTest
from support.tpm_policy import OWNER, SIGN, Policy

OWNER_NAME = OWNER.to_bytes(4, "big").hex()
EMPTY = "0000"
PCR = 16  # for programs


def body(policy):
    """The steps of a policy as lines of its file."""
    return "".join(f"{code:08x}{contents.hex()}\n" for code, contents in policy.commands)


class PolicyFileTest(KeyTest):
    def make(self, text, *flags):
        self.write("policy", text)
        self.create("--out", "key.pem", "--policy", "policy", *flags)
        return self.digest()

    def digest(self):
        """The authPolicy of the key, which tpm2_print shows."""
        public, _ = tss2.parts(tss2.to_der((self.folder / "key.pem").read_bytes()))
        shown = self.tpm.tool("print", "-t", "TPM2B_PUBLIC", self.write("public-part", public))
        return shown.split("authorization policy: ")[1].split()[0].lower()

    def judge(self, digest, *steps):
        self.assertEqual(digest, self.tpm.policy_digest(*steps).hex())

    def extend(self):
        self.tpm.tool("pcrextend", f"{PCR}:sha256={'01' * 32}")

    def stop_working(self, message, *flags):
        place = ("--certificate", "web.pem", "--private-key", "key.pem", *flags)
        self.mint_fails_locally(program.KEY, message, *place)


@expand
class Steps(PolicyFileTest):
    def test_pcrs(self):
        digest = self.make(body(Policy().pcr(self.tpm, 0, PCR)))
        self.judge(digest, ("policypcr", "-l", f"sha256:0,{PCR}"))
        self.assertEqual(self.attributes_in_file(), UNDER_POLICY)
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.extend()
        self.stop_working("no longer those that the key is bound to")

    def test_pcrs_as_the_engine_writes_them(self):
        """openssl_tpm2_engine writes what TPM2_PolicyPCR hashes."""
        code, contents = Policy().pcr(self.tpm, 0, PCR).commands[0]
        size = 2 + 32
        line = f"{code:08x}{(contents[size:] + contents[2:size]).hex()}"
        digest = self.make(line)
        self.judge(digest, ("policypcr", "-l", f"sha256:0,{PCR}"))
        self.certify("key.pem")
        self.mint_with("key.pem")

    def test_pcrs_of_another_time(self):
        """The values are those in the file, not the present ones."""
        before = body(Policy().pcr(self.tpm, PCR))
        self.extend()
        self.make(before)
        self.fail_with(
            *(program.KEY, "no longer those", "csr", "--private-key", "key.pem"),
            *("--subject", "/CN=web", "--out", "web.csr"),
        )

    @each(signing=(SIGN, True), other=(0x159, False))
    def test_one_command(self, case):
        code, works = case
        digest = self.make(f"0000016c{code:08x}")
        self.judge(digest, ("policycommandcode", hex(code)))
        arguments = ("csr", "--private-key", "key.pem", "--subject", "/CN=web", "--out", "web.csr")
        if works:
            self.succeed(*arguments)
        else:
            self.fail_with(program.KEY, "does not allow this use of the key", *arguments)

    @each(auth_value="0000016b", password="0000018c")
    def test_auth_value(self, line):
        digest = self.make(line, "--auth", f"pass:{AUTH}")
        self.judge(digest, ("policyauthvalue",))
        self.certify("key.pem", "--passin", f"pass:{AUTH}")
        self.mint_with("key.pem", "--passin", f"pass:{AUTH}")
        self.stop_working("refused the auth value", "--passin", f"pass:{WRONG}")

    def test_the_owners_auth_value(self):
        line = f"00000151{OWNER_NAME}0004{OWNER_NAME}{EMPTY}"
        self.judge(self.make(line), ("policysecret", "-c", "o"))
        self.certify("key.pem")
        self.tpm.tool("changeauth", "-Q", "-c", "o", AUTH)
        flags = ("--parent-passin", f"pass:{AUTH}")
        self.mint_with("key.pem", *flags, "--policy-passin", f"pass:{AUTH}")
        self.stop_working("wants the auth value of the owner hierarchy", *flags)

    def test_another_keys_signature(self):
        officer = pki.make_key()
        self.write("officer.key", pki.pkcs8_pem(officer))
        self.write("other.key", pki.pkcs8_pem(pki.make_key()))
        public = self.tpm.external_public(officer.public_key())
        digest = self.make(f"00000160{public.hex()}{EMPTY}")
        self.assertEqual(digest, Policy().signed(public).digest.hex())
        flags = ("--policy-key", "officer.key")
        self.certify("key.pem", *flags)
        self.mint_with("key.pem", *flags)
        self.stop_working("not the one that the TPM key's policy", "--policy-key", "other.key")

    @each(first=True, second=False)
    def test_one_of_two(self, first):
        """TPM2_PolicyOR sees the digest of the branch that was taken."""
        steps = {"a": ("policypcr", "-l", f"sha256:{PCR}"), "b": ("policyauthvalue",)}
        paths = [
            self.write(f"branch-{name}", self.tpm.policy_digest(step))
            for name, step in steps.items()
        ]
        pcr, auth = Policy().pcr(self.tpm, PCR), Policy().auth_value()
        taken, other = (pcr, auth) if first else (auth, pcr)
        digests = "".join(f"0020{path.read_bytes().hex()}" for path in paths)
        text = body(taken) + f"0000017100000002{digests}"
        digest = self.make(text, *(() if first else ("--auth", f"pass:{AUTH}")))
        either = ("policyor", "-l", f"sha256:{paths[0]},{paths[1]}")
        self.judge(digest, steps["a" if first else "b"], either)
        flags = () if first else ("--passin", f"pass:{AUTH}")
        self.certify("key.pem", *flags)
        self.mint_with("key.pem", *flags)
        self.assertNotEqual(other.digest, taken.digest)

    def test_with_pcrs_and_an_auth_value(self):
        """The steps of the file come first."""
        digest = self.make(
            f"0000016c{SIGN:08x}\n", "--pcr", f"sha256:{PCR}", "--auth", f"pass:{AUTH}"
        )
        self.judge(
            digest,
            *(("policycommandcode", hex(SIGN)), ("policypcr", "-l", f"sha256:{PCR}")),
            ("policyauthvalue",),
        )
        self.certify("key.pem", "--passin", f"pass:{AUTH}")
        self.mint_with("key.pem", "--passin", f"pass:{AUTH}")
        self.extend()
        self.stop_working("no longer", "--passin", f"pass:{AUTH}")

    def test_comments_and_empty_lines(self):
        text = f"# only to sign\r\n\r\n  0000016C{SIGN:08X}  \r\n\n"
        self.judge(self.make(text), ("policycommandcode", hex(SIGN)))

    def test_the_file_is_as_others_write_it(self):
        policy = Policy().pcr(self.tpm, PCR).command_code(SIGN)
        self.make(body(policy))
        contents = (self.folder / "key.pem").read_bytes()
        public, private = tss2.parts(tss2.to_der(contents))
        self.assertEqual(
            contents, tss2.KeyFile(public, private, policy=policy.commands).pem()
        )


@expand
class Refused(PolicyFileTest):
    def refuse_policy(self, status, message, text, *flags, hint=None):
        self.write("policy", text)
        place = ("--out", "key.pem", "--policy", "policy", *flags)
        self.refuse(status, message, *place, hint=hint)

    @each(
        words="PolicyAuthValue",
        odd="0000016",
        short="00016b",
        shell="0x0000016b",
        binary="\0\x01\x6b\0",
        second_line="0000016b\nx",
    )
    def test_no_hexadecimal_digits(self, text):
        line = 2 if text == "0000016b\nx" else 1
        message = f"line {line} of the policy: it is no command code and body"
        flags = ("--auth", f"pass:{AUTH}")
        self.refuse_policy(program.KEY, message, text, *flags, hint="0000016b")

    @each(nv="00000149 PolicyNV", locality="0000016f01 PolicyLocality", none="00000001 0x1")
    def test_an_unknown_step(self, case):
        line, name = case.split()
        message = f"its policy wants {name}, which is not supported"
        self.refuse_policy(program.KEY, message, line, hint="PolicyPCR")

    def test_a_body_that_makes_no_sense(self):
        message = "its policy makes no sense: the body of PolicyPCR"
        self.refuse_policy(program.KEY, message, "0000017f0020")
        self.refuse_policy(program.KEY, message, "0000017f000000010000")

    def test_policy_authorize(self):
        message = "PolicyAuthorize is made from the key that signs policies"
        self.refuse_policy(program.USAGE, message, "0000016a")

    def test_alternatives_that_nothing_leads_to(self):
        branches = "".join("0020" + byte * 32 for byte in ("11", "22"))
        text = body(Policy().command_code(SIGN)) + f"0000017100000002{branches}"
        message = "the steps before PolicyOR lead to none of its alternatives"
        self.refuse_policy(program.USAGE, message, text)

    def test_an_auth_value_that_the_key_does_not_have(self):
        message = "the policy wants the key's auth value, and it shall have none"
        self.refuse_policy(program.USAGE, message, "0000016b")

    @each(none="# nothing\n", many="0000016b\n" * 33)
    def test_too_few_or_too_many(self, text):
        message = "steps, not 1 to 32"
        self.refuse_policy(program.KEY, message, text, "--auth", f"pass:{AUTH}")

    def test_no_file(self):
        place = ("--out", "key.pem", "--policy", "none")
        self.refuse(program.LOCAL_IO, "--policy: cannot read none: No such file", *place)

    def test_a_long_file(self):
        self.refuse_policy(program.LOCAL_IO, "longer than", "#" * 65537)

    def test_a_handle(self):
        self.write("policy", "0000016b")
        message = "--policy: a handle does not tell the policy of its key"
        self.refuse(program.USAGE, message, URI, "--policy", "policy", hint="--out")

    def test_a_token(self):
        program.need_back_end("pkcs11")
        self.write("policy", "0000016b")
        place = ("pkcs11:token=a;object=b", "--policy", "policy")
        self.refuse(program.USAGE, "--policy does not apply to keys of", *place)


@expand
class SignedPolicies(PolicyFileTest):
    """The key demands PolicyAuthorize. Its file holds the policies that its authority signed."""

    AUTHORITIES = {
        "ec-p256": lambda: pki.make_key(),
        "ec-p384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "rsa-2048": lambda: rsa.generate_private_key(65537, 2048),
    }

    def setUp(self):
        super().setUp()
        self.use_authority(pki.make_key())

    def use_authority(self, key):
        self.officer = key
        self.write("officer.key", pki.pkcs8_pem(key))
        self.write("officer.pem", pki.public_pem(key.public_key()))

    def make_key_file(self, *flags, authority="officer.pem"):
        self.create("--out", "key.pem", "--policy-authority", authority, *flags)

    def sign(self, *flags, authority="officer.key"):
        place = ("--private-key", "key.pem", "--policy-authority", authority)
        printed = self.succeed("key", "sign-policy", *place, *flags).decode()
        self.assertEqual(self.tpm.loaded(), [])
        return printed

    def refuse_signing(self, status, message, *flags, authority="officer.key", hint=None):
        before = self.file(), self.files()
        place = ("--private-key", "key.pem", "--policy-authority", authority)
        self.fail_with(status, message, "key", "sign-policy", *place, *flags, hint=hint)
        self.assertEqual((self.file(), self.files(), self.tpm.loaded()), (*before, []))

    def file(self, name="key.pem"):
        return (self.folder / name).read_bytes()

    def placeholder(self):
        """(the authority's public part, policyRef) in the key file."""
        ((code, contents),) = tss2.policy(tss2.to_der(self.file()))[:1]
        self.assertEqual(code, tpm_policy.POLICY_AUTHORIZE)
        size = 2 + int.from_bytes(contents[:2], "big")
        reference = contents[size + 2 : -2]
        self.assertEqual(contents[size:], tpm_policy.sized(reference) + b"\x00\x10")
        return contents[:size], reference

    def judge_placeholder(self, *further):
        """tpm2_policyauthorize in a trial session, with the name that tpm2_loadexternal says."""
        public, reference = self.placeholder()
        self.assertEqual(public, self.tpm.external_public(self.officer.public_key()))
        self.assertEqual(len(reference), 32)
        name = self.write("name", tpm_policy.name_of(public))
        nothing = self.write("nothing", bytes(32))
        step = ("policyauthorize", "-i", nothing, "-n", name, "-q", self.write("ref", reference))
        self.judge(self.digest(), step, *further)

    @each(*AUTHORITIES)
    def test_authority(self, kind):
        self.use_authority(self.AUTHORITIES[kind]())
        self.make_key_file()
        self.judge_placeholder()
        self.assertEqual(self.attributes_in_file(), UNDER_POLICY)
        self.assertEqual(self.sign("--pcr", f"sha256:{PCR}"), "key.pem\n")
        self.certify("key.pem")
        self.mint_with("key.pem")

    def test_the_signature_by_openssl(self):
        self.make_key_file()
        self.sign("--pcr", f"sha256:0,{PCR}")
        _, reference = self.placeholder()
        policy = self.tpm.policy_digest(("policypcr", "-l", f"sha256:0,{PCR}"))
        (signed,) = tss2.auth_policy(tss2.to_der(self.file()))
        self.assertEqual(
            [code for code, _ in signed], [tpm_policy.POLICY_PCR, tpm_policy.POLICY_AUTHORIZE]
        )
        self.assertEqual(signed[0], Policy().pcr(self.tpm, 0, PCR).commands[0])
        ecdsa = signed[1][1][-(4 + 2 * 34) :]
        self.assertEqual(ecdsa[:4], b"\x00\x18\x00\x0b")
        numbers = [int.from_bytes(half, "big") for half in (ecdsa[6:38], ecdsa[40:])]
        self.write("signature", utils.encode_dss_signature(*numbers))
        self.write("approved", policy + reference)
        verified = run_tool(
            *(openssl.OPENSSL, "dgst", "-sha256", "-verify", self.folder / "officer.pem"),
            *("-signature", self.folder / "signature", self.folder / "approved"),
        )
        self.assertIn(b"Verified OK", verified)

    def test_an_update(self):
        """The state changes, and the key and its certificate stay."""
        self.make_key_file()
        self.sign("--pcr", f"sha256:{PCR}")
        before = self.file()
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.extend()
        self.stop_working("none of the 1 signed policies of the TPM key is met")
        self.sign("--pcr", f"sha256:{PCR}")
        self.mint_with("key.pem")
        self.tpm.tool("pcrreset", str(PCR))
        self.stop_working("none of the 1 signed policies of the TPM key is met")
        self.assertEqual(*(tss2.parts(tss2.to_der(file)) for file in (before, self.file())))

    def test_ahead_of_an_update(self):
        """The policy for the next state is signed while the present one is still good."""
        self.extend()
        then = body(Policy().pcr(self.tpm, PCR))
        self.tpm.tool("pcrreset", str(PCR))
        self.make_key_file()
        self.sign("--pcr", f"sha256:{PCR}")
        self.write("then", then)
        self.sign("--policy", "then", "--keep-old")
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.extend()
        self.mint_with("key.pem")
        self.sign("--policy", "then")
        self.tpm.tool("pcrreset", str(PCR))
        self.stop_working("none of the 1 signed policies of the TPM key is met")

    def test_a_policy_for_another_key(self):
        """It is good for the key alone for which it was signed."""
        self.make_key_file()
        self.sign("--pcr", f"sha256:{PCR}")
        (signed,) = tss2.auth_policy(tss2.to_der(self.file()))
        (self.folder / "key.pem").unlink()
        self.make_key_file()
        der = tss2.to_der(self.file())
        public, private = tss2.parts(der)
        other = tss2.KeyFile(
            public, private, policy=tss2.policy(der), auth_policy=[(None, signed)]
        )
        self.write("other.pem", other.pem())
        self.fail_with(
            *(program.KEY, "does not allow this use", "csr", "--private-key", "other.pem"),
            *("--subject", "/CN=web", "--out", "web.csr"),
        )

    def test_with_an_auth_value(self):
        self.make_key_file("--auth", f"pass:{AUTH}")
        self.judge_placeholder(("policyauthvalue",))
        self.sign("--pcr", f"sha256:{PCR}")
        self.certify("key.pem", "--passin", f"pass:{AUTH}")
        self.mint_with("key.pem", "--passin", f"pass:{AUTH}")
        self.stop_working("refused the auth value", "--passin", f"pass:{WRONG}")

    def test_unsigned(self):
        self.make_key_file()
        arguments = ("csr", "--private-key", "key.pem", "--subject", "/CN=web", "--out", "web.csr")
        message = "needs a signed policy and there is none in it"
        self.fail_with(program.KEY, message, *arguments, hint="credmint key sign-policy")

    @each("private key", "with a passphrase", "key in the tpm", "key file of the tpm")
    def test_a_private_key_as_authority(self, kind):
        flags, authority = (), "officer.key"
        if kind == "with a passphrase":
            self.write("officer.key", pki.encrypted_pkcs8_pem(self.officer, AUTH))
            flags = ("--passin", f"pass:{AUTH}")
        elif kind == "key in the tpm":
            authority = self.create(URI).strip()
            self.officer = None
        elif kind == "key file of the tpm":
            self.create("--out", "authority.pem")
            authority = "authority.pem"
        self.make_key_file(*flags, authority=authority)
        self.sign("--pcr", f"sha256:{PCR}", *flags, authority=authority)
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.extend()
        self.stop_working("none of the 1 signed policies")

    def test_a_key_on_a_token(self):
        hsm = token.Token(self.folder / "hsm")
        hsm.generate("EC:prime256v1", "officer")
        self.env.update(hsm.env)
        place = ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{self.secret(token.PIN)}")
        uri = "pkcs11:token=test;object=officer"
        self.make_key_file(*place, authority=uri)
        self.sign("--pcr", f"sha256:{PCR}", *place, authority=uri)
        self.certify("key.pem")
        self.mint_with("key.pem")

    def test_without_the_tpm(self):
        """The authority's machine need not have it."""
        policy = body(Policy().pcr(self.tpm, PCR))
        self.make_key_file()
        self.write("policy", policy)
        self.env["TPM2TOOLS_TCTI"], here = "device:/nowhere", self.env["TPM2TOOLS_TCTI"]
        self.sign("--policy", "policy")
        self.env["TPM2TOOLS_TCTI"] = here
        self.certify("key.pem")
        self.mint_with("key.pem")

    def test_out(self):
        self.make_key_file()
        before = self.file()
        self.assertEqual(self.sign("--pcr", f"sha256:{PCR}", "--out", "new.pem"), "new.pem\n")
        self.assertEqual(self.file(), before)
        self.assertEqual(stat.S_IMODE((self.folder / "new.pem").stat().st_mode), 0o600)
        self.certify("new.pem")
        self.mint_with("new.pem")
        message = "new.pem: File exists"
        self.refuse_signing(program.LOCAL_IO, message, "--pcr", "sha256:0", "--out", "new.pem")

    def test_the_file_keeps_its_mode_and_other_fields(self):
        self.make_key_file()
        der = tss2.to_der(self.file())
        public, private = tss2.parts(der)
        fields = {"policy": tss2.policy(der), "description": "web"}
        fields["later"] = ((6, tss2.octets(b"x")),)
        self.write("key.pem", tss2.KeyFile(public, private, **fields).pem())
        (self.folder / "key.pem").chmod(0o640)
        self.write("policy", f"0000016c{SIGN:08x}")
        self.sign("--policy", "policy")
        (signed,) = tss2.auth_policy(tss2.to_der(self.file()))
        self.assertEqual(stat.S_IMODE((self.folder / "key.pem").stat().st_mode), 0o640)
        expected = tss2.KeyFile(public, private, auth_policy=[(None, signed)], **fields).pem()
        self.assertEqual(self.file(), expected)

    def test_a_lost_tpm(self):
        self.make_key_file()
        self.use_proxy().cut("PCR_Read")
        message = "signing a policy for key.pem: reading the PCRs: the connection to the TPM failed"
        self.refuse_signing(program.KEY, message, "--pcr", f"sha256:{PCR}")

    def test_another_authority(self):
        self.make_key_file()
        self.write("other.key", pki.pkcs8_pem(pki.make_key()))
        message = "signing a policy for key.pem: the key given is not the authority"
        flags = ("--pcr", f"sha256:{PCR}")
        self.refuse_signing(program.USAGE, message, *flags, authority="other.key")

    def test_only_the_public_key(self):
        self.make_key_file()
        message = "--policy-authority: opening key officer.pem"
        flags = ("--pcr", f"sha256:{PCR}")
        self.refuse_signing(program.KEY, message, *flags, authority="officer.pem")

    def test_a_key_without_an_authority(self):
        self.create("--out", "key.pem", "--pcr", f"sha256:{PCR}")
        message = "the TPM key has no authority that could sign policies"
        self.refuse_signing(program.USAGE, message, "--pcr", f"sha256:{PCR}")

    def test_not_a_key_file(self):
        self.write("key.pem", pki.pkcs8_pem(pki.make_key()))
        message = "it is not the file of a device's key"
        self.refuse_signing(program.USAGE, message, "--pcr", f"sha256:{PCR}")

    def test_no_policy(self):
        self.make_key_file()
        self.refuse_signing(program.USAGE, "--pcr and --policy are missing", hint="demands")
        self.write("policy", "nonsense")
        message = "line 1 of the policy: it is no command code"
        self.refuse_signing(program.KEY, message, "--policy", "policy")
        self.refuse_signing(program.USAGE, "these are no PCRs", "--pcr", "0,7")

    @each("--private-key", "--policy-authority")
    def test_a_missing_flag(self, flag):
        given = {"--private-key": "key.pem", "--policy-authority": "officer.key"}
        del given[flag]
        arguments = [part for pair in given.items() for part in pair]
        command = ("key", "sign-policy", *arguments, "--pcr", "sha256:0")
        self.fail_with(program.USAGE, f"{flag} is missing", *command)

    @each("--pcr", "--policy")
    def test_fixed_and_signed(self, flag):
        self.write("policy", "0000016b")
        value = {"--pcr": "sha256:0", "--policy": "policy"}[flag]
        place = ("--out", "key.pem", "--policy-authority", "officer.pem", flag, value)
        message = f"{flag} and --policy-authority are given"
        self.refuse(program.USAGE, message, *place, hint="credmint key sign-policy")

    def test_a_handle(self):
        message = "--policy-authority: a handle does not tell the policy of its key"
        place = (URI, "--policy-authority", "officer.pem")
        self.refuse(program.USAGE, message, *place, hint="--out")

    def test_an_authority_that_a_tpm_does_not_know(self):
        self.use_authority(ed25519.Ed25519PrivateKey.generate())
        message = "a TPM cannot verify signatures of such a key"
        self.refuse(program.KEY, message, "--out", "key.pem", "--policy-authority", "officer.pem")

    def test_no_authority(self):
        message = "--policy-authority: "
        self.refuse(program.LOCAL_IO, message, "--out", "key.pem", "--policy-authority", "none")

    def test_32_policies(self):
        self.make_key_file()
        self.write("policy", f"0000016c{SIGN:08x}")
        for _ in range(32):
            self.sign("--policy", "policy", "--keep-old")
        message = "the key file has 32 signed policies already"
        self.refuse_signing(program.USAGE, message, "--policy", "policy", "--keep-old")
        self.sign("--policy", "policy")
        self.assertEqual(len(tss2.auth_policy(tss2.to_der(self.file()))), 1)


if __name__ == "__main__":
    unittest.main()
