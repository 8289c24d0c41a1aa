#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The files for a public forge. Workflows only run scripts of the repository, and forms ask for
what helps. Vulnerabilities have a private way. The changelog has the known form, and the version
one place.
"""

import os
import re
import shlex
import unittest

import yaml

from support.documents import SOURCE
from support.system_test import SystemTest

GITHUB = SOURCE / ".github"
WORKFLOWS = {path.name: yaml.safe_load(path.read_text()) for path in GITHUB.glob("workflows/*")}
FORMS = {
    path.name: yaml.safe_load(path.read_text())
    for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml")
    if path.name != "config.yml"
}
# A container has no git, which the checkout needs before any script is there.
BEFORE_THE_CHECKOUT = "apt-get -qq update && apt-get -qq install -y git"
CHECKOUT = "actions/checkout@v4"
# Tools that may stand before a script, or prepare one.
PREFIXES = (["setarch", "--addr-no-randomize"],)
PREPARES_LINT = "meson setup build -Dunity=on -Dunity_size=1000"
# These formats demand a version of their own. Each is there once there are such packages.
FORMATS = {
    "packaging/debian/changelog": r"^credmint \(([\d.]+)-",
    "packaging/rpm/credmint.spec": r"^Version: *([\d.]+)$",
}
BUILT = ("src", "providers", "scripts", "systemd", "completions", "docs/man", ".github")


def version():
    (found,) = re.findall(r"^  version: '([\d.]+)',$", (SOURCE / "meson.build").read_text(), re.M)
    return found


def jobs():
    for name, workflow in WORKFLOWS.items():
        for job, contents in workflow["jobs"].items():
            yield f"{name}: {job}", contents


class Workflows(unittest.TestCase):
    def test_there_are_two_which_may_only_read(self):
        self.assertEqual(set(WORKFLOWS), {"tests.yml", "packages.yml"})
        for name, workflow in WORKFLOWS.items():
            self.assertEqual(workflow["permissions"], {"contents": "read"}, name)
            self.assertIn("pull_request", workflow[True], name)  # YAML 1.1 reads "on" as true
            self.assertNotIn("pull_request_target", workflow[True], name)

    def test_run_only_scripts_that_exist(self):
        for name, job in jobs():
            first, second, *others = job["steps"]
            self.assertEqual(first, {"run": BEFORE_THE_CHECKOUT}, name)
            self.assertEqual(second, {"uses": CHECKOUT}, name)
            for step in others:
                self.assertEqual(list(step), ["run"], name)
                if step["run"] != PREPARES_LINT:
                    self.check_script(step["run"])

    def check_script(self, line):
        words = shlex.split(re.sub(r"\$\{\{ matrix\.\w+ \}\}", "X", line))
        for prefix in PREFIXES:
            if words[: len(prefix)] == prefix:
                words = words[len(prefix) :]
        script = SOURCE / words[0]
        if script.name == "package" and not (SOURCE / "packaging" / "debian").exists():
            return  # it comes with the packages
        self.assertTrue(script.is_file() and os.access(script, os.X_OK), line)
        self.assertEqual(script.parent, SOURCE / "scripts", line)
        self.assertNotRegex(line, r"[;&|<>`]|\$\(", "one script, and no shell")
        flags = [word for word in words[1:] if word.startswith("--")]
        for flag in flags:
            self.assertIn(flag, script.read_text(), line)

    def test_cover_both_releases_and_both_sanitizers(self):
        matrices = {name: job.get("strategy", {}).get("matrix") for name, job in jobs()}
        releases = {"debian": ["bookworm", "trixie"]}
        self.assertEqual(matrices["tests.yml: tests"], releases)
        self.assertEqual(matrices["packages.yml: packages"], releases)
        sanitizers = {"sanitizer": ["thread", "address"]}
        self.assertEqual(matrices["tests.yml: sanitizers"], sanitizers)
        self.assertIn("scripts/test-sanitizers", str(WORKFLOWS["tests.yml"]))

    def test_end_in_time_and_use_values_of_their_own_only(self):
        for name, job in jobs():
            self.assertIn(job["timeout-minutes"], range(10, 361), name)
        for path in GITHUB.glob("workflows/*"):
            for value in re.findall(r"\$\{\{ *(.*?) *\}\}", path.read_text()):
                self.assertRegex(value, r"\A(matrix\.\w+|github\.ref)\Z", path.name)


class Issues(SystemTest):
    TYPES = {"markdown", "textarea", "input", "dropdown", "checkboxes"}

    def test_forms_are_whole(self):
        self.assertEqual(set(FORMS), {"failure.yml", "idea.yml"})
        for name, form in FORMS.items():
            self.assertLessEqual(set(form), {"name", "description", "labels", "body"}, name)
            self.assertTrue(form["name"] and form["description"], name)
            asked = [each for each in form["body"] if each["type"] != "markdown"]
            ids = [each["id"] for each in asked]
            self.assertEqual(len(ids), len(set(ids)), name)
            for each in form["body"]:
                self.assertIn(each["type"], self.TYPES, name)
                wanted = "value" if each["type"] == "markdown" else "label"
                self.assertIn(wanted, each["attributes"])

    def test_nothing_is_asked_without_a_form(self):
        config = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "config.yml").read_text())
        self.assertEqual(config, {"blank_issues_enabled": False})

    def test_a_failure_needs_a_redacted_report(self):
        """The commands that it asks for exist."""
        (report,) = (each for each in FORMS["failure.yml"]["body"] if each.get("id") == "doctor")
        self.assertTrue(report["validations"]["required"])
        asked = re.findall(
            r"^ *placeholder: credmint (.*)$",
            (GITHUB / "ISSUE_TEMPLATE" / "failure.yml").read_text(),
            re.M,
        )
        self.assertEqual(asked, ["doctor --redact", "version --verbose"])
        for command in asked:
            name, flag = command.split()
            self.assertIn(f"  {flag}", self.succeed(name, "--help").decode())

    def test_vulnerabilities_are_no_issues(self):
        text = (SOURCE / "SECURITY.md").read_text()
        titles = re.findall(r"^## (.*)$", text, re.M)
        self.assertEqual(titles[:2], ["Reporting", "Supported versions"])
        self.assertIn("Report a\nvulnerability", text)
        self.assertIn("SECURITY.md", (GITHUB / "ISSUE_TEMPLATE" / "failure.yml").read_text())
        self.assertIn("(SECURITY.md)", (SOURCE / "CONTRIBUTING.md").read_text())

    def test_nobody_owns_code(self):
        for folder in ("", ".github", "docs"):
            self.assertFalse((SOURCE / folder / "CODEOWNERS").exists())


class Changelog(unittest.TestCase):
    """https://keepachangelog.com/en/1.1.0/"""

    KINDS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]

    def test_has_known_headings(self):
        text = (SOURCE / "CHANGELOG.md").read_text()
        releases = re.findall(r"^## (.*)$", text, re.M)
        self.assertEqual(releases[0], "[Unreleased]")
        for release in releases[1:]:
            self.assertRegex(release, r"\A\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d\Z")
        for part in re.split(r"^## .*$", text, flags=re.M)[1:]:
            kinds = re.findall(r"^### (.*)$", part, re.M)
            self.assertEqual(kinds, [kind for kind in self.KINDS if kind in kinds])


class Version(SystemTest):
    def test_of_the_program_is_that_of_meson(self):
        self.assertEqual(self.succeed("version").decode().split()[-1], version())

    def test_is_in_no_other_file_that_is_built_or_run(self):
        number = re.compile(rb"(?<![\d.])" + re.escape(version()).encode() + rb"(?![\d.])")
        found = [
            str(path.relative_to(SOURCE))
            for folder in BUILT
            for path in (SOURCE / folder).rglob("*")
            if path.is_file() and number.search(path.read_bytes())
        ]
        self.assertEqual(found, [])

    def test_agrees_where_a_format_demands_it(self):
        for name, pattern in FORMATS.items():
            path = SOURCE / name
            if path.exists():
                found = re.search(pattern, path.read_text(), re.M)
                self.assertEqual(found[1], version(), name)


if __name__ == "__main__":
    unittest.main()
