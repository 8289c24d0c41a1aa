#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs each command that a hint tells people to type.

In a command, OLD is the refused file and NEW the one to write. Each test documents any other
replacement. A scan of the sources finds commands that no test runs.
"""

import os
import re
import subprocess
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from support import documents, endorsement, openssl, pki, program, token, tpm
from support.cases import each, expand
from support.processes import die_with_parent, run_tool
from support.system_test import MintTest, make_folder

PASSPHRASE = "correct horse 3917"
COMMAND = r"(?:openssl|tpm2_\w+|chmod|rm|cp|ssh-keygen|iconv|sed|printf|pkcs11-tool|credmint) "
# Matches the first argument of a command. In prose no such word follows the name of a command.
ARGUMENTS = r"(?:'|-|\{|\w+ -|list|handles-|properties-)"

# {command in a hint: the test that runs it}
RUN_HERE = {
    "iconv -f UTF-16 -t UTF-8 OLD > NEW": "Files.test_utf16",
    "printf '%b\\\\n' \\\"$(cat OLD)\\\" > NEW": "Files.test_escaped",
    "sed 's/^[[:blank:]]*//' OLD > NEW": "Files.test_indented",
    "cp OLD NEW && ssh-keygen -p -m PKCS8 -f NEW": "Files.test_openssh",
    "openssl pkcs12 -legacy -in OLD -out NEW": "Files.test_old_pkcs12",
    "openssl pkcs8 -topk8 -provider legacy -provider default -in OLD -out NEW": "Files.test_old_pem",
    "openssl pkcs12 -in OLD -out NEW": "Files.test_for_fips_pkcs12",
    "openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW": "Files.test_for_fips_pem",
    "chmod 600 {}": "Modes.test_of_a_passphrase",
    "chmod 600 {}, or remove it": "Modes.test_of_a_passphrase",
    "chmod go-w {}": "Modes.test_of_the_cache_s_base",
    "chmod 700 {}": "Modes.test_of_the_cache_s_folder",
    "chmod o-w {}": "Modes.test_of_the_configuration_file",
    "rm {}": "Modes.test_of_a_link",
    "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256": "Files.test_named_curve",
    "openssl x509 -subject": "Files.test_subject",
    "openssl pkey -noout -in OLD": "Files.test_passphrase",
    "openssl version -m": "Tools.test_that_names_the_modules",
    "pkcs11-tool --init-pin": "Tools.test_of_tokens",
    "pkcs11-tool --change-pin": "Tools.test_of_tokens",
    "pkcs11-tool --list-slots": "Tools.test_of_the_length_of_pins",
    "credmint list": "Tools.test_that_lists",
    "credmint list --passin": "Tools.test_that_lists",
    "credmint list --tpm": "TpmTools.test_that_lists",
    "credmint key sign-policy": "TpmTools.test_that_signs_a_policy",
    "tpm2_getcap handles-persistent": "TpmTools.test",
    "tpm2_getcap handles-nv-index": "TpmTools.test",
    "tpm2_getcap properties-variable": "TpmTools.test",
    "tpm2_startup -c": "TpmTools.test",
    "tpm2_dictionarylockout -c": "TpmTools.test",
    "tpm2_nvdefine -a 'ownerread|ownerwrite|authread|no_da'": "TpmTools.test_that_defines",
    "tpm2_create -G rsa2048": "TpmTools.test_that_makes_an_rsa_key",
    "tpm2_changeauth -c o": "TpmTools.test_that_changes_the_owner_s_value",
    "tpm2_changeauth -c e": "TpmTools.test_that_changes_the_endorsement_value",
    "openssl rand -hex 20": "TpmTools.test_that_chooses_a_nonce",
    "openssl rand -out challenge.key 32": "TpmTools.test_that_makes_a_key_for_challenges",
    "credmint key create": "TpmTools.test_that_creates",
    "credmint key attest": "TpmTools.test_that_chooses_a_nonce",
    "tpm2_evictcontrol -c": "TpmTools.test_that_removes",
    "openssl genpkey -provider tpm2 -algorithm EC -pkeyopt group:P-256": "TpmTools.test_generates",
    "openssl genpkey -provider tpm2 -algorithm RSA": "TpmTools.test_generates",
}


class HintTest(MintTest):
    """`typed` runs a hint's command in the test's folder."""

    def hint_of(self, result):
        return result.stderr.splitlines()[1].removeprefix("hint: ")

    def command_in(self, result):
        return re.search(COMMAND + ".*", self.hint_of(result))[0]

    def typed(self, command, lines=(), env=None):
        """Runs a command in a shell without a terminal. Programs read their input from `lines`."""
        result = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder,
            env={**program.environment(self.folder), **self.env, **(env or {})},
            input="".join(f"{line}\n" for line in lines).encode(),
            capture_output=True,
            timeout=60,
            start_new_session=True,
            preexec_fn=die_with_parent,
            check=False,
        )
        self.assertEqual(result.returncode, 0, f"{command}\n{result.stderr.decode()}")
        return result.stdout.decode()


@expand
class Files(HintTest):
    """A file is refused, the hint's command converts it, and the new file mints."""

    def setUp(self):
        super().setUp()
        self.key = pki.make_key()
        self.identity = self.write_identity(self.key)
        self.secret(PASSPHRASE)

    def check(self, contents, lines=(), flags=(), option="--private-key"):
        self.write("OLD", contents)
        identity = [part for part in self.identity]
        identity[identity.index(option) + 1] = "OLD"
        status = program.KEY if option == "--private-key" else program.CERTIFICATE
        result = self.mint_fails_locally(status, " OLD: it is ", *identity, *flags)
        self.typed(self.command_in(result), lines)
        identity[identity.index("OLD")] = "NEW"
        self.mint(*identity, *flags)
        return self.folder / "NEW"

    @each(key="--private-key", certificate="--certificate")
    def test_utf16(self, option):
        self.check(self.pem_of(option).decode().encode("utf-16"), option=option)

    @each(key="--private-key", certificate="--certificate")
    def test_escaped(self, option):
        self.check(self.pem_of(option).replace(b"\n", b"\\n"), option=option)

    @each(key="--private-key", certificate="--certificate")
    def test_indented(self, option):
        lines = self.pem_of(option).splitlines(keepends=True)
        self.check(b"key: |\n" + b"".join(b"  \t" + line for line in lines), option=option)

    def pem_of(self, option):
        name = "web.key" if option == "--private-key" else "web.pem"
        return (self.folder / name).read_bytes()

    def test_openssh(self):
        path = self.folder / "id"
        self.write("id", self.openssh())
        self.check(path.read_bytes())

    def openssh(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )

    def test_old_pkcs12(self):
        parts = pki.pkcs8_pem(self.key) + (self.folder / "web.pem").read_bytes()
        old = run_tool(
            *(openssl.OPENSSL, "pkcs12", "-export", "-legacy", "-passout", f"pass:{PASSPHRASE}"),
            stdin=parts,
        )
        self.write("OLD", old)
        passin = ("--passin", f"pass:{PASSPHRASE}")
        result = self.mint_fails_locally(program.KEY, "legacy", "--certificate", "OLD", *passin)
        self.typed(self.command_in(result), [PASSPHRASE] * 3)
        self.mint("--certificate", "NEW", *passin)
        self.assertIn(b"ENCRYPTED PRIVATE KEY", (self.folder / "NEW").read_bytes())
        self.assertEqual((self.folder / "NEW").stat().st_mode & 0o077, 0)

    @each(md5_des="PBE-MD5-DES", sha1_des="PBE-SHA1-DES", rc2="PBE-SHA1-RC2-40", rc4="PBE-SHA1-RC4-128")
    def test_old_pem(self, algorithm):
        """The scheme is PBES1. The message must not call the right passphrase wrong."""
        old = run_tool(
            *(openssl.OPENSSL, "pkcs8", "-topk8", "-v1", algorithm, "-provider", "legacy"),
            *("-provider", "default", "-passout", f"pass:{PASSPHRASE}"),
            stdin=pki.pkcs8_pem(self.key),
        )
        self.check(old, [PASSPHRASE] * 3, ("--passin", f"pass:{PASSPHRASE}"))

    def test_for_fips_pkcs12(self):
        """The hints for FIPS are followed where FIPS is not demanded. fips_test has the rest."""
        leaf = x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())
        self.write("OLD", pki.pkcs12_file(self.key, leaf, passphrase=PASSPHRASE))
        self.typed("openssl pkcs12 -in OLD -out NEW", [PASSPHRASE] * 3)
        self.mint("--certificate", "NEW", "--passin", f"pass:{PASSPHRASE}")

    def test_for_fips_pem(self):
        command = ("ec", "-aes128", "-passout", f"pass:{PASSPHRASE}")
        self.write("OLD", openssl.rewrite(pki.traditional_pem(self.key), *command))
        self.typed("openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW", [PASSPHRASE] * 3)
        self.assertIn(b"ENCRYPTED PRIVATE KEY", (self.folder / "NEW").read_bytes())
        passin = ("--passin", f"pass:{PASSPHRASE}")
        self.mint("--certificate", "web.pem", "--private-key", "NEW", *passin)

    def test_named_curve(self):
        key = self.typed("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256")
        self.write("web.key", key)
        public = serialization.load_pem_private_key(key.encode(), None).public_key()
        self.write("web.pem", pki.pem(self.root.issue(public)))
        self.mint("--certificate", "web.pem", "--private-key", "web.key")

    @each(pem="web.key", pkcs12="web.p12")
    def test_passphrase(self, name):
        """The command asks, and fails as credmint does if it is wrong."""
        leaf = x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())
        contents = {
            "web.key": pki.encrypted_pkcs8_pem(self.key, PASSPHRASE),
            "web.p12": pki.pkcs12_file(self.key, leaf, passphrase=PASSPHRASE),
        }[name]
        self.write("OLD", contents)
        identity = ("--certificate", "web.pem", "--private-key", "OLD", "--passin", "pass:wrong")
        result = self.mint_fails_locally(program.KEY, "cannot be decrypted", *identity)
        command = re.search("openssl pkey -noout -in OLD", self.hint_of(result))[0]
        self.typed(f"printf '{PASSPHRASE}' | {command} -passin stdin")
        with self.assertRaises(AssertionError):
            self.typed(f"printf 'wrong' | {command} -passin stdin")

    def test_subject(self):
        identity = self.write_identity()
        subject = self.typed("openssl x509 -subject -noout -in web.pem").strip()
        self.mint(*identity, "--cert-selector", f"Key=x509Subject,Value={subject}")


class Modes(HintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def check(self, *flags, status=program.LOCAL_IO):
        result = self.mint_fails_locally(status, "", *self.identity, *flags)
        self.typed(self.command_in(result))
        self.mint(*self.identity, *flags)

    def test_of_a_passphrase(self):
        encrypted = pki.encrypted_pkcs8_pem(pki.make_key(), PASSPHRASE)
        key = serialization.load_pem_private_key(encrypted, PASSPHRASE.encode())
        self.write_identity(key)
        self.write("web.key", encrypted)
        self.write("passphrase", PASSPHRASE, mode=0o644)
        self.check("--passin", "file:passphrase", status=program.KEY)

    def cache(self):
        self.env = {"XDG_RUNTIME_DIR": str(self.folder / "run")}
        (self.folder / "run").mkdir(mode=0o700)
        return self.folder / "run"

    def test_of_the_cache_s_base(self):
        self.cache().chmod(0o770)
        self.check("--cache")

    def test_of_the_cache_s_folder(self):
        (self.cache() / "credmint").mkdir()
        (self.folder / "run/credmint").chmod(0o755)
        self.check("--cache")

    def test_of_a_link(self):
        (self.cache() / "credmint").symlink_to("elsewhere")
        self.check("--cache")

    def test_of_the_configuration_file(self):
        config = self.write("config.toml", '[role.web]\nrole-session-name = "web"\n', mode=0o666)
        result = self.mint_fails_locally(
            program.LOCAL_IO, "is writable by everyone", *self.identity, "--config", "config.toml"
        )
        self.typed(self.command_in(result))
        self.assertEqual(config.stat().st_mode & 0o777, 0o664)


class Tools(HintTest):
    def setUp(self):
        super().setUp()
        os.symlink(program.path(), self.folder / "credmint")
        self.env = {"PATH": f"{self.folder}:/usr/bin:/bin"}

    def test_that_names_the_modules(self):
        self.assertIn("ossl-modules", self.typed("openssl version -m"))

    def test_of_the_length_of_pins(self):
        own = token.Token(self.folder / "t", "prod", "48151623")
        self.env.update(own.env)
        self.env["PATH"] = "/usr/bin:/bin"
        shown = self.typed(f"pkcs11-tool --list-slots --module {token.MODULE}")
        self.assertRegex(shown, r"pin min/max +: +\d+/\d+")

    def test_that_helps(self):
        self.assertIn("credential-process", self.typed("credmint --help"))

    def test_that_lists(self):
        self.env.update(token.Token(self.folder / "t", "prod", "48151623").env)
        self.env["PATH"] = f"{self.folder}:/usr/bin:/bin"
        self.assertIn("prod", self.typed("credmint list"))
        self.assertIn("prod", self.typed("credmint list --passin pass:48151623 pkcs11:token=prod"))

    def test_of_tokens(self):
        shown = subprocess.run(
            [token.PKCS11_TOOL, "--help"], capture_output=True, check=False, timeout=60
        )
        for flag in (b"--init-pin", b"--change-pin"):
            self.assertIn(flag, shown.stdout + shown.stderr)


@expand
class TpmTools(HintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls))
        cls.tpm.make_persistent("0x81000001")

    def setUp(self):
        super().setUp()
        self.env = {**self.tpm.env, "TPM2OPENSSL_TCTI": self.tpm.tcti}

    @each(
        persistent="tpm2_getcap handles-persistent",
        nv="tpm2_getcap handles-nv-index",
        count="tpm2_getcap properties-variable",
        start="tpm2_startup -c",
        lockout="tpm2_dictionarylockout -c",
    )
    def test(self, command):
        self.typed(command)

    def test_that_lists(self):
        os.symlink(program.path(), self.folder / "credmint")
        shown = self.typed("./credmint list --tpm")
        self.assertIn("handle:0x81000001", shown)

    def test_that_signs_a_policy(self):
        """Users name the files and the PCRs."""
        self.write("officer.key", pki.pkcs8_pem(pki.make_key()))
        authority = ("--policy-authority", "officer.key")
        self.succeed("key", "create", "--out", "key.pem", "--type", "ec-p256", *authority)
        os.symlink(program.path(), self.folder / "credmint")
        flags = " ".join(("--private-key key.pem --pcr sha256:16", *authority))
        self.typed(f"./credmint key sign-policy {flags}")
        self.succeed(
            *("csr", "--private-key", "key.pem", "--subject", "/CN=web", "--out", "web.csr")
        )

    def test_that_defines(self):
        """Users choose the size, the hierarchy and the index."""
        self.typed("tpm2_nvdefine -a 'ownerread|ownerwrite|authread|no_da' -C o -s 9 0x01c00009")

    def test_that_makes_an_rsa_key(self):
        """Users choose the parent and the handle."""
        public_key = self.tpm.make_persistent("0x81000002", "rsa2048")
        self.write("web.pem", pki.pem(self.root.issue(public_key)))
        self.mint("--certificate", "web.pem", "--private-key", "handle:0x81000002")

    def test_that_changes_the_owner_s_value(self):
        """Users type the new value."""
        owner = ("key", "create", "handle:0x81000003", "--type", "ec-p256", "--owner-passin")
        self.typed("tpm2_changeauth -c o owner-value")
        self.addCleanup(self.tpm.tool, "changeauth", "-c", "o", "-p", "owner-value")
        self.fail_with(program.KEY, "refused the auth value", *owner, "pass:other-value")
        self.succeed(*owner, "pass:owner-value")

    def test_that_changes_the_endorsement_value(self):
        self.certify_tpm()
        attest = ("key", "attest", "handle:0x81000001", "--nonce", "00" * 16)
        self.typed("tpm2_changeauth -c e endorsement-value")
        self.addCleanup(self.tpm.tool, "changeauth", "-c", "e", "-p", "endorsement-value")
        given = (*attest, "--endorsement-passin")
        result = self.fail_with(program.KEY, "refused the auth value", *given, "pass:other-value")
        self.assertIn("tpm2_changeauth -c e", self.hint_of(result))
        self.succeed(*given, "pass:endorsement-value")

    def certify_tpm(self):
        """Stores a certificate of the TPM, as its manufacturer does."""
        if "1C0000A" in self.tpm.tool("getcap", "handles-nv-index"):
            return
        certificate = endorsement.certify(self.root, endorsement.make_ek(self.tpm, "ecc"))
        self.tpm.write_nv("0x01c0000a", pki.der(certificate))

    def test_that_chooses_a_nonce(self):
        self.certify_tpm()
        attest = ("key", "attest", "handle:0x81000001")
        result = self.fail_with(program.USAGE, "--nonce is missing", *attest)
        nonce = self.typed(self.command_in(result)).strip()
        self.succeed(*attest, "--nonce", nonce)
        result = self.fail_with(
            program.USAGE, "the file is missing", "key", "verify-attestation", "--nonce", nonce
        )
        self.assertIn("credmint key attest --nonce", self.hint_of(result))

    def test_that_makes_a_key_for_challenges(self):
        self.certify_tpm()
        self.write("root.pem", pki.pem(self.root.certificate))
        nonce = ("--nonce", "00" * 16)
        self.succeed("key", "attest", "handle:0x81000001", *nonce, "--out", "web.attestation")
        verify = ("key", "verify-attestation", "web.attestation", *nonce, "--ek-ca", "root.pem")
        verify += ("--make-challenge", "web.challenge")
        result = self.fail_with(program.USAGE, "--challenge-key is missing", *verify)
        self.typed(f"umask 077; {self.command_in(result)}")
        result = self.run_program(*verify, "--challenge-key", "challenge.key")
        self.assertEqual(result.status, program.NOT_PROVEN, str(result))

    def test_that_creates(self):
        """A key as the hint wants it can be attested."""
        self.certify_tpm()
        copied = "sensitivedataorigin|userwithauth|sign"
        self.tpm.make_persistent("0x81000005", attributes=copied)
        attest = ("key", "attest", "--nonce", "00" * 16)
        result = self.fail_with(program.KEY, "can be copied", *attest, "handle:0x81000005")
        self.assertIn("credmint key create", self.hint_of(result))
        os.symlink(program.path(), self.folder / "credmint")
        self.typed("./credmint key create handle:0x81000006 --type ec-p256")
        self.succeed(*attest, "handle:0x81000006")

    def test_that_removes(self):
        self.tpm.make_parent("0x81000004")
        self.typed("tpm2_evictcontrol -c 0x81000004")
        shown = self.typed("tpm2_getcap handles-persistent")
        self.assertNotIn("0x81000004", shown)

    @each(ec="EC -pkeyopt group:P-256", rsa="RSA")
    def test_generates(self, algorithm):
        key = self.typed(f"openssl genpkey -provider tpm2 -algorithm {algorithm}")
        self.write("web.tss2", key)
        public = run_tool(
            *(openssl.OPENSSL, "pkey", "-provider", "tpm2", "-provider", "default"),
            *("-in", self.folder / "web.tss2", "-pubout"),
            env=self.env,
        )
        leaf = self.root.issue(serialization.load_pem_public_key(public))
        self.write("web.pem", pki.pem(leaf))
        self.mint("--certificate", "web.pem", "--private-key", "web.tss2")


class Complete(unittest.TestCase):
    """No source prints a command that is not in RUN_HERE."""

    def literals(self):
        for folder in ("src", "providers"):
            for path in sorted((documents.SOURCE / folder).rglob("*.cc")):
                text = re.sub(r"^\s*//.*$", "", path.read_text(), flags=re.M)
                text = re.sub(r'(?<!\\)"\s*\n\s*"', "", text)
                # system/manual runs the examples of the help.
                text = re.sub(r'\.example = "(?:[^"\\]|\\.)*"', "", text)
                for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text):
                    yield path.name, literal

    def test_each_command_is_run(self):
        found = {}
        for name, literal in self.literals():
            if re.search(r"(?<![\w-])" + COMMAND + ARGUMENTS, literal):
                found[literal] = name
        self.assertGreater(len(found), 20)
        known = sorted(RUN_HERE, key=len, reverse=True)
        missing = [
            f"{name}: {literal}"
            for literal, name in found.items()
            if not any(command in literal for command in known)
        ]
        self.assertEqual(missing, [], "in a hint, but not run in system/hints")
        every = "\n".join(literal for _, literal in self.literals())
        stale = [command for command in RUN_HERE if command not in every]
        self.assertEqual(stale, [], "no longer in a hint")

    def test_the_tests_named_are_there(self):
        for name in RUN_HERE.values():
            owner, _, test = name.partition(".")
            self.assertTrue([one for one in dir(globals()[owner]) if one.startswith(test)], name)


if __name__ == "__main__":
    unittest.main()
