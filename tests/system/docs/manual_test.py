#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The man pages are well formed, describe exactly the program's options, and their examples run."""

import re
import signal
import subprocess
import sys
import unittest

from support import documents, emulator, endorsement, help_text, manual, pki, program, token, tpm
from support.cases import each, expand
from support.pki import pem
from support.processes import die_with_parent
from support.requirements import need
from support.serve import wait_until
from support.system_test import MintTest, make_folder

MANDOC = "/usr/bin/mandoc"
NONCE = "00" * 20
PAGES = {path.name: path.name for path in sorted(manual.FOLDER.glob("*.[0-9]"))}
COMMANDS = {
    "credential_process": ("credmint-credential-process.1", [("credential-process",)]),
    "exec": ("credmint-exec.1", [("exec",)]),
    "serve": ("credmint-serve.1", [("serve",)]),
    "update": ("credmint-update.1", [("update",)]),
    "sign_string": ("credmint-sign-string.1", [("sign-string",)]),
    "read_certificate_data": ("credmint-read-certificate-data.1", [("read-certificate-data",)]),
    "list": ("credmint-list.1", [("list",)]),
    "token": ("credmint-token.1", [("token",), ("token", "init")]),
    "key": (
        "credmint-key.1",
        [
            ("key",),
            *(("key", name) for name in ("create", "delete", "sign-policy", "reference", "attest", "verify-attestation")),
        ],
    ),
    "csr": ("credmint-csr.1", [("csr",)]),
    "import_certificate": ("credmint-import-certificate.1", [("import-certificate",)]),
    "renew": ("credmint-renew.1", [("renew",)]),
    "init": ("credmint-init.1", [("init",)]),
    "doctor": ("credmint-doctor.1", [("doctor",)]),
    "config": ("credmint-config.1", [("config",), ("config", "check")]),
    "cache": ("credmint-cache.1", [("cache",), ("cache", "list"), ("cache", "clear")]),
}
SHARED = manual.Page("credmint-options.7").subsections()

HELP_EXAMPLES = [
    *(command for _, commands in COMMANDS.values() for command in commands),
    ("version",),
]

# Which manuals this host has is no fault of the page.
OF_THE_HOST = ("STYLE: referenced manual not found", "mandoc: outdated mandoc.db lacks")


@expand
class Pages(unittest.TestCase):
    @each(**PAGES)
    def test_is_well_formed(self, name):
        need(MANDOC, "mandoc")
        result = subprocess.run(
            [MANDOC, "-Tlint", "-Wall", manual.FOLDER / name],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said = (result.stdout + result.stderr).splitlines()
        self.assertEqual([line for line in said if not any(it in line for it in OF_THE_HOST)], [])

    @each(**PAGES)
    def test_no_heading_begins_with_a_macro(self, name):
        """mdoc(7) takes words such as "In" there for one, unless \\& comes first."""
        text = (manual.FOLDER / name).read_text()
        self.assertEqual(re.findall(r"^\.S[sh] [A-Z][a-z] .*", text, re.M), [])

    @each(**PAGES)
    def test_is_installed(self, name):
        self.assertIn(f"'{name}'", (manual.FOLDER / "meson.build").read_text())

    @each(**PAGES)
    def test_refers_to_pages_that_there_are(self, name):
        references = re.findall(r"^\.Xr (credmint\S*) (\d)", manual.Page(name).text, re.MULTILINE)
        for page, section in references:
            self.assertIn(f"{page}.{section}", PAGES)

    @each(**COMMANDS)
    def test_describes_the_options_of(self, case):
        name, commands = case
        page = manual.Page(name)
        described = page.own_options()
        for section in page.shared():
            described |= manual.options(SHARED[section])
        shown = {}
        for command in commands:
            shown |= help_text.options(*command)
        del shown["--help"], shown["--help-all"]
        self.assertEqual(sorted(described), sorted(shown))
        for name, option in shown.items():
            if option.default is not None:
                default = re.escape(option.default)
                self.assertRegex(described[name], rf"default\b(.|\n)*\b{default}\b")

    def test_describe_the_program_itself(self):
        described = manual.Page("credmint.1").own_options()
        self.assertEqual(sorted(described), sorted(help_text.options()))

    def test_name_the_commands(self):
        listed = re.findall(r"^\.It Cm ([\w-]+)$", manual.Page("credmint.1").text, re.MULTILINE)
        self.assertEqual(sorted(listed), sorted(help_text.commands()))

    @each(**PAGES)
    def test_names_the_options_that_it_shares(self, name):
        for section, names in manual.Page(name).shared().items():
            self.assertEqual([f"-{each}" for each in names], list(manual.options(SHARED[section])))

    def test_share_no_section_that_nobody_takes(self):
        taken = [section for name in PAGES for section in manual.Page(name).shared()]
        self.assertEqual(set(taken), set(SHARED))


class OptionsPage(unittest.TestCase):
    def test_is_what_the_man_pages_say(self):
        made = [sys.executable, "-EsB", documents.SOURCE / "scripts" / "options-page"]
        printed = subprocess.run(made, capture_output=True, text=True, timeout=60, check=True).stdout
        page = (documents.SOURCE / "docs" / "reference" / "options.md").read_text()
        self.assertEqual(page, printed, "run scripts/options-page > docs/reference/options.md")


@expand
class Examples(MintTest):
    """Runs the examples in a home with keys and certificates in files, on a token and in a TPM.

    Its configuration file has a role `web`, with the key in a file.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = token.Token(make_folder(cls) / "t", label="prod")
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        token_leaf = cls.root.issue(cls.token.generate("EC:prime256v1"))
        cls.token.write_certificate(token_leaf)
        cls.pems = {
            "token.pem": pem(token_leaf),
            "tpm.pem": pem(cls.root.issue(cls.tpm.make_persistent("0x81000002"))),
        }
        cls.attest()

    @classmethod
    def attest(cls):
        """Certifies the TPM, and has a key attested, challenged and the challenge answered."""
        certificate = endorsement.certify(cls.root, endorsement.make_ek(cls.tpm, "ecc"))
        cls.tpm.write_nv("0x01c0000a", pki.der(certificate))
        folder = make_folder(cls)
        (folder / "tpm-roots.pem").write_bytes(pki.pem(cls.root.certificate))
        (folder / "challenge.key").write_bytes(bytes(32))
        (folder / "challenge.key").chmod(0o600)
        attest = ("key", "attest", "handle:0x81000002")
        verify = ("key", "verify-attestation", "web.attestation", "--nonce", NONCE)
        verify += ("--ek-ca", "tpm-roots.pem", "--challenge-key", "challenge.key")
        for command in (
            (*attest, "--nonce", NONCE, "--out", "web.attestation"),
            (*verify, "--make-challenge", "web.challenge"),
            (*attest, "--challenge", "web.challenge", "--out", "web.answer"),
        ):
            program.run(command, folder, cls.tpm.env)
        cls.attested = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}

    def setUp(self):
        super().setUp()
        self.write_identity()
        for name, text in {**self.pems, **self.attested, "pin": token.PIN}.items():
            self.write(name, text)
        (self.folder / "credmint").symlink_to(program.path())
        (self.folder / "run").mkdir(mode=0o700)
        _, trust_anchor, _, profile, _, role = emulator.SESSION_FLAGS
        (self.folder / ".config" / "credmint").mkdir(parents=True)
        self.write(
            ".config/credmint/config.toml",
            '[identity.file]\ncertificate = "web.pem"\nprivate-key = "web.key"\n'
            f'[role.web]\ntrust-anchor-arn = "{trust_anchor}"\nprofile-arn = "{profile}"\n'
            f'role-arn = "{role}"\n',
        )
        self.write("so-pin", token.SO_PIN)
        officer = pki.make_key()
        self.write("officer.key", pki.pkcs8_pem(officer))
        self.write("officer.pem", pki.public_pem(officer.public_key()))
        self.write("ca.pem", pem(self.root.certificate))
        own = self.token.copy(self.folder / "t")  # some examples change it
        self.env = {
            **program.environment(self.folder, {**own.env, **self.tpm.env}),
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "AWS_ENDPOINT_URL_ROLESANYWHERE": self.service.url,
            "TRUST_ANCHOR": trust_anchor,
            "PROFILE": profile,
            "ROLE": role,
            "NONCE": NONCE,
        }

    def test_of_the_configuration_file(self):
        identity = ("--certificate", "web.pem", "--private-key", "web.key")
        for example in manual.Page("credmint-config.5").examples():
            self.write("config.toml", example)
            self.mint("--config", "config.toml", "--role", "web", *identity)

    @each(**{name: name for name in PAGES if name != "credmint-config.5"})
    def test_of(self, name):
        examples = manual.Page(name).examples()
        self.assertEqual(bool(examples), name.endswith(".1"))
        for block in examples:
            if block.startswith("[profile "):
                self.run_block(re.search("^credential_process = (.*)$", block, re.MULTILINE)[1])
            else:
                self.run_block(block.strip())

    @each(**{command[0].replace("-", "_"): command for command in HELP_EXAMPLES})
    def test_of_the_help_of(self, command):
        shown = help_text.shown(*command, flag="--help")
        example = re.search(r"^Example:\n((?:  .*\n)+)", shown, re.MULTILINE)[1]
        self.assertLessEqual(max(map(len, example.splitlines())), 80)
        self.run_block(example.replace("\n  ", "\n").strip())

    def run_block(self, block):
        """Runs an example. If it stays running, it is ended after its first mint."""
        earlier = len(self.service.requests())
        if re.match(r"credmint (serve|exec)", block):
            program.need_server()
        stays = re.match(r"credmint (serve|update(?! --once))", block)
        command = f"exec {block}" if stays else block
        for option in re.findall(r"serve|--status-port", block):
            command += f" {option.replace('serve', '--port')} 0"
        started = subprocess.Popen(
            ["/bin/sh", "-euc", command],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=die_with_parent,
        )
        if stays:
            wait_until(lambda: len(self.service.requests()) > earlier)
            started.send_signal(signal.SIGTERM)
        out, err = started.communicate(timeout=60)
        err = re.sub(rb"\Acredmint: not yet proven: .*\nhint: .*\n\Z", b"", err)
        self.assertEqual((started.returncode, err), (0, b""), f"{block}\n{out}")
        records = self.service.requests()[earlier:]
        reasons = [record["reason"] for record in records if record["method"] == "POST"]
        mints = re.search("credential-process|(?<!-)exec|serve|update|--mint", block)
        self.assertEqual(set(reasons), {"accepted"} if mints else set())


if __name__ == "__main__":
    unittest.main()
