#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TPM keys that can be used only under a policy, which is in the key file."""

import struct
import subprocess
import threading
import unittest

from support import pki, program, tabrmd, token, tpm, tpm_policy, tss2
from support.cases import each, expand
from support.system_test import make_folder
from support.tpm_policy import OWNER, SIGN, Policy
from support.tpm_proxy import TpmProxy, receive
from support.tpm_test import AUTH, TpmTest

OTHER_AUTH = "other-16180339"
PARENT = 0x81000010
SECRET = 0x81000011
PCR = 16  # for programs; the TPM does not count its changes
COUNTED_PCR = 10  # IMA extends it whenever it measures a file
ATTEMPTS = 8
SIGNATURES = 40


def extend_counted_pcr(connection):
    """Sends TPM2_PCR_Extend on a connection to the TPM."""
    password_session = struct.pack(">IHBH", 0x40000009, 0, 0, 0)
    values = struct.pack(">IH", 1, 0x000B) + bytes(32)
    body = struct.pack(">II", COUNTED_PCR, len(password_session)) + password_session + values
    connection.sendall(struct.pack(">HII", 0x8002, 10 + len(body), 0x182) + body)
    code = struct.unpack_from(">HII", receive(connection))[2]
    if code:
        raise AssertionError(f"TPM2_PCR_Extend: {code:#x}")


class PolicyTest(TpmTest):
    """Each test makes a key for a policy and mints with it."""

    @classmethod
    def make_keys(cls):
        cls.tpm.make_parent(hex(PARENT), attributes=tpm.STORAGE + "|noda")
        cls.tpm.set_lockout(30)

    def setUp(self):
        super().setUp()
        self.secret(OTHER_AUTH)

    def make_key(self, condition, auth="", **fields):
        """Writes web.tss2, a key under the Policy `condition`, and its certificate web.pem."""
        public, private, key = self.tpm.create(
            hex(PARENT), auth=auth, policy=condition.digest, attributes=tpm.SIGNING_UNDER_POLICY
        )
        fields = {"policy": condition.commands, "empty_auth": not auth, **fields}
        self.write("web.tss2", tss2.KeyFile(public, private, PARENT, **fields).pem())
        self.write("web.pem", pki.pem(self.root.issue(key)))

    def mint_twice(self, *flags):
        """Mints in two processes, which shows that the first does not use up the policy."""
        self.mint_with_key("web.tss2", *flags)
        self.mint_with_key("web.tss2", *flags)


@expand
class PcrsThatChangeMeanwhile(PolicyTest):
    """The TPM refuses a use (TPM_RC_PCR_CHANGED) if any PCR was extended since PolicyPCR."""

    POLICIES = {
        "pcr": (lambda tpm: Policy().pcr(tpm, 7), ""),
        "pcr and auth value": (lambda tpm: Policy().pcr(tpm, 7).auth_value(), AUTH),
    }

    def watch(self):
        self.proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = self.proxy.env

    @each(**POLICIES)
    def test_before_all_but_the_last_attempt(self, case):
        make, auth = case
        self.make_key(make(self.tpm), auth)
        self.watch()
        self.proxy.before("Sign", extend_counted_pcr, times=ATTEMPTS - 1)
        self.mint_with_key("web.tss2", *(("--passin", f"pass:{auth}") if auth else ()))
        codes = self.proxy.response_codes("Sign")
        put_off = codes.count(0x922)  # TPM_RC_RETRY at the first use of a counted key
        changed = [0x128] * (ATTEMPTS - 1 - put_off)
        self.assertEqual([code for code in codes if code != 0x922], [*changed, 0])

    def test_before_every_attempt(self):
        self.make_key(Policy().pcr(self.tpm, 7))
        self.watch()
        self.proxy.before("Sign", extend_counted_pcr, times=100)
        self.refuse(program.KEY, "a PCR changed whenever", "web.tss2", hint="run it again")
        self.assertEqual(self.proxy.count("PolicyPCR"), ATTEMPTS)

    def test_between_two_steps_about_pcrs(self):
        self.make_key(Policy().pcr(self.tpm, 7).pcr(self.tpm, 1))
        self.watch()
        self.proxy.before("PolicyPCR", lambda _: None)
        self.proxy.before("PolicyPCR", extend_counted_pcr)
        self.mint_with_key("web.tss2")
        self.assertEqual(self.proxy.response_codes("PolicyPCR"), [0, 0x128, 0, 0])

    def test_all_the_time(self):
        """PCR 10 is extended continuously."""
        self.make_key(Policy().pcr(self.tpm, 7))
        self.env = tabrmd.Tabrmd(self, self.tpm, make_folder(self)).env
        ended = threading.Event()
        extending = threading.Thread(target=self.extend_until, args=(ended,))
        extending.start()
        try:
            for _ in range(SIGNATURES):
                self.mint("--certificate", "web.pem", "--private-key", "web.tss2")
        finally:
            ended.set()
            extending.join()

    def extend_until(self, ended):
        command = ("/usr/bin/tpm2_pcrextend", f"{COUNTED_PCR}:sha256={'44' * 32}")
        while not ended.is_set():
            subprocess.run(command, env=self.env, check=True, stdin=subprocess.DEVNULL)


@expand
class Pcrs(PolicyTest):
    def test_as_they_were(self):
        self.make_key(Policy().pcr(self.tpm, 0, 7, PCR))
        self.mint_twice()

    def test_the_digest_is_the_one_of_tpm2_tools(self):
        self.assertEqual(
            Policy().pcr(self.tpm, 0, 7, PCR).digest,
            self.tpm.policy_pcr_digest(f"sha256:0,7,{PCR}"),
        )

    def test_changed(self):
        self.make_key(Policy().pcr(self.tpm, 7, PCR))
        self.tpm.tool("pcrextend", f"{PCR}:sha256={'11' * 32}")
        message = f"the values of the TPM's PCR 7, {PCR} (sha256) are no longer those"
        self.refuse(program.KEY, message, "web.tss2", hint="firmware, boot loader, kernel")

    def test_and_auth_value(self):
        self.make_key(Policy().pcr(self.tpm, PCR).auth_value(), AUTH)
        self.mint_twice("--passin", f"pass:{AUTH}")

    def test_without_the_auth_value_that_no_step_wants(self):
        self.make_key(Policy().pcr(self.tpm, PCR), AUTH)
        self.mint_with_key("web.tss2")


@expand
class AuthValuesUnderPolicies(PolicyTest):
    STEPS = {"PolicyAuthValue": Policy.auth_value, "PolicyPassword": Policy.password}

    @each(*STEPS)
    def test_right(self, name):
        self.make_key(self.STEPS[name](Policy()), AUTH)
        self.mint_twice("--passin", f"pass:{AUTH}")

    @each(*STEPS)
    def test_empty(self, name):
        self.make_key(self.STEPS[name](Policy()))
        self.mint_twice()

    @each(*STEPS)
    def test_wrong(self, name):
        self.make_key(self.STEPS[name](Policy()), AUTH)
        before = self.tpm.wrong_tries()
        wrong = self.secret("wrong-31415")
        self.refuse(
            program.KEY, "refused the auth value", "web.tss2", "--passin", f"pass:{wrong}"
        )
        self.assertEqual(self.tpm.wrong_tries(), before + 1)

    @each(*STEPS)
    def test_missing(self, name):
        self.make_key(self.STEPS[name](Policy()), AUTH)
        before = self.tpm.wrong_tries()
        self.refuse(program.KEY, "needs an auth value", "web.tss2", hint="--passin")
        self.assertEqual(self.tpm.wrong_tries(), before)


class Secrets(PolicyTest):
    @classmethod
    def make_keys(cls):
        super().make_keys()
        cls.tpm.make_parent(hex(SECRET), OTHER_AUTH)
        cls.name = cls.tpm.name(hex(SECRET))

    def test_of_a_hierarchy_without_auth_value(self):
        self.make_key(Policy().secret(OWNER))
        self.mint_twice()

    def test_of_a_hierarchy_that_only_the_name_tells(self):
        self.make_key(Policy().secret(OWNER, hint=0))
        self.mint_twice()

    def test_with_a_reference(self):
        self.make_key(Policy().secret(OWNER, reference=b"backup"))
        self.mint_twice()

    def test_of_an_object(self):
        self.make_key(Policy().secret(SECRET, self.name))
        self.mint_twice("--policy-passin", f"pass:{OTHER_AUTH}")

    def test_of_an_object_and_of_the_key(self):
        self.make_key(Policy().secret(SECRET, self.name).auth_value(), AUTH)
        self.mint_twice("--policy-passin", f"pass:{OTHER_AUTH}", "--passin", f"pass:{AUTH}")

    def test_missing(self):
        self.make_key(Policy().secret(SECRET, self.name))
        self.refuse(
            *(program.KEY, "wants the auth value of", "web.tss2"),
            hint="give it with --policy-passin; the TPM counted this as a wrong try: ",
        )

    def test_wrong(self):
        self.make_key(Policy().secret(SECRET, self.name))
        before = self.tpm.wrong_tries()
        wrong = self.secret("wrong-31415")
        flags = ("--policy-passin", f"pass:{wrong}")
        self.refuse(program.KEY, "refused the auth value", "web.tss2", *flags)
        self.assertEqual(self.tpm.wrong_tries(), before + 1)

    def test_of_another_object_than_the_one_named(self):
        self.make_key(Policy().secret(SECRET, self.tpm.name(hex(PARENT))))
        flags = ("--policy-passin", f"pass:{OTHER_AUTH}")
        self.refuse(program.KEY, "is not the object that", "web.tss2", *flags)

    def test_of_an_object_that_is_gone(self):
        self.make_key(Policy().secret(0x81000077, self.name))
        self.refuse(program.KEY, "0x81000077", "web.tss2")

    def test_of_an_object_that_is_not_there_for_good(self):
        """The handle is transient: it would be that of the loaded key itself."""
        self.make_key(Policy().secret(0x80000000, self.name))
        self.refuse(program.KEY, "which does not stay in the TPM", "web.tss2")

    def test_of_an_object_without_a_handle(self):
        self.make_key(Policy().secret(SECRET, self.name, hint=0))
        self.refuse(program.KEY, "names an object without its handle", "web.tss2")


@expand
class SignaturesOfAnotherKey(PolicyTest):
    KINDS = ("P256", "P384", "RSA2048")

    def make_signed(self, kind, key=None, reference=b""):
        key = key or pki.make_key(kind)
        self.write("officer.key", pki.pkcs8_pem(key))
        public = self.tpm.external_public(key.public_key())
        self.make_key(Policy().signed(public, reference))
        return key

    @each(*KINDS)
    def test_by(self, kind):
        self.make_signed(kind)
        self.mint_twice("--policy-key", "officer.key")

    def test_with_a_reference(self):
        self.make_signed("P256", reference=b"night shift")
        self.mint_twice("--policy-key", "officer.key")

    def test_encrypted(self):
        key = self.make_signed("P256")
        passphrase = self.secret("officer-1729")
        self.write("officer.key", pki.encrypted_pkcs8_pem(key, passphrase))
        flags = ("--policy-key", "officer.key", "--policy-key-passin", f"pass:{passphrase}")
        self.mint_twice(*flags)

    def test_on_a_token(self):
        pin = self.secret("48151623")
        made = token.Token(make_folder(self) / "t", "officers", pin)
        public = self.tpm.external_public(made.generate("EC:prime256v1", "officer", "01"))
        self.make_key(Policy().signed(public))
        self.env.update(made.env)
        uri = "pkcs11:token=officers;object=officer"
        self.mint_twice("--policy-key", uri, "--policy-key-passin", f"pass:{pin}")

    def test_of_the_wrong_one(self):
        self.make_signed("P256")
        self.write("officer.key", pki.pkcs8_pem(pki.make_key()))
        message = "is not the one that the TPM key's policy names"
        self.refuse(program.KEY, message, "web.tss2", "--policy-key", "officer.key")

    def test_of_another_kind(self):
        self.make_signed("P256")
        self.write("officer.key", pki.pkcs8_pem(pki.make_key("RSA2048")))
        message = "is not of the kind that the TPM key's policy names"
        self.refuse(program.KEY, message, "web.tss2", "--policy-key", "officer.key")

    def test_missing(self):
        self.make_signed("P256")
        message = "wants a signature of another key (PolicySigned)"
        self.refuse(program.KEY, message, "web.tss2", hint="--policy-key")

    def test_of_a_file_that_is_not_there(self):
        self.make_signed("P256")
        message = "the policy's key: opening key absent.key"
        self.refuse(program.LOCAL_IO, message, "web.tss2", "--policy-key", "absent.key")


class SignedPolicies(PolicyTest):
    """A key whose owner signs the policies for its use later."""

    @classmethod
    def make_keys(cls):
        super().make_keys()
        cls.officer = pki.make_key()
        cls.public = cls.tpm.external_public(cls.officer.public_key())

    def make_authorized(self, *policies, auth="", reference=b"", then=None, signer=None):
        """Makes a key with signed `policies`, each a (name, Policy)."""
        own = Policy().authorize(self.public, reference)
        if then:
            then(own)
        signed = [
            (name, policy.signed_by(signer or self.officer, self.public, reference))
            for name, policy in policies
        ]
        self.make_key(own, auth, auth_policy=signed)

    def changed(self):
        """Makes a policy and then extends PCR 16, so that the policy is not satisfied."""
        policy = Policy().pcr(self.tpm, PCR)
        self.tpm.tool("pcrextend", f"{PCR}:sha256={'22' * 32}")
        return policy

    def test_the_only_one(self):
        self.make_authorized(("now", Policy().pcr(self.tpm, PCR)))
        self.mint_twice()

    def test_without_a_name(self):
        self.make_authorized((None, Policy().pcr(self.tpm, PCR)))
        self.mint_with_key("web.tss2")

    def test_with_a_reference(self):
        self.make_authorized(("now", Policy().pcr(self.tpm, PCR)), reference=b"v2")
        self.mint_with_key("web.tss2")

    def test_the_second_one(self):
        before = self.changed()
        self.make_authorized(("before", before), ("now", Policy().pcr(self.tpm, PCR)))
        self.mint_twice()

    def test_the_second_one_where_the_first_wants_a_signer_who_is_not_there(self):
        first = Policy().signed(self.public)
        self.make_authorized(("night", first), ("now", Policy().pcr(self.tpm, PCR)))
        self.mint_with_key("web.tss2")

    def test_with_an_auth_value(self):
        policy = Policy().pcr(self.tpm, PCR).auth_value()
        self.make_authorized(("now", policy), auth=AUTH)
        self.mint_twice("--passin", f"pass:{AUTH}")

    def test_the_one_before_wants_the_auth_value(self):
        """The satisfied policy does not, so its authorisation must not include the auth value."""
        before = self.tpm.wrong_tries()
        then = Policy().auth_value().pcr(self.tpm, PCR)
        self.tpm.tool("pcrextend", f"{PCR}:sha256={'33' * 32}")
        now = Policy().pcr(self.tpm, PCR)
        self.make_authorized(("then", then), ("now", now), auth=AUTH)
        self.mint_twice("--passin", f"pass:{AUTH}")
        self.assertEqual(self.tpm.wrong_tries(), before)

    def test_and_further_steps(self):
        now = ("now", Policy().pcr(self.tpm, PCR))
        self.make_authorized(now, then=lambda own: own.command_code(SIGN))
        self.mint_twice()

    def test_none_is_met(self):
        self.make_authorized(("before", self.changed()), ("long ago", self.changed()))
        self.refuse(
            program.KEY,
            "none of the 2 signed policies of the TPM key is met: 'before': the values of the TPM's PCR 16 (sha256)",
            "web.tss2",
        )

    def test_signed_by_somebody_else(self):
        self.make_authorized(("now", Policy().pcr(self.tpm, PCR)), signer=pki.make_key())
        self.refuse(program.KEY, "'now': the signature in PolicyAuthorize is not one for the steps before it", "web.tss2")

    def test_that_is_not_signed_itself(self):
        """A signed policy must not contain another place for a signed policy."""
        own = Policy().authorize(self.public)
        policy = Policy().authorize(self.public)
        signed = policy.signed_by(self.officer, self.public)
        self.make_key(own, auth_policy=[("now", signed)])
        message = "a signed policy does not end with a signed PolicyAuthorize"
        self.refuse(program.KEY, message, "web.tss2")

    def test_there_is_none(self):
        self.make_key(Policy().authorize(self.public))
        self.refuse(program.KEY, "needs a signed policy and there is none in it", "web.tss2")


class OtherSteps(PolicyTest):
    NOT_ALLOWED = "does not allow this use of the key under the policy in its file"

    def test_alternatives(self):
        self.make_key(Policy().pcr(self.tpm, PCR).any_of(Policy().auth_value()))
        self.mint_twice()

    def test_none_of_the_alternatives(self):
        policy = Policy().pcr(self.tpm, PCR).any_of(Policy().auth_value())
        policy.commands[0] = Policy().command_code(SIGN).commands[0]
        self.make_key(policy)
        self.refuse(program.KEY, "match none of its alternatives", "web.tss2")

    def test_for_signing_only(self):
        self.make_key(Policy().command_code(SIGN))
        self.mint_twice()

    def test_for_another_command_only(self):
        self.make_key(Policy().command_code(0x159))
        self.refuse(program.KEY, self.NOT_ALLOWED, "web.tss2", hint="must allow TPM2_Sign")

    def test_not_those_of_the_key(self):
        policy = Policy().command_code(SIGN)
        self.make_key(policy, policy=Policy().auth_value().commands)
        self.refuse(program.KEY, self.NOT_ALLOWED, "web.tss2", hint="with which the key was made")

    def test_for_the_administrator_only(self):
        """The auth value is enough (userWithAuth), and the file has no policy."""
        public, private, key = self.tpm.create(hex(PARENT), policy=Policy().auth_value().digest)
        self.write("web.tss2", tss2.KeyFile(public, private, PARENT).pem())
        self.write("web.pem", pki.pem(self.root.issue(key)))
        self.mint_with_key("web.tss2")


class AfterAReset(PolicyTest):
    """The session is lost before its first step. Everything is loaded again, once."""

    def setUp(self):
        super().setUp()
        self.proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = self.proxy.env

    def mint_through_a_reset(self, step, *flags):
        self.proxy.before(step, self.power_cycle)
        self.mint_with_key("web.tss2", *flags)
        self.assertEqual((self.proxy.count("Load"), self.proxy.count("Sign")), (2, 1))

    def power_cycle(self, server):
        self.tpm.power_cycle()
        server.sendall(struct.pack(">HIIH", 0x8001, 12, 0x144, 0))  # TPM2_Startup(CLEAR)
        receive(server)

    def test_policy_secret(self):
        self.make_key(Policy().secret(OWNER))
        self.mint_through_a_reset("PolicySecret")

    def test_policy_signed(self):
        key = pki.make_key()
        self.write("officer.key", pki.pkcs8_pem(key))
        self.make_key(Policy().signed(self.tpm.external_public(key.public_key())))
        self.mint_through_a_reset("LoadExternal", "--policy-key", "officer.key")


@expand
class RefusedPolicies(PolicyTest):
    UNKNOWN = {
        "PolicyNV": tpm_policy.POLICY_NV,
        "PolicyLocality": tpm_policy.POLICY_LOCALITY,
        "0x1234": 0x1234,
    }

    @each(*UNKNOWN)
    def test_step(self, name):
        self.make_key(Policy().auth_value(), policy=[(self.UNKNOWN[name], b"\x01")])
        message = f"its policy wants {name}, which is not supported"
        self.refuse(program.KEY, message, "web.tss2", hint="PolicyPCR")

    def test_body_that_is_cut_short(self):
        self.make_key(Policy().auth_value(), policy=[(tpm_policy.POLICY_PCR, b"\x00\x20ab")])
        self.refuse(program.KEY, "the body of PolicyPCR", "web.tss2")

    def test_body_with_something_behind_it(self):
        self.make_key(Policy().auth_value(), policy=[(tpm_policy.POLICY_AUTH_VALUE, b"\x00")])
        self.refuse(program.KEY, "the body of PolicyAuthValue", "web.tss2")

    def test_too_many_steps(self):
        self.make_key(Policy().auth_value(), policy=Policy().auth_value().commands * 33)
        self.refuse(program.KEY, "its policy makes no sense", "web.tss2")

    def test_that_is_not_in_the_file(self):
        self.make_key(Policy().auth_value(), policy=None)
        self.refuse(program.KEY, "which its file does not have", "web.tss2")

    def test_of_a_persistent_key(self):
        policy = Policy().auth_value().digest
        public, private, key = self.tpm.create(
            hex(PARENT), policy=policy, attributes=tpm.SIGNING_UNDER_POLICY
        )
        self.tpm.persist(hex(PARENT), public, private, "0x81000012")
        self.write("web.pem", pki.pem(self.root.issue(key)))
        self.refuse(program.KEY, "which a handle does not tell", "handle:0x81000012")


if __name__ == "__main__":
    unittest.main()
