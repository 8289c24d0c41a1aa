# SPDX-License-Identifier: Apache-2.0
"""The host's configuration does not reach a test: tests/support/private_host.py.

These tests run on a simulated hostile host. Each environment variable that a tool reads has an
unusable value, and p11-kit's configuration has a critical module that does not exist.
"""

import json
import os
import pathlib
import subprocess
import sys
import unittest

import private_host
from support import program, token
from support.processes import die_with_parent
from support.requirements import miss
from support.system_test import make_folder

SOURCE = pathlib.Path(__file__).resolve().parents[3]
TAP = SOURCE / "tests" / "support" / "tap.py"
WRAPPER = SOURCE / "tests" / "support" / "private_host.py"
MODULES = "/usr/share/p11-kit/modules"

NOWHERE = "/nonexistent/of-the-host"
NAMES = """
AWS_ACCESS_KEY_ID AWS_CA_BUNDLE AWS_CONFIG_FILE AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_ENDPOINT_URL
AWS_ENDPOINT_URL_ROLESANYWHERE AWS_PROFILE AWS_REGION AWS_SHARED_CREDENTIALS_FILE
AWS_USE_DUALSTACK_ENDPOINT AWS_USE_FIPS_ENDPOINT CREDENTIALS_DIRECTORY LANG LC_ALL LD_LIBRARY_PATH
MISBEHAVING_MODULE NOTIFY_SOCKET OPENSC_CONF OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES
PKCS11SPY PKCS11_MODULE_PATH RUNTIME_DIRECTORY SOFTHSM2_CONF SSL_CERT_DIR SSL_CERT_FILE TCTI_PCAP_FILE
TMPDIR TPM2OPENSSL_TCTI TPM2TOOLS_TCTI TPM2_PKCS11_STORE TPM2_PKCS11_TCTI TPM_DEVICE TSS2_FAPICONF
TSS2_LOG TSS2_TCTI XDG_CACHE_HOME XDG_DATA_HOME XDG_RUNTIME_DIR
""".split()
PROXIES = ("all_proxy", "http_proxy", "https_proxy", "ALL_PROXY", "HTTPS_PROXY")


class HostileHost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        token.need_softhsm()
        for scheme in ("pkcs11", "handle"):
            program.need_back_end(scheme)
        cls.folder = make_folder(cls)
        configuration = cls.folder / ".config" / "pkcs11"
        cls.modules = configuration / "modules"
        cls.modules.mkdir(parents=True)
        cls.modules.joinpath("hostile.module").write_text(f"module: {NOWHERE}.so\ncritical: yes\n")
        configuration.joinpath("pkcs11.conf").write_text("user-config: only\n")
        for path in (".aws/config", ".config/credmint/config.toml", "python/cryptography.py"):
            (cls.folder / path).parent.mkdir(exist_ok=True)
            (cls.folder / path).write_text("this is no such file")
        kept = {name: value for name, value in os.environ.items() if name.startswith(("CREDMINT", "CI"))}
        cls.env = {
            **kept,
            **{name: NOWHERE for name in NAMES},
            **{name: "http://127.0.0.1:1" for name in PROXIES},
            "HOME": str(cls.folder),
            "XDG_CONFIG_HOME": str(cls.folder / ".config"),
            "P11_KIT_DEBUG": "all",
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(cls.folder / "python"),
        }

    def run_there(self, *command):
        """Runs a command on the hostile host. For root the module is in the packages' folder."""
        if os.getuid() == 0:
            if seen := os.environ.get(private_host.SEEN):
                miss(f"root cannot hide this host's PKCS#11 modules ({seen})")
            script = f'mount --bind "$0" {MODULES} && exec "$@"'
            command = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, self.modules, *command)
        return subprocess.run(
            [str(part) for part in command],
            cwd="/",
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=die_with_parent,
            check=False,
        )

    def run_test(self, name, pattern):
        return self.run_there(sys.executable, "-EsB", TAP, SOURCE / "tests" / "system" / name, pattern)

    def check_passes(self, name, pattern):
        result = self.run_test(name, pattern)
        shown = f"{name}\n{result.stdout}\n{result.stderr}"
        self.assertEqual((result.returncode, result.stderr), (0, ""), shown)
        self.assertIn("\nok 1 ", result.stdout, shown)
        self.assertNotIn("SKIP", result.stdout, shown)

    def test_breaks_a_program_that_is_not_alone(self):
        result = self.run_there(program.path(), "list")
        self.assertNotEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_is_not_seen_by_a_program(self):
        result = self.run_there(sys.executable, WRAPPER, program.path(), "list", "--json")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)

    def test_sets_no_variable(self):
        result = self.run_there(sys.executable, "-EsB", WRAPPER, "/usr/bin/env")
        names = {line.partition("=")[0] for line in result.stdout.splitlines()}
        kept = {name for name in names if name.startswith(("CREDMINT", "CI"))}
        self.assertEqual(names - kept, {"HOME", "LANG", "PATH"}, result.stdout)
        self.assertNotIn(str(self.folder), result.stdout)
        self.assertNotIn(NOWHERE, result.stdout)

    def test_does_not_reach_keys_on_tokens(self):
        self.check_passes("keys/list_test.py", "test_shows")

    def test_does_not_reach_the_openssl_command(self):
        self.check_passes("docs/first_certificate_test.py", "*")

    def test_does_not_reach_keys_in_files(self):
        self.check_passes("keys/mint_test.py", "test_the")

    def test_does_not_reach_keys_in_a_tpm(self):
        self.check_passes("tpm/tpm_list_test.py", "test_handles_are")

    def test_does_not_reach_clients(self):
        self.check_passes("serve/real_clients_test.py", "*")


class EveryTest(unittest.TestCase):
    """The commands of all tests, from meson's introspection."""

    def test_is_alone(self):
        build = os.environ.get("CREDMINT_BUILD") or miss("CREDMINT_BUILD does not name the build folder")
        for kind in ("tests", "benchmarks"):
            listed = json.loads(pathlib.Path(build, "meson-info", f"intro-{kind}.json").read_text())
            commands = {each["name"]: each["cmd"] for each in listed}
            commands.pop("layers", None)  # reads the sources and runs no program
            self.assertTrue(commands)
            for name, (interpreter, flags, script, *_) in commands.items():
                with self.subTest(name):
                    self.assertEqual((interpreter, flags), ("/usr/bin/python3", "-EsB"))
                    self.assertIn(pathlib.Path(script).name, (TAP.name, WRAPPER.name))
