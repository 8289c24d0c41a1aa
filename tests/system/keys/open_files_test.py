#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Files with keys, secrets or trust settings that other users may read or write."""

import json
import os
import shutil
import subprocess
import unittest

from support import pki, program, token
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import MintTest


@expand
class OpenFiles(MintTest):
    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()

    def refuse(self, name, *arguments, **more):
        self.fail_with(
            program.LOCAL_IO,
            f"{name} is writable by everyone (mode 0{self.mode(name):o})",
            *arguments,
            hint=f"chmod o-w {name}",
            **more,
        )

    def mode(self, name):
        return os.stat(self.folder / name).st_mode & 0o777

    def set_mode(self, name, mode):
        (self.folder / name).chmod(mode)

    @each(everybody=0o606, and_the_group=0o666, who_may_not_read=0o602)
    def test_a_private_key_that_is_written_by(self, mode):
        earlier = len(self.service.requests())
        self.set_mode("web.key", mode)
        self.refuse("web.key", *self.arguments(*self.identity))
        self.refuse("web.key", "sign-string", "--private-key", "web.key")
        self.assertEqual(len(self.service.requests()), earlier)

    def test_a_private_key_behind_a_link(self):
        self.set_mode("web.key", 0o666)
        (self.folder / "link").symlink_to("web.key")
        run = self.run_program("sign-string", "--private-key", "link")
        self.assertEqual(run.status, program.LOCAL_IO, str(run))

    def test_a_file_with_key_and_certificate(self):
        both = (self.folder / "web.key").read_bytes() + (self.folder / "web.pem").read_bytes()
        self.write("both.pem", both, mode=0o666)
        self.refuse("both.pem", *self.arguments("--certificate", "both.pem"))

    def test_a_certificate_may_be_written_by_everybody(self):
        self.set_mode("web.pem", 0o666)
        self.mint(*self.identity)

    @each(by_a_pipe=True, by_a_descriptor=False)
    def test_a_key_that_comes(self, by_a_pipe):
        contents = (self.folder / "web.key").read_bytes()
        if not by_a_pipe:
            return self.succeed("sign-string", "--private-key", "-", stdin=contents)
        os.mkfifo(self.folder / "pipe")
        self.set_mode("pipe", 0o666)
        writer = subprocess.Popen(["/bin/sh", "-c", "cat web.key > pipe"], cwd=self.folder)
        self.addCleanup(writer.wait)
        self.addCleanup(writer.kill)
        return self.succeed("sign-string", "--private-key", "pipe")

    @each(flag=True, variable=False)
    def test_a_ca_bundle_by(self, flag):
        self.write("ca.pem", pki.pem(self.root.certificate), mode=0o646)
        arguments = self.arguments(*self.identity, *(("--ca-bundle", "ca.pem") if flag else ()))
        self.refuse("ca.pem", *arguments, env={} if flag else {"AWS_CA_BUNDLE": "ca.pem"})
        self.set_mode("ca.pem", 0o664)
        self.succeed(*arguments, env={} if flag else {"AWS_CA_BUNDLE": "ca.pem"})

    def test_a_module_before_it_is_loaded(self):
        token.need_softhsm()
        program.need_back_end("pkcs11")
        run_tool("/usr/bin/cc", "-shared", "-fPIC", "-o", self.folder / "loud.so", self.loud())
        self.set_mode("loud.so", 0o757)
        path = str(self.folder / "loud.so")
        self.refuse(path, "list", "--pkcs11-lib", path)
        uri = f"pkcs11:object=web?module-path={path}"
        self.refuse(path, "sign-string", "--private-key", uri)
        self.assertFalse((self.folder / "out/loaded").exists())
        self.set_mode("loud.so", 0o755)
        self.run_program("list", "--pkcs11-lib", path)
        self.assertTrue((self.folder / "out/loaded").exists())

    def loud(self):
        """The source of a library that creates a file when it is loaded."""
        source = """
            #include <fcntl.h>
            #include <unistd.h>
            __attribute__((constructor)) static void run(void) {
              close(open("LOADED", O_CREAT | O_WRONLY, 0600));
            }
        """
        (self.folder / "out").mkdir(exist_ok=True)
        return self.write("loud.c", source.replace("LOADED", str(self.folder / "out/loaded")))

    def test_the_loadable_module_does_the_same(self):
        token.need_softhsm()
        program.need_back_end("pkcs11")
        made = token.Token(self.folder / "t")
        made.generate("EC:prime256v1")
        shutil.copy(token.MODULE, self.folder / "module.so")
        self.set_mode("module.so", 0o666)
        run = subprocess.run(
            ["/usr/bin/openssl", "storeutl", "-provider-path", os.environ["CREDMINT_MODULES"]]
            + ["-provider", "credmint-pkcs11", "-provider", "default", "-noout"]
            + [f"pkcs11:token=test?module-path={self.folder}/module.so"],
            env={"PATH": "/usr/bin:/bin", **made.env},
            capture_output=True,
            timeout=60,
            check=False,
        )
        self.assertIn(f"{self.folder}/module.so is writable by everyone", run.stderr.decode())

    @each(
        group=(0o640, "its group may read it (mode 0640)"),
        everybody=(0o644, "everybody may read it (mode 0644)"),
    )
    def test_a_private_key_that_can_be_read_by(self, case):
        mode, words = case
        self.set_mode("web.key", mode)
        self.mint(*self.identity)
        run = self.run_program(*self.arguments(*self.identity, "--debug"))
        self.assertIn(f" warning the private key in web.key: {words}\n", run.stderr)
        listed = self.succeed("list", "web.key").decode()
        self.assertIn(f"file web.key\n  warning: it holds a private key, and {words}\n", listed)
        (file,) = json.loads(self.succeed("list", "--json", "web.key"))["files"]
        self.assertEqual(file["warning"], words)

    def test_list_shows_what_is_refused(self):
        self.set_mode("web.key", 0o666)
        listed = self.succeed("list", "web.key").decode()
        self.assertIn("everybody may write it (mode 0666)", listed)

    def test_no_word_of_a_certificate_or_of_a_key_for_its_owner(self):
        self.set_mode("web.pem", 0o644)
        for name in ("web.pem", "web.key"):
            self.assertNotIn(b"warning", self.succeed("list", name))
        run = self.run_program(*self.arguments(*self.identity, "--debug"))
        self.assertNotIn("warning", run.stderr)


if __name__ == "__main__":
    unittest.main()
