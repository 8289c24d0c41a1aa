#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A module that attacks: the sandbox of its process keeps it from credentials and from staying.

The same module runs under its own name, of which nothing is known, and under that of SoftHSM, which
needs little. A test shows that each attack works without a key process, so a denial is the
sandbox's doing.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import time
import unittest

from support import malicious, pki, program, token
from support.cases import each, expand
from support.system_test import MintTest, make_folder

KEY = "pkcs11:token=test;object=web"
# The signal, the limits and the files of another process need no sandbox to be out of reach for
# other users. Here both processes are of one user.
ON_PROCESSES = {
    *("proc-mem", "proc-environ", "proc-cmdline", "proc-maps", "proc-fd"),
    *("ptrace", "process_vm_readv", "pidfd_getfd", "signal", "limits", "priority"),
}
ON_THE_KERNEL = {"keyctl", "bpf", "mount", "unshare", "io_uring"}
TO_STAY = {"fork", "exec", "write-profile", "write-system", "write-new-dot-file", "write-program"}
SET_USER_ID = {"set-user-id", "set-user-id-of-a-descriptor", "set-user-id-from-the-start"}
ON_SECRETS = {
    f"{way}-{name}"
    for way in ("read", "write", "mode")
    for name in ("pin", "credentials", "cache", "key", "token", "certificate")
}


@expand
class MaliciousModule(MintTest):
    def setUp(self):
        super().setUp()
        self.write("web.pem", pki.pem(self.root.issue(pki.make_key().public_key())))
        self.write("pin", self.secret(token.PIN)).chmod(0o600)
        self.runtime = self.folder / "run"
        for name in ("run", "run/credmint", ".aws", ".ssh", "bin", "documents"):
            (self.folder / name).mkdir(mode=0o700)
        secrets = {
            "pin": self.folder / "pin",
            "credentials": self.write(".aws/credentials", "[default]\n"),
            "cache": self.write("run/credmint/entry", "{}"),
            "key": self.write(".ssh/id_ed25519", "key"),
            "token": self.write("run/credmint-token", "0" * 64),
            "certificate": self.folder / "web.pem",
        }
        files = {
            **secrets,
            "profile": self.write(".profile", "umask 022\n"),
            "system": pathlib.Path("/etc/credmint-attack"),
            "new-dot-file": self.folder / ".bash_login",
            "document": self.write("document", "text"),
            "program": self.folder / "bin/ls",
        }
        self.addCleanup(pathlib.Path("/etc/credmint-attack").unlink, missing_ok=True)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        path = self.folder / "socket"
        abstract = f"credmint-test-{os.getpid()}"
        for address in (str(path), f"\0{abstract}"):
            unix = socket.socket(socket.AF_UNIX)
            unix.bind(address)
            unix.listen()
            self.addCleanup(unix.close)
        self.env = {
            "MALICIOUS_FILES": ":".join(f"{name}={path}" for name, path in files.items()),
            "MALICIOUS_FOLDER": str(self.folder / "documents"),
            "MALICIOUS_PORT": str(listener.getsockname()[1]),
            "MALICIOUS_SOCKET": str(path),
            "MALICIOUS_ABSTRACT": abstract,
            "XDG_RUNTIME_DIR": str(self.runtime),
            "HOME": str(self.folder),
        }

    def attack(self, *flags, module=None, **more):
        """The attacks that work, and all outcomes, from a mint that the module fails in the end."""
        run = self.run_program(
            *self.arguments("--certificate", "web.pem", "--private-key", KEY, "--passin", "file:pin"),
            *("--pkcs11-lib", module or malicious.module(), "--debug", *flags),
            env=self.env, **more,
        )
        self.assertEqual(run.status, program.KEY, str(run))
        attacks = malicious.attacks(run.stderr + run.stdout.decode())
        return {name for name, outcome in attacks.items() if outcome == "works"}, attacks

    def as_softhsm(self):
        path = self.folder / "libsofthsm2.so"
        shutil.copy(malicious.module(), path)
        return path

    def assert_denied(self, attacks, denied):
        self.assertEqual({name: attacks[name] for name in denied if attacks[name] == "works"}, {})

    def test_all_works_without_a_key_process(self):
        """Except for what the kernel refuses to everybody."""
        self.env["MALICIOUS_MAIN"] = str(os.getpid())
        works, attacks = self.attack("--no-key-process")
        expected = ON_PROCESSES | ON_SECRETS | TO_STAY | {"loopback", "unix-socket", "abstract-socket"}
        self.assertEqual(expected - works - {"pidfd_getfd", "process_vm_readv"}, set(), attacks)

    def test_an_unknown_module(self):
        works, attacks = self.attack()
        denied = ON_PROCESSES | ON_THE_KERNEL | TO_STAY | ON_SECRETS | SET_USER_ID
        self.assert_denied(attacks, denied)
        self.assertNotIn("abstract-socket", works)
        # It may be the client of a network HSM, and may have its files anywhere.
        self.assertEqual(
            works - {"loopback", "unix-socket", "read-document", "write-document", "read-profile"},
            set(), attacks,
        )
        self.assertLessEqual({"loopback", "unix-socket", "read-document"}, works)

    def test_an_unknown_module_without_the_network(self):
        works, attacks = self.attack("--key-network=false")
        self.assertNotIn("loopback", works, attacks)
        self.assertIn("unix-socket", works, attacks)

    def test_a_known_module_has_its_token_only(self):
        works, attacks = self.attack(module=self.as_softhsm())
        # Its own folder holds libraries that it may need.
        self.assertEqual(works - {"read-document", "read-profile", "read-system"}, set(), attacks)

    def test_a_folder_that_is_mounted_twice(self):
        """A rule for the second mount would hold for the files below the first one, too."""
        other = self.folder / "documents/home"
        other.mkdir()
        mount = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
        wrapper = ("unshare", "--mount", "sh", "-c", mount, "sh", self.folder, other)
        if os.getuid() != 0:
            wrapper = (wrapper[0], "--map-root-user", *wrapper[1:])
        _, attacks = self.attack(wrapper=tuple(map(str, wrapper)))
        self.assert_denied(attacks, ON_SECRETS | {"write-profile", "write-program"})

    def test_the_configuration_file(self):
        lines = [f'[identity.web]\ncertificate = "{self.folder}/web.pem"']
        lines.append(f'private-key = "{KEY}"\npkcs11-lib = "{malicious.module()}"')
        lines.append(f'passin = "file:{self.folder}/pin"\n[role.web]')
        names = ("trust-anchor-arn", "profile-arn", "role-arn")
        given = self.arguments()
        for name in names:
            lines.append(f'{name} = "{given[given.index("--" + name) + 1]}"')
        path = self.write("own.toml", "\n".join(lines) + "\n")
        self.env["MALICIOUS_FILES"] = f"configuration={path}:pin={self.folder}/pin"
        run = self.run_program("credential-process", "--config", path, "--debug")
        attacks = malicious.attacks(run.stderr)
        self.assert_denied(
            attacks,
            {f"{way}-{name}" for way in ("read", "write") for name in ("configuration", "pin")},
        )

    def test_the_pin_of_a_role_that_sighup_adds(self):
        """Until then nobody can know that it is one."""
        program.need_server()
        given = self.arguments()
        session = "\n".join(
            f'{name} = "{given[given.index("--" + name) + 1]}"'
            for name in ("trust-anchor-arn", "profile-arn", "role-arn", "endpoint", "ca-bundle")
            if "--" + name in given
        )
        roles = []

        def add(name, pin, module):
            roles.append(f'[identity.{name}]\ncertificate = "{self.folder}/web.pem"')
            roles.append(f'private-key = "{KEY}"\npkcs11-lib = "{module}"')
            roles.append(f'passin = "file:{pin}"\n[role.{name}]\nidentity = "{name}"\n{session}')
            self.write("own.toml", "\n".join(roles) + "\n")

        later = self.write("documents/later", token.PIN)
        self.env["MALICIOUS_FILES"] = f"later={later}"
        add("one", self.folder / "pin", malicious.module())
        server = program.start(
            ("serve", "--port", "0", "--debug", "--config", "own.toml"), self.folder,
            program.environment(self.folder, self.env),
        )
        self.addCleanup(server.process.kill)
        time.sleep(2)
        add("two", later, "/nowhere.so")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(3)
        server.process.terminate()
        outcomes = re.findall("attack read-later: (.*)", server.finish().stderr)
        self.assertEqual((outcomes[0], outcomes[-1]), ("works", "Permission denied"))

    def test_what_was_denied_is_in_the_error(self):
        self.mint_fails_locally(
            program.KEY,
            "(the sandbox denied",
            *("--certificate", "web.pem", "--private-key", KEY, "--passin", "file:pin"),
            *("--pkcs11-lib", malicious.module(), "--key-network=false"),
        )


if __name__ == "__main__":
    unittest.main()
