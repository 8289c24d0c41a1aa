#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""scripts/release in its quick form: sources, bill of materials, checksums and signatures.

The release is of a small repository with the scripts of this one. CREDMINT_BUILD names its build
folder. The commands readelf and openssl check what it made.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import unittest

from cryptography.hazmat.primitives import serialization

from support import documents, pki
from support.processes import ENDING_WITH_PARENT, run_tool
from support.requirements import miss, need, provider_modules
from support.system_test import make_folder
from support.token import Token
from support.tpm import Tpm

SOURCE = documents.SOURCE
VERSION = re.search(r"^  version: '(.*)',$", (SOURCE / "meson.build").read_text(), re.MULTILINE)[1]
COPIED = (
    *("meson.build", "packaging/loaded-libraries.txt"),
    *("scripts/release", "scripts/sbom", "scripts/source_archive.sh"),
)
PROGRAM = "src/cli/credmint"
# From the list of SPDX: those that scripts/sbom may give.
SPDX_IDS = set(
    """
    Apache-2.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC0-1.0 GPL-1.0-only GPL-1.0-or-later GPL-2.0-only
    GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only
    LGPL-2.1-or-later LGPL-3.0-only LGPL-3.0-or-later MIT OLDAP-2.8 Zlib curl
    """.split()
)
QUICK = ("--without-packages", "--without-images")
# Both releases of Debian have the program's sources in a file of the same name.
PACKAGE = """#!/bin/sh
for release in bookworm trixie; do
  mkdir -p "$2/$release-amd64"
  cd "$2/$release-amd64"
  echo sources >credmint_1.orig.tar.xz
  touch credmint_1-1~$release.debian.tar.xz credmint_1-1~$release.dsc
  touch credmint_1-1~${release}_amd64.deb credmint_1-1~${release}_amd64.changes
  [ -z "$OTHER_SOURCES" ] || echo $release >credmint_1.orig.tar.xz
done
"""
GIT = ("/usr/bin/git", "-c", "user.name=test", "-c", "user.email=test@example.com")


class Repository:
    """A git repository with what scripts/release reads, in a commit."""

    def __init__(self, folder, changelog=f"## [{VERSION}] - 2026-01-02\n", package=None):
        """`package` is a script in the place of scripts/package."""
        self.folder = folder
        for name in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, folder / name)
        (folder / "CHANGELOG.md").write_text(changelog)
        if package:
            (folder / "scripts/package").write_text(package)
            (folder / "scripts/package").chmod(0o755)
        run_tool(*GIT, "init", "-q", cwd=folder)
        run_tool(*GIT, "add", ".", cwd=folder)
        run_tool(*GIT, "commit", "-q", "-m", "all", cwd=folder)

    def release(self, *arguments, version=VERSION, env=None, umask=0o022, without=QUICK):
        """Runs the script, by default in its quick form; returns the finished process."""
        build = os.environ.get("CREDMINT_BUILD") or miss("CREDMINT_BUILD is not set")
        return subprocess.run(
            [
                *ENDING_WITH_PARENT,
                *(self.folder / "scripts/release", version, "--build", build),
                *without,
                *map(str, arguments),
            ],
            cwd=self.folder.parent,
            env={"PATH": "/usr/bin:/bin:/sbin", "HOME": str(self.folder), **(env or {})},
            capture_output=True,
            text=True,
            umask=umask,
            timeout=200,
            check=False,
        )


def need_tools():
    need("/usr/bin/git", "git")
    need("/usr/bin/meson", "meson")
    need("/usr/bin/dpkg-query", "dpkg")
    need("/usr/bin/readelf", "binutils")


def write_certificate(public_key, path):
    certificate = pki.make_root().issue(public_key, "release")
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def verifies(path, certificate):
    """Asks the openssl command, which knows nothing of credmint's modules here."""
    command = (
        *("/usr/bin/openssl", "cms", "-verify", "-binary", "-inform", "DER", "-nointern"),
        *("-noverify", "-certfile", certificate, "-content", path, "-in", f"{path}.p7s"),
        *("-out", "/dev/null"),
    )
    return subprocess.run(command, env={}, capture_output=True, check=False).returncode == 0


def needed(path):
    text = run_tool("/usr/bin/readelf", "-d", path).decode()
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))


def found_by_loader():
    text = run_tool("/sbin/ldconfig", "-p").decode()
    return dict(re.findall(r"\t(\S+) \(.*=> (\S+)", text)[::-1])  # the first one wins


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_tools()
        cls.folder = make_folder(cls)
        token = Token(cls.folder / "token", label="release")
        cls.certificate = cls.folder / "release.pem"
        write_certificate(token.generate("EC:prime256v1"), cls.certificate)
        (cls.folder / "pin").write_text(token.pin)
        cls.output = cls.folder / "out"
        (cls.folder / "repository").mkdir()
        cls.repository = Repository(cls.folder / "repository")
        cls.signing = (
            *("--key", f"pkcs11:token=release;object=web?module-path={token.module}"),
            *("--certificate", cls.certificate, "--passin", f"file:{cls.folder}/pin"),
        )
        cls.env = token.env
        done = cls.repository.release("--output", cls.output, *cls.signing, env=cls.env)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        cls.bill = json.loads((cls.output / f"credmint-{VERSION}.cdx.json").read_text())

    def test_files(self):
        names = {f"credmint-{VERSION}.tar.xz", f"credmint-{VERSION}.cdx.json", "SHA256SUMS"}
        signed = names | {f"{name}.p7s" for name in names}
        self.assertEqual({path.name for path in self.output.iterdir()}, signed)

    def test_sources(self):
        with tarfile.open(self.output / f"credmint-{VERSION}.tar.xz") as archive:
            members = [member for member in archive if member.isfile()]
        self.assertEqual(
            {member.name.removeprefix(f"credmint-{VERSION}/") for member in members},
            {*COPIED, "CHANGELOG.md"},
        )
        self.assertEqual({member.uid for member in members}, {0})

    def test_checksums(self):
        lines = (self.output / "SHA256SUMS").read_text().splitlines()
        sums = dict(reversed(line.split("  ")) for line in lines)
        files = [p for p in self.output.iterdir() if p.suffix != ".p7s" and p.name != "SHA256SUMS"]
        self.assertEqual(
            sums, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
        )

    def test_signatures_hold_for_plain_openssl(self):
        for path in self.output.glob("*.p7s"):
            self.assertTrue(verifies(path.with_suffix(""), self.certificate), path.name)

    def test_a_changed_byte_is_noticed(self):
        folder = make_folder(self)
        for path in self.output.glob("*.p7s"):
            shutil.copy(path, folder)
            changed = bytearray(path.with_suffix("").read_bytes())
            changed[len(changed) // 2] ^= 1
            (folder / path.stem).write_bytes(changed)
            self.assertFalse(verifies(folder / path.stem, self.certificate), path.name)

    def test_another_certificate_is_noticed(self):
        other = make_folder(self) / "other.pem"
        write_certificate(pki.make_key().public_key(), other)
        self.assertFalse(verifies(self.output / "SHA256SUMS", other))

    def test_packages_of_two_releases_share_their_sources(self):
        repository = Repository(make_folder(self), package=PACKAGE)
        without, output = ("--without-images",), make_folder(self) / "out"
        done = repository.release("--output", output, without=without, env={"OTHER_SOURCES": "1"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("the releases of Debian have different files", done.stderr)
        self.assertFalse(output.exists())
        done = repository.release("--output", output, without=without, env={"OTHER_SOURCES": ""})
        self.assertEqual(done.returncode, 0, done.stderr)
        names = {path.name for path in output.iterdir() if path.name.startswith("credmint_")}
        each = {".debian.tar.xz", ".dsc", "_amd64.deb"}
        packages = {f"credmint_1-1~{r}{end}" for r in ("bookworm", "trixie") for end in each}
        self.assertEqual(names, packages | {"credmint_1.orig.tar.xz"})

    def test_a_second_run_gives_the_same_files(self):
        """With another umask, locale and time zone, in another folder of the same commit."""
        twin = make_folder(self) / "a twin"
        run_tool(*GIT, "clone", "-q", self.repository.folder, twin)
        repository = object.__new__(Repository)
        repository.folder = twin
        done = repository.release(
            *("--output", twin.parent / "out"),
            env={"TZ": "Asia/Tokyo", "LC_ALL": "C"},
            umask=0o077,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        for path in (twin.parent / "out").iterdir():
            self.assertEqual(path.read_bytes(), (self.output / path.name).read_bytes(), path.name)

    def test_required_fields_of_the_bill(self):
        """Those that CycloneDX 1.4 requires, and those without which a reader cannot look it up."""
        self.assertEqual(self.bill["bomFormat"], "CycloneDX")
        self.assertEqual(self.bill["specVersion"], "1.4")
        self.assertEqual(self.bill["version"], 1)
        self.assertRegex(
            self.bill["serialNumber"],
            r"^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        )
        own = self.bill["metadata"]["component"]
        self.assertEqual(own["type"], "application")
        self.assertEqual((own["name"], own["version"]), ("credmint", VERSION))
        parts = self.bill["components"]
        for part in parts:
            self.assertEqual(part["type"], "library")
            name = re.escape(part["name"])
            self.assertRegex(part["purl"], rf"^pkg:deb/debian/{name}@\S+\?arch=\w+&distro=\S+$")
            self.assertTrue(part["version"])
            for licence in part.get("licenses", []):
                self.assertTrue(licence["license"].get("name") or licence["license"].get("id"))
        licences = {part["name"].removesuffix("t64"): part.get("licenses", []) for part in parts}
        self.assertIn({"license": {"id": "Apache-2.0"}}, licences["libssl3"])
        self.assertIn({"license": {"id": "LGPL-2.1-or-later"}}, licences["libmicrohttpd12"])
        references = [part["bom-ref"] for part in parts]
        self.assertEqual(len(set(references)), len(references))
        self.assertEqual(self.bill["dependencies"][0]["ref"], own["bom-ref"])
        self.assertEqual(self.bill["dependencies"][0]["dependsOn"], references)

    def test_licences_of_the_bill(self):
        found = {}
        for part in self.bill["components"]:
            found[part["name"]] = [licence["license"] for licence in part.get("licenses", [])]
        licences = [licence for each in found.values() for licence in each]
        self.assertLessEqual({one["id"] for one in licences if "id" in one}, SPDX_IDS)
        self.assertIn({"id": "BSD-3-Clause"}, found["libp11-kit0"])
        self.assertIn({"id": "LGPL-2.1-or-later"}, found["libp11-kit0"])
        # A choice is none of its licences, and Debian uses this name for several texts.
        names = [one["name"] for one in licences if "name" in one]
        self.assertIn("LGPL-3+ or GPL-2+", names)
        self.assertNotIn("Expat", names)

    def listed(self):
        """{library: part} of the bill."""
        return {
            row["value"]: part
            for part in self.bill["components"]
            for row in part["properties"]
            if row["name"] == "credmint:library"
        }

    def check_closure(self, names):
        """Follows DT_NEEDED by readelf. A part's version is that of its package."""
        paths, listed, seen, waiting = found_by_loader(), self.listed(), set(), set(names)
        while waiting:
            name = waiting.pop()
            seen.add(name)
            self.assertIn(name, set(listed))
            waiting |= needed(paths[name]) - seen
            package = listed[name]["name"]
            versions = run_tool("/usr/bin/dpkg-query", "-W", "-f", "${Version}\n", package)
            self.assertIn(listed[name]["version"], versions.decode().split(), name)

    def test_linked_libraries_are_in_the_bill(self):
        build = pathlib.Path(os.environ["CREDMINT_BUILD"])
        files = [build / PROGRAM, *pathlib.Path(provider_modules()).glob("credmint-*.so")]
        names = set().union(*map(needed, files))
        self.assertIn("libcrypto.so.3", names)
        self.check_closure(names)

    def test_loaded_libraries_are_in_the_bill(self):
        text = (SOURCE / "packaging/loaded-libraries.txt").read_text()
        self.check_closure(re.findall(r"^(lib\S+) ", text, re.MULTILINE))

    def test_compiled_in_headers_are_in_the_bill(self):
        names = {part["name"] for part in self.bill["components"]}
        self.assertLessEqual({"libcli11-dev", "libexpected-dev", "nlohmann-json3-dev"}, names)

    def test_signs_with_a_tpm(self):
        folder = make_folder(self)
        tpm = Tpm(self, folder / "tpm")
        certificate = folder / "release.pem"
        write_certificate(tpm.make_persistent("0x81000001"), certificate)
        done = self.repository.release(
            *("--output", folder / "out", "--certificate", certificate),
            *("--key", "handle:0x81000001"),
            env={"TPM2OPENSSL_TCTI": tpm.tcti},
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(verifies(folder / "out/SHA256SUMS", certificate))

    def test_a_certificate_of_another_key_leaves_nothing(self):
        folder = make_folder(self)
        other = folder / "other.pem"
        write_certificate(pki.make_key().public_key(), other)
        arguments = [other if part == self.certificate else part for part in self.signing]
        done = self.repository.release("--output", folder / "out", *arguments, env=self.env)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual([path.name for path in folder.iterdir()], ["other.pem"])


class Refused(unittest.TestCase):
    def setUp(self):
        need_tools()
        self.folder = make_folder(self) / "repository"
        self.folder.mkdir()

    def check(self, message, **changes):
        changelog = changes.pop("changelog", f"## [{VERSION}]\n")
        repository = Repository(self.folder, changelog)
        changes.pop("before", lambda: None)()
        output = self.folder.parent / "out"
        done = repository.release("--output", output, **changes)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"scripts/release: {message}", done.stderr)
        self.assertFalse(output.exists())

    def test_another_version(self):
        self.check(f"meson.build has version {VERSION}, not 99.0.0", version="99.0.0")

    def test_a_changelog_without_a_section(self):
        self.check(f"CHANGELOG.md has no section [{VERSION}]", changelog="## [Unreleased]\n")

    def test_a_change_since_the_commit(self):
        def change():
            path = self.folder / "meson.build"
            path.write_text(path.read_text() + "#")

        self.check("there are changes", before=change)

    def test_a_new_file(self):
        self.check("there are changes", before=lambda: (self.folder / "new").write_text(""))

    def test_an_output_that_exists(self):
        (self.folder.parent / "out").write_text("")
        repository = Repository(self.folder)
        done = repository.release("--output", self.folder.parent / "out")
        self.assertEqual((done.returncode, (self.folder.parent / "out").read_text()), (1, ""))
        self.assertIn("exists", done.stderr)


if __name__ == "__main__":
    unittest.main()
