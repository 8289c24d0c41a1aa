#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The recipe of the container image agrees with the sources, the page and the Kubernetes manifests.

scripts/image --test builds the image and runs it, which takes minutes.
"""

import json
import re
import unittest

from support import documents, kubernetes

SOURCE = documents.SOURCE
RECIPE = SOURCE / "packaging/container"
CONTAINERFILE = (RECIPE / "Containerfile").read_text()
SCRIPT = (SOURCE / "scripts/image").read_text()
FILL = (RECIPE / "fill").read_text()
PAGE = (SOURCE / "docs/guide/container.md").read_text()
LABEL = "org.opencontainers.image."
# Programs with which somebody who breaks in would look around.
SHELLS = re.compile(r"(^|/)(ba|da|z|k|a)?sh$|busybox|/s?bin/|python|perl|openssl$")


def instructions():
    """(name, text) of each line of the Containerfile; lines that continue are joined."""
    joined = CONTAINERFILE.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(None, 1)) for line in lines]


def only(name):
    (text,) = (text for each, text in instructions() if each == name)
    return text


def listed_files():
    """The paths of files.txt."""
    lines = (RECIPE / "files.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def loaded_libraries():
    text = (SOURCE / "packaging/loaded-libraries.txt").read_text()
    return re.findall(r"^(lib\S+) ", text, re.MULTILINE)


class Containerfile(unittest.TestCase):
    def test_begins_with_nothing_and_runs_nothing(self):
        """So no registry is asked, and an image for another architecture needs no emulation."""
        self.assertEqual(instructions()[0], ("FROM", "scratch"))
        names = {name for name, _ in instructions()}
        self.assertLessEqual(
            names,
            {"FROM", "ARG", "LABEL", "COPY", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD"},
        )
        self.assertEqual(only("COPY"), ". /")

    def test_labels(self):
        labels = dict(re.findall(r'(\S+)="([^"]*)"', only("LABEL")))
        self.assertEqual(
            {name.removeprefix(LABEL) for name in labels},
            {"title", "description", "version", "revision", "created"},
        )
        self.assertEqual(labels[f"{LABEL}title"], "credmint")
        for name in ("version", "revision", "created"):
            argument = name.upper()
            self.assertEqual(labels[LABEL + name], f"${argument}")
            self.assertIn(("ARG", argument), instructions())
            self.assertIn(f'--build-arg "{argument}=$', SCRIPT)

    def test_the_user_is_a_number_and_not_root(self):
        user, group = only("USER").split(":")
        self.assertRegex(user + group, r"\A[1-9]\d+\Z")
        passwd = (RECIPE / "etc/passwd").read_text()
        self.assertIn(f"\ncredmint:x:{user}:{group}:", passwd)
        self.assertIn(f"\ncredmint:x:{group}:", (RECIPE / "etc/group").read_text())

    def test_the_program_needs_no_shell(self):
        """The form with brackets is executed as it is."""
        self.assertEqual(json.loads(only("ENTRYPOINT")), ["/usr/bin/credmint"])
        self.assertEqual(json.loads(only("CMD")), ["serve"])
        self.assertEqual(only("ENV"), "PATH=/usr/bin")


class Files(unittest.TestCase):
    def test_each_loaded_library_but_the_one_that_is_linked_in(self):
        """`fill` reads the same list as the packages."""
        self.assertIn("-Dlibcurl=bundled", SCRIPT)
        without = re.findall(r"grep -v '\^(\w+)\\\.'", FILL)
        self.assertEqual(without, ["libcurl"])
        self.assertIn("loaded-libraries.txt", FILL)
        self.assertIn("libcurl.so.4", loaded_libraries())

    def test_no_file_is_listed_twice(self):
        names = [path.rsplit("/", 1)[-1] for path in listed_files()]
        libraries = [name for name in names if ".so" in name] + loaded_libraries()
        self.assertEqual(len(libraries), len(set(libraries)))
        self.assertEqual(len(listed_files()), len(set(listed_files())))

    def test_there_is_no_shell(self):
        for path in listed_files():
            self.assertNotRegex(path, SHELLS)
        programs = re.findall(r"install -m 755 \S+ \"\$image(\S+)\"", FILL)
        self.assertEqual(programs, ["/usr/bin/credmint"])

    def test_the_default_module_is_there(self):
        """Without a module of its own, a `pkcs11:` URI leads to the server of the variable."""
        (path,) = re.findall(r"-Ddefault_pkcs11_module=/usr/lib/\$triplet/(\S+?)\"", SCRIPT)
        self.assertIn(f"LIB/{path}", listed_files())

    def test_licences_of_what_is_compiled_in(self):
        """Header-only libraries leave no file that would name their package."""
        packages = (SOURCE / "packaging/debian/control").read_text()
        needed = set(re.findall(r"\b(lib\S+-dev|nlohmann-json3-dev)\b", packages))
        loaded = {"libcurl4-openssl-dev", "libmicrohttpd-dev", "libp11-kit-dev", "libtss2-dev"}
        linked = {"libssl-dev"}
        documented = {path.split("/")[4] for path in listed_files() if "/doc/" in path}
        self.assertEqual(documented, needed - loaded - linked | {"libstdc++6"})


class Agreement(unittest.TestCase):
    def test_with_the_kubernetes_manifests(self):
        """The name of the image, its user and the command."""
        name = re.search(r'--tag "([^:"]+):', SCRIPT)[1]
        user, group = only("USER").split(":")
        workloads = [loaded for loaded in kubernetes.files().values() if "spec" in loaded]
        pods = [each["spec"].get("template", {}).get("spec", {}) for each in workloads]
        found = [
            (pod, container)
            for pod in pods
            for container in (*pod.get("initContainers", ()), *pod.get("containers", ()))
            if container["image"] == f"{name}:VERSION"
        ]
        self.assertEqual(len(found), 2)
        for pod, container in found:
            users = {**pod["securityContext"], **container["securityContext"]}
            self.assertEqual((users["runAsUser"], users["runAsGroup"]), (int(user), int(group)))
            self.assertEqual(container["command"], ["credmint"])
            self.assertEqual(container["args"][0], json.loads(only("CMD"))[0])

    def test_with_the_page(self):
        user, _ = only("USER").split(":")
        for text in (f"`{user}`", "credmint serve --check", "P11_KIT_SERVER_ADDRESS", "/etc/credmint"):
            self.assertIn(text, PAGE)

    def test_no_registry_is_named(self):
        for text in (CONTAINERFILE, SCRIPT, FILL, PAGE):
            self.assertNotRegex(text, r"\b[\w-]+\.(io|com|org|net)/")


if __name__ == "__main__":
    unittest.main()
