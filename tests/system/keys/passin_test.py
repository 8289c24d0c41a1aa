#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sources of a PIN, an auth value or a passphrase, and their protection."""

import os
import unittest

from support import pki, program, token
from support.cases import each, expand
from support.strace import STRACE, need_strace
from support.system_test import MintTest, make_folder

PASSPHRASE = "correct horse 3917"


class PassinTest(MintTest):
    """An encrypted key file, whose passphrase tests pass in different ways."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    def setUp(self):
        super().setUp()
        self.secret(PASSPHRASE)
        self.write("web.pem", pki.pem(self.leaf))
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, PASSPHRASE))
        self.identity = ("--certificate", "web.pem", "--private-key", "web.key")

    def mint_with(self, source, **more):
        self.mint(*self.identity, "--passin", source, **more)

    def refuse(self, status, message, source, hint=None, **more):
        """Mints with this source, which must fail with and without --debug and show no secret."""
        flags = (*self.identity, "--passin", source)
        self.mint_fails_locally(status, message, *flags, hint=hint, **more)
        self.run_program(*self.arguments(*flags, "--debug"), **more)


@expand
class Sources(PassinTest):
    def test_pass(self):
        self.mint_with(f"pass:{PASSPHRASE}")

    def test_env(self):
        self.mint_with("env:WEB_KEY", env={"WEB_KEY": PASSPHRASE})

    @each(
        unix_line=PASSPHRASE + "\n",
        no_line_end=PASSPHRASE,
        windows_line=PASSPHRASE + "\r\n",
        more_lines=PASSPHRASE + "\nsecond line\n",
    )
    def test_file(self, contents):
        self.write("passphrase", contents)
        self.mint_with("file:passphrase")

    def test_file_by_absolute_path(self):
        self.mint_with(f"file:{self.write('passphrase', PASSPHRASE)}")

    def test_file_that_its_owner_can_only_read(self):
        self.write("passphrase", PASSPHRASE, mode=0o400)
        self.mint_with("file:passphrase")

    def test_stdin(self):
        self.mint_with("stdin", stdin=PASSPHRASE.encode() + b"\n")

    def test_fd(self):
        reader = self.pipe_with(PASSPHRASE + "\n")
        self.mint_with(f"fd:{reader}", pass_fds=(reader,))

    def test_fd_0(self):
        self.mint_with("fd:0", stdin=PASSPHRASE.encode())

    def test_file_that_is_a_pipe_as_shells_substitute_it(self):
        reader = self.pipe_with(PASSPHRASE + "\n")
        self.mint_with(f"file:/dev/fd/{reader}", pass_fds=(reader,))

    def test_cred(self):
        credentials = self.folder / "credentials"
        credentials.mkdir()
        (credentials / "web-key").write_text(PASSPHRASE + "\n")
        self.mint_with("cred:web-key", env={"CREDENTIALS_DIRECTORY": str(credentials)})

    def test_cred_with_the_mode_that_systemd_gives(self):
        credentials = self.folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "web-key").write_text(PASSPHRASE)
        (credentials / "web-key").chmod(0o440)
        self.mint_with("cred:web-key", env={"CREDENTIALS_DIRECTORY": str(credentials)})

    def pipe_with(self, text):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.write(writer, text.encode())
        os.close(writer)
        return reader


@expand
class SourcesThatFail(PassinTest):
    @each(
        bare=PASSPHRASE,
        unknown_kind=f"passphrase:{PASSPHRASE}",
        env_without_name="env:",
        file_without_name="file:",
        fd_without_number="fd:",
        fd_with_letters="fd:three",
        fd_negative="fd:-1",
        fd_too_large="fd:99999999999",
        cred_without_name="cred:",
        cred_that_leaves_its_folder="cred:../secret",
    )
    def test_malformed(self, source):
        self.refuse(program.USAGE, "--passin", source, hint="file:PATH")

    def test_empty(self):
        self.refuse(program.USAGE, "--passin: the value is empty", "")

    def test_env_that_is_not_set(self):
        self.refuse(program.KEY, "WEB_KEY is not set", "env:WEB_KEY", hint="export it")

    def test_env_that_is_empty(self):
        self.refuse(program.KEY, "web.key", "env:WEB_KEY", env={"WEB_KEY": ""})

    def test_file_that_is_not_there(self):
        self.refuse(program.KEY, "absent: No such file or directory", "file:./absent")

    def test_file_that_is_not_there_and_may_be_the_secret_itself(self):
        message = "the file named for a secret does not exist"
        self.refuse(program.KEY, message, f"file:{PASSPHRASE}", hint="file:./NAME")

    def test_file_that_is_empty(self):
        self.write("passphrase", "")
        self.refuse(program.KEY, "passphrase: it is empty", "file:passphrase")

    def test_file_that_is_a_folder(self):
        self.refuse(program.KEY, "Is a directory", "file:/tmp")

    def test_file_that_never_ends(self):
        self.refuse(program.KEY, "longer than 4096 bytes", "file:/dev/zero")

    @each(readable_by_all=0o644, readable_by_group=0o640, writable_by_all=0o602)
    def test_file(self, mode):
        self.write("passphrase", PASSPHRASE, mode=mode)
        self.refuse(program.KEY, f"{mode:04o}", "file:passphrase", hint="chmod 600 passphrase")

    def test_fd_that_is_not_open(self):
        self.refuse(program.KEY, "descriptor 77 is not open", "fd:77", hint="3<FILE")

    def test_stdin_that_is_empty(self):
        self.refuse(program.KEY, "it is empty", "stdin", stdin=b"")

    def test_cred_outside_a_service(self):
        self.refuse(
            program.KEY, "CREDENTIALS_DIRECTORY is not set", "cred:web-key", hint="LoadCredential"
        )

    def test_cred_that_is_not_there(self):
        env = {"CREDENTIALS_DIRECTORY": str(self.folder)}
        self.refuse(program.KEY, "there is no credential 'web-key'", "cred:web-key", env=env)

    def test_none_at_all(self):
        self.mint_fails_locally(
            program.KEY, "web.key: the file needs a passphrase", *self.identity, hint="--passin"
        )

    def test_the_wrong_passphrase(self):
        wrong = self.secret("battery staple")
        self.refuse(program.KEY, "web.key: it cannot be decrypted", f"pass:{wrong}")

    def test_two_at_once(self):
        self.mint_fails_locally(
            program.USAGE,
            "--passin and --pkcs8-password exclude each other",
            *self.identity,
            *("--passin", f"pass:{PASSPHRASE}", "--pkcs8-password", PASSPHRASE),
        )


class TokenPinTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.env = self.original.copy(self.folder / "t").env
        self.secret(token.PIN)
        self.write("web.pem", pki.pem(self.leaf))

    def flags(self, *pin_flags, uri="pkcs11:token=test;object=web"):
        key = ("--certificate", "web.pem", "--private-key", uri, "--pkcs11-lib", token.MODULE)
        return (*key, *pin_flags)


class TokenPin(TokenPinTest):
    def test_pass(self):
        self.mint(*self.flags("--passin", f"pass:{token.PIN}"))

    def test_env(self):
        self.mint(*self.flags("--passin", "env:PIN"), env={"PIN": token.PIN})

    def test_file(self):
        self.write("pin", token.PIN + "\n")
        self.mint(*self.flags("--passin", "file:pin"))

    def test_stdin(self):
        self.mint(*self.flags("--passin", "stdin"), stdin=token.PIN.encode())

    def test_fd(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        os.write(writer, token.PIN.encode())
        os.close(writer)
        self.mint(*self.flags("--passin", f"fd:{reader}"), pass_fds=(reader,))

    def test_cred(self):
        self.write("pin", token.PIN)
        env = {"CREDENTIALS_DIRECTORY": str(self.folder)}
        self.mint(*self.flags("--passin", "cred:pin"), env=env)

    def test_a_file_that_others_can_read(self):
        self.write("pin", token.PIN, mode=0o644)
        self.mint_fails_locally(
            *(program.KEY, "0644", *self.flags("--passin", "file:pin")), hint="chmod 600 pin"
        )


class PinInTheUri(TokenPinTest):
    """The attributes pin-value and pin-source of RFC 7512."""

    URI = "pkcs11:token=test;object=web"

    def mint_with_uri(self, uri, *more, **keywords):
        self.mint(*self.flags(*more, uri=uri), **keywords)

    def refuse(self, status, message, uri, hint=None):
        self.mint_fails_locally(status, message, *self.flags(uri=uri), hint=hint)
        self.run_program(*self.arguments(*self.flags("--debug", uri=uri)))

    def test_pin_value(self):
        self.mint_with_uri(f"{self.URI}?pin-value={token.PIN}")

    def test_pin_value_encoded(self):
        encoded = "".join(f"%{byte:02x}" for byte in token.PIN.encode())
        self.secret(encoded)
        self.mint_with_uri(f"{self.URI}?pin-value={encoded}")

    def test_pin_value_among_other_attributes(self):
        self.mint_with_uri(f"{self.URI}?module-path={token.MODULE}&pin-value={token.PIN}")

    def test_pin_value_wins_over_passin(self):
        self.mint_with_uri(f"{self.URI}?pin-value={token.PIN}", "--passin", "pass:not-this-one")

    def test_pin_value_is_not_shown_by_debug(self):
        uri = f"{self.URI}?pin-value={token.PIN}"
        result = self.run_program(*self.arguments(*self.flags("--debug", uri=uri)))
        self.assertEqual(result.status, program.SUCCESS)

    def test_pin_value_is_in_no_system_call(self):
        """Auditing tools record file names, and a URI could be opened as a file by mistake."""
        need_strace()
        trace = self.folder / "trace"
        strace = (STRACE, "-f", "-s", "9999", "-e", "trace=%file,write", "-o", str(trace))
        self.mint_with_uri(f"{self.URI}?pin-value={token.PIN}", wrapper=strace)
        lines = trace.read_text(errors="replace").splitlines()
        self.assertIn("execve(", lines[0])
        self.assertEqual([line for line in lines[1:] if token.PIN in line], [])

    def test_pin_source_path(self):
        path = self.write("pin", token.PIN + "\n")
        self.mint_with_uri(f"{self.URI}?pin-source={path}")

    def test_pin_source_file_uri(self):
        path = self.write("pin", token.PIN)
        self.mint_with_uri(f"{self.URI}?pin-source=file:{path}")

    def test_pin_source_file_uri_with_slashes(self):
        path = self.write("pin", token.PIN)
        self.mint_with_uri(f"{self.URI}?pin-source=file://{path}")

    def test_pin_source_of_the_certificate_serves_the_key_too(self):
        path = self.write("pin", token.PIN)
        copy = self.original.copy(self.folder / "u")
        copy.write_certificate(self.leaf)
        self.mint(
            *("--certificate", f"{self.URI}?pin-source={path}", "--pkcs11-lib", token.MODULE),
            env=copy.env,
        )

    def test_pin_source_that_others_can_read(self):
        path = self.write("pin", token.PIN, mode=0o644)
        uri = f"{self.URI}?pin-source={path}"
        self.refuse(program.KEY, "0644", uri, hint=f"chmod 600 {path}")

    def test_pin_source_that_is_not_there(self):
        uri = f"{self.URI}?pin-source=/nonexistent/pin"
        self.refuse(program.KEY, "/nonexistent/pin: No such file", uri)

    def test_pin_source_that_is_a_command(self):
        uri = f"{self.URI}?pin-source=%7Ccat%20pin"
        self.refuse(program.USAGE, "a command as the source of a PIN is not supported", uri)

    def test_pin_source_and_pin_value(self):
        uri = f"{self.URI}?pin-source=/pin&pin-value={token.PIN}"
        self.refuse(program.KEY, "names its PIN twice", uri)

    def test_pin_value_twice(self):
        uri = f"{self.URI}?pin-value={token.PIN}&pin-value={token.PIN}"
        self.refuse(program.KEY, "names its PIN twice", uri)

    def test_pin_value_malformed(self):
        self.refuse(program.KEY, "'%'", f"{self.URI}?pin-value={token.PIN}%4")


if __name__ == "__main__":
    unittest.main()
