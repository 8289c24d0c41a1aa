#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Exact numbers of calls to the device, because each call to an HSM or TPM takes time."""

import time
import unittest

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from support import openssl, pcap, pki, token, tpm, tss2
from support.cases import each, expand
from support.processes import run_tool
from support.renewal import RenewalTest
from support.requirements import provider_modules
from support.system_test import MintTest, SystemTest, make_folder
from support.token_calls import END, READ, SEARCH, SIGN, cold, cold_with_certificate, look_at_tokens
from support.tpm_policy import Policy
from support.tpm_proxy import TpmProxy

MOST_COMMANDS_FOR_A_HANDLE = 2
MOST_COMMANDS_FOR_A_KEY_FILE = 5
MOST_COMMANDS_FOR_AN_AUTH_VALUE = 3
PARENT = "0x81000010"


@expand
class Pkcs11Calls(MintTest):
    """Calls of a whole credential-process, counted by OpenSC's spy."""

    MOST = 18
    MOST_WITH_CERTIFICATE = 28
    MOST_AMONG_FIVE = 22

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.originals, cls.leaves = {}, {}
        for kind, key_type in (("RSA", "RSA:2048"), ("EC", "EC:prime256v1")):
            original = token.Token(make_folder(cls) / "t")
            cls.leaves[kind] = cls.root.issue(original.generate(key_type))
            cls.originals[kind] = original

    def calls(self, kind, copy, certificate="web.pem"):
        """Mints with the key `web` of a token; returns the names of the called functions."""
        log = copy.folder / "spy"
        log.unlink(missing_ok=True)
        self.write("web.pem", pki.pem(self.leaves[kind]))
        self.mint(
            *("--certificate", certificate, "--private-key", "pkcs11:token=test;object=web"),
            *("--pkcs11-lib", token.SPY, "--passin", f"pass:{self.secret(token.PIN)}"),
            env=token.spied(copy.env, log),
        )
        return token.calls(log)

    @each("RSA", "EC")
    def test_cold(self, kind):
        calls = self.calls(kind, self.originals[kind].copy(self.folder / "t"))
        self.assertEqual(calls, cold(kind))
        self.assertLessEqual(len(calls), self.MOST)

    @each("RSA", "EC")
    def test_the_same_among_many_keys(self, kind):
        alone = self.calls(kind, self.originals[kind].copy(self.folder / "alone"))
        crowded = self.originals[kind].copy(self.folder / "crowd")
        crowded.crowd(200, "EC:prime256v1")
        self.assertEqual(self.calls(kind, crowded), alone)

    @each("RSA", "EC")
    def test_certificate_on_the_token_too(self, kind):
        copy = self.originals[kind].copy(self.folder / "t")
        copy.write_certificate(self.leaves[kind])
        calls = self.calls(kind, copy, "pkcs11:token=test;object=web")
        self.assertEqual(calls, cold_with_certificate(kind))
        self.assertLessEqual(len(calls), self.MOST_WITH_CERTIFICATE)
        crowded = self.originals[kind].copy(self.folder / "crowd")
        crowded.write_certificate(self.leaves[kind])
        crowded.crowd(200, "EC:prime256v1")
        self.assertEqual(self.calls(kind, crowded, "pkcs11:token=test;object=web"), calls)

    @each("RSA", "EC")
    def test_among_five_tokens(self, kind):
        copy = self.originals[kind].copy(self.folder / "t")
        for number in range(4):
            copy.add_token(f"other {number}")
        calls = self.calls(kind, copy)
        self.assertEqual(calls, cold(kind, tokens=5))
        self.assertLessEqual(len(calls), self.MOST_AMONG_FIVE)
        copy.write_certificate(self.leaves[kind])
        calls = self.calls(kind, copy, "pkcs11:token=test;object=web")
        self.assertEqual(calls, cold_with_certificate(kind, tokens=5))

    def test_always_authenticate_logs_in_twice(self):
        copy = self.originals["EC"].copy(self.folder / "t")
        leaf = self.root.issue(copy.generate("EC:prime256v1", "aa", "07", ("--always-auth",)))
        self.write("web.pem", pki.pem(leaf))
        log = copy.folder / "spy"
        self.mint(
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=aa"),
            *("--pkcs11-lib", token.SPY, "--passin", f"pass:{self.secret(token.PIN)}"),
            "--reuse-pin",
            env=token.spied(copy.env, log),
        )
        calls = token.calls(log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_SignInit")), (2, 1), calls)


@expand
class TpmCommands(MintTest):
    """Commands of a whole credential-process, recorded by tpm2-tss's TCTI `pcap`."""

    AUTH = "auth-27182818"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.tpm.make_parent(PARENT)

    def commands(self, key, public_key, *flags, certificate="web.pem"):
        """Mints, which must leave nothing loaded; returns the names of the commands."""
        record = self.folder / "record.pcapng"
        record.unlink(missing_ok=True)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.mint(
            *("--certificate", certificate, "--private-key", key, *flags),
            *("--tcti", f"pcap:{self.tpm.tcti}"),
            env={"TCTI_PCAP_FILE": str(record)},
        )
        self.assertEqual(self.tpm.loaded(), [])
        return pcap.commands(record)

    def commands_for_file(self, *options, algorithm=tpm.EC_P256, flags=()):
        contents, public_key = self.tpm.make_key_file(algorithm, *options)
        self.write("web.tss2", contents)
        return self.commands("web.tss2", public_key, *flags)

    def test_persistent_ec_key(self):
        public_key = self.tpm.make_persistent("0x81000001")
        commands = self.commands("handle:0x81000001", public_key)
        self.assertLessEqual(len(commands), MOST_COMMANDS_FOR_A_HANDLE)
        self.assertEqual(commands, ["ReadPublic", "Sign"])

    def test_persistent_rsa_key(self):
        public_key = self.tpm.make_persistent("0x81000002", "rsa2048")
        commands = self.commands("handle:0x81000002", public_key)
        self.assertEqual(commands, ["ReadPublic", "Sign"])

    def test_certificate_in_the_tpm(self):
        """Reading the certificate takes two commands, or three if it is longer than 512 bytes."""
        public_key = self.tpm.make_persistent("0x81000004")
        leaf = self.root.issue(public_key)
        for index, size, reading in (
            ("0x01c00010", 512, ["NV_Read"]),
            ("0x01c00011", 513, ["GetCapability", "NV_Read"]),
            ("0x01c00012", 1024, ["GetCapability", "NV_Read"]),
            ("0x01c00013", 2048, ["GetCapability", "NV_Read", "NV_Read"]),
        ):
            self.tpm.write_nv(index, pki.der(leaf), size=size)
            commands = self.commands("handle:0x81000004", public_key, certificate=f"nv:{index}")
            self.assertEqual(commands, ["NV_ReadPublic", *reading, "ReadPublic", "Sign"], size)

    def test_ec_key_file(self):
        commands = self.commands_for_file()
        self.assertLessEqual(len(commands), MOST_COMMANDS_FOR_A_KEY_FILE)
        self.assertEqual(
            commands, ["CreatePrimary", "Load", "FlushContext", "Sign", "FlushContext"]
        )

    def test_rsa_key_file(self):
        commands = self.commands_for_file(algorithm=tpm.RSA_2048)
        self.assertEqual(
            commands, ["CreatePrimary", "Load", "FlushContext", "Sign", "FlushContext"]
        )

    def test_key_file_with_a_persistent_parent(self):
        commands = self.commands_for_file(f"parent:{PARENT}")
        self.assertEqual(commands, ["ReadPublic", "Load", "Sign", "FlushContext"])

    def test_auth_value_of_a_persistent_key_is_not_sent_in_the_clear(self):
        public_key = self.tpm.make_persistent("0x81000003", auth=self.AUTH)
        commands = self.commands("handle:0x81000003", public_key, "--tpm-key-password", self.AUTH)
        session = ["ReadPublic", "CreatePrimary", "StartAuthSession", "FlushContext"]
        self.assertEqual(commands, ["ReadPublic", *session, "Sign", "FlushContext"])
        self.assert_not_sent(self.AUTH)

    def test_auth_value_of_a_persistent_key_costs_three_commands_with_a_storage_root_key(self):
        self.tpm.make_parent("0x81000001")
        self.addCleanup(self.tpm.tool, "evictcontrol", "-Q", "-C", "o", "-c", "0x81000001")
        public_key = self.tpm.make_persistent("0x81000005", auth=self.AUTH)
        commands = self.commands("handle:0x81000005", public_key, "--tpm-key-password", self.AUTH)
        session = ["ReadPublic", "StartAuthSession"]
        self.assertEqual(commands, ["ReadPublic", *session, "Sign", "FlushContext"])
        self.assert_not_sent(self.AUTH)

    def test_auth_value_of_a_key_file_is_not_sent_in_the_clear(self):
        commands = self.commands_for_file(
            f"user-auth:{self.AUTH}", flags=("--tpm-key-password", self.AUTH)
        )
        self.assertEqual(
            commands,
            [
                *("CreatePrimary", "Load", "StartAuthSession", "FlushContext"),
                *("Sign", "FlushContext", "FlushContext"),
            ],
        )
        self.assert_not_sent(self.AUTH)

    @each(EC=tpm.EC_P256, RSA=tpm.RSA_2048)
    def test_auth_value_of_a_key_file_costs_no_more_than_a_session(self, algorithm):
        commands = self.commands_for_file(
            f"user-auth:{self.AUTH}",
            algorithm=algorithm,
            flags=("--tpm-key-password", self.AUTH),
        )
        most = MOST_COMMANDS_FOR_A_KEY_FILE + MOST_COMMANDS_FOR_AN_AUTH_VALUE
        self.assertLessEqual(len(commands), most, commands)

    def test_importable_key_file(self):
        public, private, seed, key = self.tpm.wrap(PARENT, pki.make_key())
        fields = {"kind": tss2.IMPORTABLE, "secret": seed}
        self.write("web.tss2", tss2.KeyFile(public, private, int(PARENT, 16), **fields).pem())
        commands = self.commands("web.tss2", key)
        self.assertEqual(commands, ["ReadPublic", "Import", "Load", "Sign", "FlushContext"])

    def commands_under(self, policy, *flags, auth="", **fields):
        """Mints with a key under this policy; returns the commands for the policy's steps."""
        public, private, key = self.tpm.create(
            PARENT, auth=auth, policy=policy.digest, attributes=tpm.SIGNING_UNDER_POLICY
        )
        fields = {"policy": policy.commands, "empty_auth": not auth, **fields}
        self.write("web.tss2", tss2.KeyFile(public, private, int(PARENT, 16), **fields).pem())
        commands = self.commands("web.tss2", key, *flags)
        self.assertEqual(commands[:3], ["ReadPublic", "Load", "StartAuthSession"])
        self.assertEqual(commands[-3:], ["Sign", "FlushContext", "FlushContext"])
        return commands[3:-3]

    def test_policy(self):
        policy = Policy().pcr(self.tpm, 0, 7).auth_value()
        steps = self.commands_under(policy, "--tpm-key-password", self.AUTH, auth=self.AUTH)
        self.assertEqual(steps, ["PolicyPCR", "PolicyAuthValue"])
        self.assert_not_sent(self.AUTH)
        secret = Policy().secret(int(PARENT, 16), self.tpm.name(PARENT))
        self.assertEqual(self.commands_under(secret), ["ReadPublic", "PolicySecret"])

    def test_policy_of_another_key(self):
        officer = pki.make_key()
        self.write("officer.key", pki.pkcs8_pem(officer))
        public = self.tpm.external_public(officer.public_key())
        steps = self.commands_under(Policy().signed(public), "--policy-key", "officer.key")
        self.assertEqual(steps, ["LoadExternal", "PolicySigned", "FlushContext"])
        signed = ("now", Policy().pcr(self.tpm, 0).signed_by(officer, public))
        steps = self.commands_under(Policy().authorize(public), auth_policy=[signed])
        verifying = ["PolicyGetDigest", "LoadExternal", "VerifySignature", "PolicyAuthorize"]
        self.assertEqual(steps, ["PolicyPCR", *verifying, "FlushContext"])

    def assert_not_sent(self, secret):
        self.assertNotIn(secret.encode(), (self.folder / "record.pcapng").read_bytes())


class FurtherCredentials(RenewalTest):
    """Calls and commands of `serve` for each mint after the first. It mints every second."""

    PROGRAMS = ("serve",)
    KEY = ("--private-key", "pkcs11:token=test;object=web")
    KNOWN = ["C_GetAttributeValue", "C_SignInit", "C_Sign"]  # the key is still in its place

    def start_with_token(self, certificate, *flags):
        """Starts `serve` with a token that is there; a spy records its calls."""
        self.log = self.folder / "spy"
        self.env = token.spied(self.token.env, self.log)
        secret = ("--passin", f"pass:{self.secret(token.PIN)}")
        self.start("--certificate", certificate, *self.KEY, "--pkcs11-lib", token.SPY, *secret)

    def calls_of_mints(self):
        """Ends `serve`; returns the calls of each signature, which are those of a mint."""
        self.assertEqual(self.end_at_will()["serve"], [])
        mints = [[]]
        for name in token.calls(self.log):
            mints[-1].append(name)
            if name == "C_Sign":
                mints.append([])
        self.assertEqual(mints.pop(), END)
        return mints

    def test_of_a_token(self):
        self.token = token.Token(self.folder / "t")
        self.put("web.pem", pki.pem(self.root.issue(self.token.generate("EC:prime256v1"))))
        self.start_with_token("web.pem")
        self.wait_for_mints(3)
        first, *further = self.calls_of_mints()
        self.assertEqual([*first, *END], cold("EC"))
        self.assertEqual(further, [self.KNOWN] * len(further))
        self.assertGreaterEqual(len(further), 3)

    def test_of_a_token_that_has_the_certificate(self):
        """The certificate may have been renewed, so it is looked for each time."""
        self.token = token.Token(self.folder / "t")
        self.token.write_certificate(self.root.issue(self.token.generate("EC:prime256v1")))
        self.start_with_token("pkcs11:token=test;object=web")
        self.wait_for_mints(3)
        first, *further = self.calls_of_mints()
        self.assertEqual([*first, *END], cold_with_certificate("EC"))
        find = [*look_at_tokens(), *SEARCH, *READ]
        mint = [*find, *READ, *SEARCH, *READ, *SIGN]
        self.assertEqual(further, [mint] * len(further))

    def test_no_login_after_the_certificate_file_was_rotated(self):
        """First to another certificate of the key, then to that of another key of the token."""
        self.token = token.Token(self.folder / "t")
        key = self.token.generate("EC:prime256v1")
        next_key = self.token.generate("EC:prime256v1", key_id="02")
        self.put("web.pem", pki.pem(self.root.issue(key)))
        self.start_with_token("web.pem")
        for public_key in (key, next_key):
            self.wait_for_mints(1)
            rotated = self.root.issue(public_key)
            self.put("web.pem", pki.pem(rotated))
            self.assert_uses(rotated)
        self.wait_for_mints(2)
        first, *further = self.calls_of_mints()
        self.assertEqual(first.count("C_Login"), 1)
        self.assertEqual([mint for mint in further if "C_Login" in mint], [])
        # Only the other key is looked for. A certificate's first signature is a trial.
        searches = [mint for mint in further if mint not in (self.KNOWN, SIGN)]
        [search] = searches
        self.assertEqual(search[:3], look_at_tokens())
        self.assertEqual(further.count(SIGN), 2)

    def test_of_a_key_in_a_tpm(self):
        made = tpm.Tpm(self, make_folder(self) / "t")
        proxy = TpmProxy(self, made, make_folder(self) / "p")
        public_key = made.make_persistent("0x81000001")
        self.put("web.pem", pki.pem(self.root.issue(public_key)))
        key = ("--private-key", "handle:0x81000001", "--tcti", proxy.tcti)
        self.start("--certificate", "web.pem", *key)
        self.wait_for_mints(3)
        rotated = self.root.issue(public_key)
        self.put("web.pem", pki.pem(rotated))
        self.assert_uses(rotated)
        self.assertEqual(self.end_at_will()["serve"], [])
        first, *further = proxy.names()
        self.assertEqual((first, set(further)), ("ReadPublic", {"Sign"}))
        self.assertEqual(len(further), len(self.serials("serve")) + 1)  # and a trial

    def test_another_key_with_an_auth_value_costs_one_try(self):
        """The known key was used without one. After the failure the TPM is asked whose key it is."""
        made = tpm.Tpm(self, make_folder(self) / "t")
        made.set_lockout(after_tries=10)
        self.put("web.pem", pki.pem(self.root.issue(made.make_persistent("0x81000001"))))
        key = ("--private-key", "handle:0x81000001", "--tcti", made.tcti)
        self.start("--certificate", "web.pem", *key)
        made.tool("evictcontrol", "-Q", "-C", "o", "-c", "0x81000001")
        made.make_persistent("0x81000001", auth="auth-27182818")
        time.sleep(3)  # several mints fail
        self.end_at_will()
        self.assertEqual(made.wrong_tries(), 1)

    def test_another_key_at_the_handle_is_noticed(self):
        """The known one is not used any more: the certificate file and the handle have both changed."""
        made = tpm.Tpm(self, make_folder(self) / "t")
        proxy = TpmProxy(self, made, make_folder(self) / "p")
        self.put("web.pem", pki.pem(self.root.issue(made.make_persistent("0x81000001"))))
        key = ("--private-key", "handle:0x81000001", "--tcti", proxy.tcti)
        self.start("--certificate", "web.pem", *key)
        made.tool("evictcontrol", "-Q", "-C", "o", "-c", "0x81000001")
        changed = self.root.issue(made.make_persistent("0x81000001"))
        time.sleep(1.5)  # mints fail, because the signature is another key's
        self.put("web.pem", pki.pem(changed))
        self.assert_uses(changed)
        self.end_at_will()
        self.assertGreater(proxy.count("ReadPublic"), 1)


@expand
class OpensslCommands(SystemTest):
    """`openssl dgst -sign` with credmint-tpm2 and with tpm2-openssl, with the same keys."""

    HANDLES = {"handle EC": ("0x81000001", "ecc256"), "handle RSA": ("0x81000002", "rsa2048")}
    FILES = {"file EC": tpm.EC_P256, "file RSA": tpm.RSA_2048}
    OURS = {
        **dict.fromkeys(HANDLES, MOST_COMMANDS_FOR_A_HANDLE),
        **dict.fromkeys(FILES, MOST_COMMANDS_FOR_A_KEY_FILE),
    }

    @classmethod
    def setUpClass(cls):
        cls.modules = provider_modules()
        cls.folder_of_tpm = make_folder(cls)
        cls.tpm = tpm.Tpm(cls, cls.folder_of_tpm / "t")
        cls.keys = {}
        for name, (handle, algorithm) in cls.HANDLES.items():
            cls.keys[name] = (f"handle:{handle}", cls.tpm.make_persistent(handle, algorithm))
        for name, algorithm in cls.FILES.items():
            contents, public_key = cls.tpm.make_key_file(algorithm)
            path = cls.folder_of_tpm / name
            path.write_bytes(contents)
            cls.keys[name] = (path, public_key)

    def commands(self, name, provider, *flags, env=None):
        """Makes a signature, which must be valid; returns the commands."""
        key, public_key = self.keys[name]
        message = self.write("message", b"a message")
        record = self.folder / f"{provider}.pcapng"
        signature = run_tool(
            *(openssl.OPENSSL, "dgst", "-sha256", "-sign", key, *flags),
            *("-provider", provider, "-provider", "default", message),
            env={
                "TPM2OPENSSL_TCTI": f"pcap:{self.tpm.tcti}",
                "TCTI_PCAP_FILE": str(record),
                **(env or {}),
            },
        )
        scheme = ec.ECDSA(hashes.SHA256()) if "EC" in name else padding.PKCS1v15()
        more = () if "EC" in name else (hashes.SHA256(),)
        public_key.verify(signature, b"a message", scheme, *more)
        self.tpm.tool("flushcontext", "-t")
        return pcap.commands(record)

    @each(*OURS)
    def test_fewer_than_tpm2_openssl(self, name):
        ours = self.commands(name, "credmint-tpm2", env={"OPENSSL_MODULES": self.modules})
        # Without -propquery, OpenSSL 3.0 fails: it signs with a public copy of the key.
        theirs = self.commands(name, "tpm2", "-propquery", "?provider=tpm2")
        print(f"# {name}: {len(ours)} commands; tpm2-openssl: {len(theirs)} {theirs}")
        self.assertEqual(len(ours), self.OURS[name], ours)
        self.assertLess(len(ours), len(theirs))


if __name__ == "__main__":
    unittest.main()
