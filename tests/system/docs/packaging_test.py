#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The files of the packages agree with the sources, with README.md and with each other.

Packages are built and tried by scripts/package, which takes minutes. CREDMINT_BUILD has the path of
the build folder, from which the files are installed.
"""

import fnmatch
import re
import subprocess
import unittest

from support import documents
from support.cases import each, expand
from support.installed import install
from support.requirements import need
from support.system_test import make_folder

SOURCE = documents.SOURCE
DEBIAN = SOURCE / "packaging/debian"
SPEC = (SOURCE / "packaging/rpm/credmint.spec").read_text()
MESON = (SOURCE / "meson.build").read_text()
CONTROL = (DEBIAN / "control").read_text()
STRENGTHS = ("Depends", "Recommends", "Suggests")
IN_RPM = {"Depends": "Requires"}
ALL_MODULES = {"credmint-pkcs11.so", "credmint-tpm2.so"}
# The TCTI `tabrmd` brings it, and a message of it is silenced.
NOT_OURS = {"libglib-2.0.so.0"}
MACROS = {
    "_bindir": "/usr/bin",
    "_datadir": "/usr/share",
    "_docdir": "/usr/share/doc",
    "_libdir": "/usr/lib/*",
    "_mandir": "/usr/share/man",
    "_sysusersdir": "/usr/lib/sysusers.d",
    "_unitdir": "/usr/lib/systemd/system",
    "name": "credmint",
}


def only(pattern, text):
    (found,) = re.findall(pattern, text, re.MULTILINE)
    return found


def loaded():
    """The rows of the list: (SONAME, strength, who loads it)."""
    text = (SOURCE / "packaging/loaded-libraries.txt").read_text()
    return re.findall(r"^(lib\S+) +(\w+) +(\S+)  ", text, re.MULTILINE)


def of(loader, strength):
    return {name for name, how, loaders in loaded() if how == strength and loader in loaders.split(",")}


class Versions(unittest.TestCase):
    VERSION = only(r"^  version: '(.*)',$", MESON)

    def test_of_debian(self):
        changelog = (DEBIAN / "changelog").read_text()
        newest = re.match(r"credmint \((.*)-\d+\) unstable; ", changelog)
        self.assertEqual(newest[1], self.VERSION)

    def test_of_the_rpm(self):
        self.assertEqual(only(r"^Version: +(\S+)$", SPEC), self.VERSION)
        newest = re.search(r"^%changelog\n\* .* - (\S+)-\d+$", SPEC, re.MULTILINE)
        self.assertEqual(newest[1], self.VERSION)


@expand
class LoadedLibraries(unittest.TestCase):
    def test_are_those_of_the_sources(self):
        """TCTIs are loaded by tpm2-tss, by the name that a user gives."""
        named = set()
        for folder in ("src", "providers"):
            for path in (SOURCE / folder).rglob("*.cc"):
                named |= set(re.findall(r'DynamicLibrary \w+\("(\S+)"', path.read_text()))
        listed = {name for name, _, _ in loaded() if "-tcti-" not in name}
        self.assertEqual(listed, named - NOT_OURS)

    @each(program=("program", "credmint"), modules=("modules", "credmint-openssl-modules"))
    def test_are_dependencies_in_debian(self, case):
        loader, package = case
        paragraph = only(rf"(?s)^Package: {package}\n(.*?)^Description", CONTROL)
        for strength in STRENGTHS:
            expected = [f"${{loaded:{strength}}}"] if of(loader, strength) else []
            fields = re.findall(rf"^{strength}: (.*)$", paragraph, re.MULTILINE)
            found = re.findall(r"\$\{loaded:\w+\}", "".join(fields))
            self.assertEqual(found, expected, strength)

    @each(program=("program", 0), modules=("modules", 1))
    def test_are_dependencies_in_the_rpm(self, case):
        loader, number = case
        paragraph = SPEC.split("%description")[number]
        for strength in STRENGTHS:
            tag = IN_RPM.get(strength, strength)
            found = re.findall(rf"^{tag}: +(\S+)%{{\?loaded_bits}}$", paragraph, re.MULTILINE)
            self.assertEqual(set(found), of(loader, strength), tag)

    def test_are_in_the_readme(self):
        """It names what is not merely suggested, as people know it."""
        text = only(r"(?s)^(Loaded when needed: .*?)\n\n", (SOURCE / "README.md").read_text())
        wanted = {re.sub(r"\.so.*", "", name) for name, how, _ in loaded() if how != "Suggests"}
        recommended = only(r"(?s)^Package: credmint\n.*?^Recommends: (.*?)$", CONTROL).split(", ")
        wanted |= {name for name in recommended if not name.startswith("$")}
        words = re.findall(r"\b(?:lib|ca-|p11-)[\w-]+", text)
        self.assertEqual(sorted(words), sorted(wanted))


class BuildDependencies(unittest.TestCase):
    def test_of_debian_are_those_of_the_script(self):
        build = only(r"(?s)^build=\((.*?)\)$", (SOURCE / "scripts/packages").read_text()).split()
        needed = only(r"(?s)^Build-Depends: (.*?)^$", CONTROL)
        names = re.findall(r"(?:^|,)\s*([\w.+-]+)", needed)
        self.assertEqual(
            {name for name in names if name.endswith("-dev")},
            {name for name in build if name.endswith("-dev")},
        )

    def test_of_the_rpm_are_those_of_meson(self):
        single = set(re.findall(r"= dependency\('([\w-]*\w)'", MESON)) - {"threads"}
        parts = re.findall(r"'(\w+)'", only(r"^foreach part : \[(.*)\]$", MESON))
        needed = re.findall(r"^BuildRequires: +(?:pkgconfig|cmake)\((\S+)\)", SPEC, re.MULTILINE)
        self.assertEqual(set(needed), single | {f"tss2-{part}" for part in parts})


class Files(unittest.TestCase):
    """Each file that is installed is in one package."""

    @classmethod
    def setUpClass(cls):
        root = install(cls)
        paths = (path for path in root.rglob("*") if path.is_symlink() or path.is_file())
        cls.installed = {f"/usr/{cls.below_prefix(path.relative_to(root))}" for path in paths}

    @staticmethod
    def below_prefix(path):
        return re.sub(r"^usr/(local/)?", "", str(path))

    def check(self, *packages):
        for path in self.installed:
            owners = sum(self.is_in(path, patterns) for patterns in packages)
            self.assertEqual(owners, 1, path)
        for pattern in sum(packages, []):
            self.assertTrue(any(self.is_in(path, [pattern]) for path in self.installed), pattern)

    @staticmethod
    def is_in(path, patterns):
        return any(fnmatch.fnmatch(path, p) or fnmatch.fnmatch(path, f"{p}/*") for p in patterns)

    def test_of_debian(self):
        names = ("credmint", "credmint-openssl-modules")
        texts = ((DEBIAN / f"{name}.install").read_text() for name in names)
        self.check(*([f"/{line.split()[0]}" for line in text.splitlines()] for text in texts))

    def test_of_the_rpm(self):
        spec = re.sub(r"%{(\w+)}", lambda macro: MACROS.get(macro[1], macro[0]), SPEC)
        lists = re.findall(r"(?s)^%files.*?\n(.*?)\n\n", spec, re.MULTILINE)
        lines = (re.sub(r"(?m)^%license .*\n|^%doc ", "", text).splitlines() for text in lists)
        self.check(*lines)

    def test_links_between_documents(self):
        """They lead to a document, or to sources and tests, which are not installed."""
        root = install(self)
        (folder,) = root.glob("usr/**/doc/credmint")
        pages = list(folder.rglob("*.md"))
        self.assertGreater(len(pages), 40)
        for page in pages:
            for link in re.findall(r'(?:\]\(|src(?:set)?=")([^):"#]+)[)"#]', page.read_text()):
                if not re.search(r"(^|/)(tests|man|findings)/", link):
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")


@expand
class Prefixes(unittest.TestCase):
    """Each is configured; nothing is compiled."""

    @classmethod
    def setUpClass(cls):
        need("/usr/bin/meson", "meson")

    def installed(self, *options):
        """The build folder, and what `meson introspect` says of the files that would be installed."""
        folder = make_folder(self)
        subprocess.run(
            ["/usr/bin/meson", "setup", folder, SOURCE, *options, "-Dtests=disabled"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(make_folder(self))},
            capture_output=True,
            check=True,
        )
        printed = subprocess.run(
            ["/usr/bin/meson", "introspect", "--installed", folder], capture_output=True, check=True
        )
        return folder, printed.stdout.decode()

    @each(
        pkcs11=("pkcs11", {"credmint-tpm2.so"}),
        tpm2=("tpm2", {"credmint-pkcs11.so"}),
        serve=("serve", {"credmint-pkcs11.so", "credmint-tpm2.so"}),
    )
    def test_what_is_disabled(self, case):
        option, modules = case
        _, text = self.installed(f"-D{option}=disabled")
        self.assertEqual(set(re.findall(r'/ossl-modules/([^"]*)"', text)) & ALL_MODULES, modules)
        self.assertIn('/bin/credmint"', text)

    @each(system="/usr", local="/usr/local", home="/home/alice/.local")
    def test_where_files_go(self, prefix):
        folder, text = self.installed(f"-Dprefix={prefix}")
        for path in (
            *("bin/credmint", "lib/systemd/system/credmint-serve.service"),
            *("lib/sysusers.d/credmint.conf", "share/man/man1/credmint.1"),
            *("share/doc/credmint/LICENSE", "share/doc/credmint/examples/config.toml"),
        ):
            self.assertIn(f'"{prefix}/{path}"', text)
        modules = only(r'"([^"]*/ossl-modules)/credmint-tpm2.so"', text)
        self.assertEqual(modules.startswith(f"{prefix}/lib"), not prefix.startswith("/usr/local"))
        self.assertNotIn("/ossl-modules/ossl-modules", modules)
        for unit in folder.rglob("credmint-*.service"):
            self.assertIn(f"\nExecStart={prefix}/bin/credmint ", unit.read_text())


if __name__ == "__main__":
    unittest.main()
