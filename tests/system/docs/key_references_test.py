#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs each example of docs/reference/key-references.md, and checks that the page is complete."""

import json
import re
import shlex
import shutil
import subprocess
import unittest

from support import (
    documents,
    emulator,
    facts,
    help_text,
    openssl,
    pki,
    program,
    token,
    tpm,
    tpm_policy,
    tss2,
)
from support.cases import each, expand
from support.processes import die_with_parent, run_tool
from support.system_test import MEMBERS, MintTest, SystemTest, make_folder
from support.tpm_policy import Policy

TEXT = documents.read("reference/key-references.md")
TYPED = documents.rows(TEXT, "typed")
REFUSED = documents.rows(TEXT, "refused")
ATTRIBUTES = [row for row in TYPED if row.section == "Tokens"]

PIN = "pin-48151623"
PASSPHRASE = "correct horse 3917"
AUTH = "auth-27182818"
PARENT_AUTH = "parent-16180339"
PARENT = "0x81000011"

# The document's values for everything that differs from machine to machine.
FOLDER = "/etc/web"
SERIAL = "6d1c9c1f4a1d7e83"
SLOT = 0x4A1D7E83
DEFAULT_TCTI = "device:/dev/tpmrm0"

# The contents of the document's variables.
VARIABLES = {
    "WEB_KEY": "web.key",
    "WEB_CERTIFICATE": "file.pem",
    "WEB_CHAIN": "chain.pem",
    "OFFICER_KEY": "officer.key",
}

# Flags of `sign-string` that are not about keys.
OTHER_FLAGS = {
    *("--allow-weak-key", "--debug", "--digest", "--format", "--help", "--help-all"),
    *("--log-format", "--log-level"),
}


def by_name(rows):
    """Names the cases for @each, without dots: tap.py splits a test's name at the last dot."""
    named = {re.sub(r"[^\w%=;:/-]+", "_", row.name): row for row in rows}
    if len(named) != len(rows):
        raise AssertionError("an example stands twice in one section of the document")
    return named


def uri_in(typed):
    return re.search(r"'(pkcs11:[^']*)'", typed)[1]


def path_attributes(uri):
    return [part.split("=", 1) for part in uri.partition(":")[2].partition("?")[0].split(";")]


def several_keys(*keys):
    """Merges PKCS#12 files into one with several keys, which openssl cannot write."""
    command = ("pkcs12", "-export", "-nomac", "-nocerts", "-passout", f"pass:{PASSPHRASE}")
    return pki.merged_pkcs12(*(openssl.rewrite(pki.pkcs8_pem(key), *command) for key in keys))


class Material:
    """The files, tokens and TPM keys of the examples, and the serial numbers of the leaves."""

    def __init__(self, cls):
        self.root = cls.root
        self.folder = make_folder(cls) / "material"
        self.folder.mkdir()
        self.serials = {"file": [], "token": [], "tpm": []}
        self.leaves = []
        self._make_files()
        self._make_tokens(make_folder(cls))
        self._make_tpm(cls)
        self._write("web.pem", pki.pem(*self.leaves))

    def _write(self, name, contents):
        path = self.folder / name
        path.write_bytes(contents)
        path.chmod(0o600)

    def _issue(self, kind, public_key, common_name="web", issuer=None, **changes):
        leaf = (issuer or self.root).issue(public_key, common_name, **changes)
        self.serials[kind].append(str(leaf.serial_number))
        return leaf

    def _certify(self, kind, public_key):
        """Writes a leaf to web.pem."""
        leaf = self._issue(kind, public_key)
        self.leaves.append(leaf)
        return leaf

    def _make_files(self):
        web, rsa = pki.make_key(), pki.make_key("RSA2048")
        leaf = self._certify("file", web.public_key())
        self._certify("file", rsa.public_key())
        pem, rsa_pem = pki.pkcs8_pem(web), pki.pkcs8_pem(rsa)
        names = ("web.key", "the web server.key", "-web.key", "web:1.key", "web%20.key", "env:web.key")
        for name in names:
            self._write(name, pem)
        self._write("web.p8", pki.pkcs8_der(web))
        self._write("rsa.pem", pki.traditional_pem(rsa))
        self._write("rsa.der", pki.traditional_der(rsa))
        self._write("ec.pem", pki.traditional_pem(web))
        self._write("ec.der", pki.traditional_der(web))
        self._write("web.p12", pki.pkcs12_file(web, leaf))
        self._write("encrypted.p12", pki.pkcs12_file(web, leaf, passphrase=PASSPHRASE))
        self._write("encrypted.key", pki.encrypted_pkcs8_pem(web, PASSPHRASE))
        encrypted = {
            "encrypted.p8": (pem, "pkcs8", "-topk8", "-outform", "DER"),
            "scrypt.key": (pem, "pkcs8", "-topk8", "-scrypt"),
            "encrypted-rsa.pem": (rsa_pem, "rsa", "-aes256", "-traditional"),
            "encrypted-ec.pem": (pem, "ec", "-aes256"),
            "old.p12": (pem + pki.pem(leaf), "pkcs12", "-export", "-legacy"),
        }
        for name, (contents, *command) in encrypted.items():
            passphrase = ("-passout", f"pass:{PASSPHRASE}")
            self._write(name, openssl.rewrite(contents, *command, *passphrase))
        self._write("passphrase", f"{PASSPHRASE}\n".encode())
        self._write("two.key", pem + rsa_pem)
        self._write("both.pem", pem + pki.pem(leaf))
        self._write("file.pem", pki.pem(leaf))
        self._write("web.der", pki.der(leaf))
        self._write("cut.pem", pki.pem(leaf) + pki.pem(leaf)[:200])
        trusted = ("x509", "-trustout", "-addtrust", "clientAuth")
        self._write("trusted.pem", openssl.rewrite(pki.pem(leaf), *trusted))
        request = ("req", "-new", "-key", self.folder / "web.key", "-subj", "/CN=web")
        self._write("web.csr", run_tool(openssl.OPENSSL, *request))
        self._write("several.p12", several_keys(rsa, web))
        self._make_chain()
        self._make_several()

    def _make_chain(self):
        self.issuer = self.root.make_intermediate("issuing CA")
        key = pki.make_key()
        leaf = self._issue("file", key.public_key(), issuer=self.issuer)
        self._write("below.key", pki.pkcs8_pem(key))
        self._write("below.pem", pki.pem(leaf))
        self._write("chain.pem", pki.pem(self.issuer.certificate))
        self._write("chain.der", pki.der(self.issuer.certificate))
        self._write("fullchain.pem", pki.pem(self.issuer.certificate, leaf))
        for name, file, form in (("below", "fullchain", "DER"), ("chain", "chain", "PEM")):
            certificates = ("-certfile", self.folder / f"{file}.pem")
            pkcs7 = ("crl2pkcs7", "-nocrl", *certificates, "-outform", form)
            self._write(f"{name}.p7b", run_tool(openssl.OPENSSL, *pkcs7))

    def _make_several(self):
        key = pki.make_key()
        old = self.root.issue(key.public_key(), "old", serial=0x51, not_after=5 * pki.DAY)
        new = self._issue("file", key.public_key(), "new", serial=0x52, not_after=9 * pki.DAY)
        self._write("many.key", pki.pkcs8_pem(key))
        self._write("many.pem", pki.pem(old, new))
        selector = [{"Key": "x509Subject", "Value": "CN=new"}]
        self._write("selector.json", json.dumps(selector).encode())

    def _make_tokens(self, folder):
        self.token = made = token.Token(folder / "t", "prod", PIN)
        leaf = self._certify("token", made.generate("EC:prime256v1", "web", "a1b2"))
        made.write_certificate(leaf, "web", "a1b2")
        self._write("token.pem", pki.pem(leaf))
        more = {
            "web server": "03",
            "schlüssel; 1%": "04",
            "named": "web-id".encode().hex(),
        }
        for label, key_id in more.items():
            leaf = self._certify("token", made.generate("EC:prime256v1", label, key_id))
        self._write("server.pem", pki.pem(self.leaves[-3]))
        flags = ("--always-auth",)
        self._certify("token", made.generate("EC:prime256v1", "signing", "05", flags))
        for label, key_id, certificate_id in (("renamed", "06", "06"), ("elsewhere", "07", "ee")):
            public_key = made.generate("EC:prime256v1", f"key {key_id}", key_id)
            made.write_certificate(self._issue("token", public_key), label, certificate_id)
        self.officer_on_token = made.generate("EC:prime256v1", "officer", "08")
        made.write_certificate(self.issuer.certificate, "issuing CA", "ca")
        made.add_token("spare", PIN)
        made.generate("EC:prime256v1", "web", "a1b2", token="spare")
        for name in ("pin", "open-pin"):
            self._write(name, f"{PIN}\n".encode())
        (self.folder / "open-pin").chmod(0o640)
        self._write("web-pin", PIN.encode())
        self._write("uri.pem", pki.uri_file("pkcs11:token=prod;object=web"))
        self._find_slot()

    def _find_slot(self):
        listed = run_tool(
            token.PKCS11_TOOL, "--module", token.MODULE, "--list-slots", env=self.token.env
        ).decode()
        (slot,) = (part for part in listed.split("\nSlot ") if ": prod\n" in part)
        self.slot = int(re.search(r"ID 0x([0-9a-f]+)", slot)[1], 16)
        self.serial = re.search(r"serial num +: (\w+)", slot)[1]

    def _make_tpm(self, cls):
        self.tpm = made = tpm.Tpm(cls, make_folder(cls) / "t")
        public_key = made.make_persistent("0x81000002")
        leaf = self._certify("tpm", public_key)
        made.tool("readpublic", "-Q", "-c", "0x81000002", "-t", self.folder / "web.object")
        no_lockout = f"{tpm.SIGNING}|noda"
        public_key_2 = made.make_persistent("0x81000003", auth=AUTH, attributes=no_lockout)
        leaf_2 = self._certify("tpm", public_key_2)
        chained = self._issue("tpm", public_key, issuer=self.issuer)
        self._write("chained.pem", pki.pem(chained))
        made.write_nv("0x01900002", pki.der(leaf), size=1500)
        made.write_nv("0x01c00003", pki.pem(chained, self.issuer.certificate))
        made.write_nv("0x01c00004", pki.der(leaf_2), "authread|ownerwrite", auth=AUTH)
        made.write_nv("0x01c00005", pki.der(self.issuer.certificate))
        made.make_parent("0x81000010", PARENT_AUTH, f"{tpm.STORAGE}|noda")
        files = {
            "web.tss2": (),
            "auth.tss2": (f"user-auth:{AUTH}",),
            "parent.tss2": ("parent:0x81000010", f"parent-auth:{PARENT_AUTH}"),
        }
        for name, options in files.items():
            contents, public_key = made.make_key_file(tpm.EC_P256, *options)
            self._write(name, contents)
            self._certify("tpm", public_key)
        self._write("auth", AUTH.encode())
        self._write("parent-auth", PARENT_AUTH.encode())
        self._make_importable_key()
        self._make_policies()

    def _make_importable_key(self):
        self.tpm.make_parent(PARENT)
        public, private, seed, key = self.tpm.wrap(PARENT, pki.make_key())
        self._certify("tpm", key)
        file = tss2.KeyFile(public, private, int(PARENT, 16), tss2.IMPORTABLE, secret=seed)
        self._write("importable.tss2", file.pem())

    def _make_policies(self):
        """Makes key files with policies, each named after its policy's condition."""
        made = self.tpm
        officer = pki.make_key()
        public = made.external_public(officer.public_key())
        self._write("officer.key", pki.pkcs8_pem(officer))
        self._write("officer-encrypted.key", pki.encrypted_pkcs8_pem(officer, PASSPHRASE))
        self._make_key_under("pcr", Policy().pcr(made, 0, 7))
        self._make_key_under("pcr-auth", Policy().pcr(made, 0, 7).auth_value(), AUTH)
        self._make_key_under("secret", Policy().secret(0x81000010, made.name("0x81000010")))
        self._make_key_under("signed", Policy().signed(public))
        on_token = made.external_public(self.officer_on_token)
        self._make_key_under("signed-token", Policy().signed(on_token))
        in_tpm = made.external_public(made.public_key("0x81000002"))
        self._make_key_under("signed-tpm", Policy().signed(in_tpm))
        policies = [("now", Policy().pcr(made, 0, 7).signed_by(officer, public))]
        self._make_key_under("authorized", Policy().authorize(public), auth_policy=policies)
        self._make_key_under("changed", Policy().pcr(made, 16))
        made.tool("pcrextend", f"16:sha256={'11' * 32}")
        unknown = [(tpm_policy.POLICY_NV, b"")]
        parts = self._make_key_under("unknown", Policy().auth_value(), policy=unknown)
        made.persist(PARENT, *parts, "0x81000004")

    def _make_key_under(self, name, condition, auth="", **fields):
        public, private, key = self.tpm.create(
            PARENT, auth=auth, policy=condition.digest, attributes=tpm.SIGNING_UNDER_POLICY
        )
        self._certify("tpm", key)
        fields = {"policy": condition.commands, "empty_auth": not auth, **fields}
        self._write(f"{name}.tss2", tss2.KeyFile(public, private, int(PARENT, 16), **fields).pem())
        return public, private


class Examples(MintTest):
    """Runs the document's examples, in a folder with all files that they name."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.material = Material(cls)

    def setUp(self):
        super().setUp()
        shutil.copytree(self.material.folder, self.folder, dirs_exist_ok=True)
        copy = self.material.token.copy(self.folder / "t")
        (self.folder / "credentials").mkdir()
        shutil.copy(self.folder / "web-pin", self.folder / "credentials")
        self.env = {
            **token.spied(copy.env, self.folder / "spy"),
            **self.material.tpm.env,
            "TPM2OPENSSL_TCTI": self.material.tpm.tcti,
            "CREDENTIALS_DIRECTORY": str(self.folder / "credentials"),
            "WEB_PIN": PIN,
            "PARENT_AUTH": PARENT_AUTH,
            **{name: self.text_of(file) for name, file in VARIABLES.items()},
        }

    def text_of(self, file):
        return (self.folder / file).read_text()

    def put_in_place(self, text):
        """Replaces the document's values in a text by those of this machine."""
        stand_ins = {
            FOLDER: self.folder,
            SERIAL: self.material.serial,
            f"{SLOT:#x}": f"{self.material.slot:#x}",
            str(SLOT): self.material.slot,
            DEFAULT_TCTI: self.material.tpm.tcti,
            "/usr/lib/softhsm/libsofthsm2.so": token.MODULE,
        }
        for written, here in stand_ins.items():
            text = text.replace(written, str(here))
        return text

    def command(self, typed):
        """The arguments of credmint, quoted for a shell."""
        text = self.put_in_place(typed)
        if text.startswith("credmint "):
            return text.partition(" ")[2]
        flags = ["--endpoint", self.service.url, *emulator.SESSION_FLAGS]
        if "--certificate " not in text:
            flags += ["--certificate", "web.pem"]
        return f"credential-process {shlex.join(flags)} {text}"

    def in_shell(self, typed):
        """Keywords for run_program, which make a shell run the command."""
        return {"wrapper": ("/bin/sh", "-c", f'exec "$0" {self.command(typed)}')}


@expand
class WhatIsTyped(Examples):
    @each(**by_name(TYPED))
    def test(self, row):
        if row.typed.startswith("credmint list"):
            in_tpm = re.search("--tpm|handle:|nv:", row.typed)
            shown = b"nv:0x01900002" if in_tpm else b"prod"
            if row.typed.endswith("handle:0x81000002"):
                shown = b"handle:0x81000002"
            if ".pem" in row.typed or ".p12" in row.typed:
                shown = b"CN=web"
            self.assertIn(shown, self.succeed(**self.in_shell(row.typed)))
            return
        minted = json.loads(self.succeed(**self.in_shell(row.typed)))
        self.assertEqual(set(minted), MEMBERS)
        request = self.last_request()
        self.assertEqual(request["access_key_id"], minted["AccessKeyId"])
        self.assertIn(request["serial"], self.material.serials[self.kind_of_key(row.typed)])
        is_below = re.search("below.key|chained.pem|nv:0x01c00003", row.typed)
        self.assertEqual(request["chain_length"], 1 if is_below else 0)

    def kind_of_key(self, typed):
        key = re.search(r"--private-key[ =]'?(\S+)", typed)
        key = (key or re.search(r"--certificate '?(\S+)", typed))[1]
        if key.lower().startswith("pkcs11:") or key == "uri.pem":
            return "token"
        return "tpm" if re.match(r"handle:|nv:|object:|.*tss2", key) else "file"


@expand
class WhatIsRefused(Examples):
    @each(**by_name(REFUSED))
    def test(self, row):
        before = len(self.service.requests())
        result = self.run_program(**self.in_shell(row.typed))
        self.assertNotEqual(result.status, program.SUCCESS, str(result))
        self.check_failure(result, result.status, documents.code(row.cells[2]))
        self.assertEqual(len(self.service.requests()), before, "a request was sent")


@expand
class EachAttributeMatters(Examples):
    """An example fails if an attribute of its URI has another value."""

    @each(**by_name(ATTRIBUTES))
    def test(self, row):
        uri = uri_in(row.typed)
        for name, value in path_attributes(uri):
            other = uri.replace(f"{name}={value}", f"{name}={self.other(name, value)}", 1)
            result = self.run_program(**self.in_shell(row.typed.replace(uri, other)))
            self.assertIn(result.status, (program.KEY, program.CERTIFICATE), f"{name}\n{result}")

    def other(self, name, value):
        different = {
            "id": "%EE%EE",
            "library-version": "9.9",
            "object-type": "cert",
            "slot-id": SLOT + 1,
            "type": "data",
        }
        return different.get(name, f"{value}x")


class Quoting(Examples):
    """The line of ~/.aws/config, split in each of the ways in which SDKs split it."""

    def setUp(self):
        super().setUp()
        (self.line,) = re.findall(r"^credential_process = (.*)$", TEXT, re.MULTILINE)
        self.line = self.put_in_place(self.line)
        shutil.copy(self.folder / "server.pem", self.folder / "token.pem")
        self.assertNotIn("%", self.line.replace("%20", ""))

    def check(self, command):
        tool = self.folder / "bin"
        tool.mkdir()
        (tool / "credmint").symlink_to(program.path())
        path = {"PATH": f"{tool}:/usr/bin:/bin", "AWS_ENDPOINT_URL": self.service.url}
        result = subprocess.run(
            command,
            cwd="/",
            env={**program.environment(self.folder), **self.env, **path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, b""))
        self.assertEqual(set(json.loads(result.stdout)), MEMBERS)

    def test_by_a_shell(self):
        self.check(["/bin/sh", "-c", self.line])

    def test_by_the_rules_of_a_shell_without_one(self):
        self.check(["/usr/bin/env", *shlex.split(self.line)])


class Complete(SystemTest):
    """The document shows everything that the program accepts."""

    def setUp(self):
        super().setUp()
        for scheme in ("pkcs11", "handle"):
            program.need_back_end(scheme)

    def assert_shown(self, wanted, pattern):
        """Checks that an accepted example contains `pattern`, in which {} is the name."""
        typed = "\n".join(row.typed for row in TYPED)
        missing = [
            name for name in wanted if not re.search(pattern.format(re.escape(name)), typed)
        ]
        self.assertEqual(missing, [], "accepted, but not in docs/reference/key-references.md")

    def test_path_attributes(self):
        names = facts.of("attributes of pkcs11:")["path"]
        self.assertGreater(len(names), 10)
        self.assert_shown(names, "pkcs11:([^'?]*;)?{}=")

    def test_query_attributes(self):
        names = facts.of("attributes of pkcs11:")["query"]
        self.assertGreater(len(names), 3)
        self.assert_shown(names, "pkcs11:[^']*[?&]{}=")

    def test_sources_of_secrets(self):
        said = self.run_program("sign-string", "--private-key", "k", "--passin", "x").stderr
        names = re.findall(r"\b([a-z]+)(?::[A-Z]+|,)", said.partition("hint: use ")[2])
        self.assertGreater(len(names), 5)
        self.assert_shown(names, r"--passin {}\b")

    def test_keys_of_selectors(self):
        """The keys are those of AWS's tool."""
        for name in ("x509Subject", "x509Issuer", "x509Serial"):
            self.assertIn(name, TEXT)
            selector = f"Key={name},Value=1"
            command = ("read-certificate-data", "--certificate", "absent.pem")
            result = self.run_program(*command, "--cert-selector", selector)
            self.assertEqual(result.status, program.LOCAL_IO, str(result))

    def test_forms_without_a_file(self):
        for option in ("private-key", "certificate", "intermediates", "policy-key"):
            self.assert_shown([f"--{option}"], r"{} (env:|fd:\d|- )")
        self.assert_shown(["env:", "fd:", "- "], r"--private-key {}")

    def test_schemes(self):
        providers = [facts.of(name) for name in ("credmint-pkcs11", "credmint-tpm2")]
        names = [scheme for each in providers for scheme in each["parameters of the stores"]]
        self.assertGreater(len(names), 3)
        self.assert_shown(names, "--(private-key|certificate) '?{}:")

    def test_label_of_key_files(self):
        self.assertIn(tss2.to_pem(b"").splitlines()[0].decode().strip("-"), TEXT)

    def test_flags(self):
        names = set(help_text.options("sign-string")) - OTHER_FLAGS
        self.assertGreater(len(names), 12)
        shown = "\n".join(row.typed for row in TYPED + REFUSED)
        missing = [name for name in sorted(names) if not re.search(rf"{name}\b", shown)]
        self.assertEqual(missing, [], "accepted, but not in docs/reference/key-references.md")

    def test_the_tables_are_found(self):
        self.assertGreater(len(TYPED), 90)
        self.assertGreater(len(REFUSED), 35)


@expand
class Citations(unittest.TestCase):
    """The files that a document cites or links to exist."""

    @each(
        key_references="docs/reference/key-references.md",
        hsm="docs/guide/hsm.md",
        pkcs11="docs/reference/pkcs11.md",
        threat_model="docs/design/threat-model.md",
        tpm="docs/guide/tpm.md",
        tpm2="docs/reference/tpm2.md",
    )
    def test(self, name):
        document = documents.SOURCE / name
        text = document.read_text()
        cited = re.findall(r"`((?:src|providers|tests|scripts)/[^`]+)`", text)
        linked = re.findall(r"\]\((?!https:)([^)#]+)", text)
        missing = [path for path in cited if not (documents.SOURCE / path).exists()]
        missing += [path for path in linked if not (document.parent / path).exists()]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
