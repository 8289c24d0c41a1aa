#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""update writes a profile to the shared credentials file; botocore and the AWS CLI read it."""

import errno
import fcntl
import json
import os
import random
import re
import signal
import stat
import subprocess
import time
import unittest

from support import load, pki, program, token
from support.cases import each, expand
from support.processes import die_with_parent
from support.requirements import need
from support.strace import STRACE, need_strace
from support.system_test import MintTest

AWS = "/usr/bin/aws"
KILLS = int(os.environ.get("CREDMINT_KILLS", "60"))
OTHERS = b"# mine\r\n[default]\r\nregion = eu-central-1\r\ns3 =\r\n  x = y\r\n[last]\r\na=b"
BOTOCORE_SCRIPT = """
import json, sys, botocore.session
sessions = [botocore.session.Session(profile=profile) for profile in sys.argv[1:]]
found = [session.get_credentials().get_frozen_credentials() for session in sessions]
print(json.dumps([credentials._asdict() for credentials in found]))
"""


class UpdateTest(MintTest):
    """The program's home is the test's folder."""

    def setUp(self):
        super().setUp()
        self.identity = self.write_identity()
        self.earlier = len(self.service.requests())

    def update_arguments(self, *flags):
        _, *rest = self.arguments(*self.identity, *flags)
        return ("update", *rest)

    def update(self, *flags, **more):
        """Updates once, which must succeed; returns the issued access key ID."""
        earlier = len(self.service.requests())
        stdout = self.succeed(*self.update_arguments("--once", *flags), **more)
        self.assertEqual(stdout, b"")
        (record,) = self.service.requests()[earlier:]
        self.assertEqual(record["reason"], "accepted")
        return record["access_key_id"]

    def update_fails(self, status, message, *flags, requests=0, **more):
        """Updates, which must fail, by default before anything is sent."""
        earlier = len(self.service.requests())
        arguments = self.update_arguments("--once", *flags)
        result = self.fail_with(status, message, *arguments, **more)
        self.assertEqual(len(self.service.requests()) - earlier, requests)
        return result

    def write_credentials(self, contents, mode=0o600):
        (self.folder / ".aws").mkdir(mode=0o700, exist_ok=True)
        return self.write(".aws/credentials", contents, mode)

    def credentials(self):
        return (self.folder / ".aws/credentials").read_bytes()

    def names(self):
        return {path.name for path in (self.folder / ".aws").iterdir()}

    def botocore(self, profile):
        """The credentials that botocore reads, as {access_key, secret_key, token}."""
        (credentials,) = self.botocore_for(profile)
        return credentials

    def botocore_for(self, *profiles):
        need("/usr/lib/python3/dist-packages/botocore", "python3-botocore")
        return json.loads(self.client("/usr/bin/python3", "-c", BOTOCORE_SCRIPT, *profiles))

    def client(self, *command):
        result = subprocess.run(
            command,
            env={**program.environment(self.folder), "AWS_EC2_METADATA_DISABLED": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout


class WhatIsWritten(UpdateTest):
    def test_a_file_and_a_folder_for_the_owner_alone(self):
        issued = self.update()
        self.assertEqual(self.botocore("default")["access_key"], issued)
        self.assertEqual(stat.S_IMODE((self.folder / ".aws").stat().st_mode), 0o700)
        self.assertEqual(stat.S_IMODE((self.folder / ".aws/credentials").stat().st_mode), 0o600)
        self.assertEqual(self.names(), {"credentials", ".credentials.credmint-lock"})

    def test_another_profile_and_nothing_else(self):
        self.write_credentials(OTHERS)
        issued = self.update("--profile", "web server")
        read = self.botocore("web server")
        self.assertEqual(read["access_key"], issued)
        self.assertTrue(read["secret_key"])
        self.assertTrue(read["token"])
        self.assertTrue(self.credentials().startswith(OTHERS + b"\r\n[web server]\r\n"))

    def test_every_time_anew(self):
        self.write_credentials(OTHERS)
        first = self.update()
        after_first = self.credentials()
        second = self.update()
        self.assertEqual(self.botocore("default")["access_key"], second)
        self.assertNotIn(first.encode(), self.credentials())
        lines = [line for line in after_first.splitlines() if line.startswith(b"aws_")]
        self.assertEqual(len(lines), 3)
        self.assertIn(b"[last]\r\na=b", self.credentials())

    def test_a_stale_security_token_goes(self):
        self.write_credentials("[default]\naws_security_token = stale\n")
        self.update()
        self.assertNotEqual(self.botocore("default")["token"], "stale")

    def test_the_aws_cli_reads_it(self):
        need(AWS, "awscli")
        issued = self.update("--profile", "web")
        exported = self.client(AWS, "configure", "export-credentials", "--profile", "web")
        credentials = json.loads(exported)
        self.assertEqual(credentials["AccessKeyId"], issued)
        self.assertTrue(credentials["SessionToken"])

    def test_the_file_that_the_environment_names(self):
        (self.folder / "real").mkdir()
        (self.folder / "link").symlink_to("real/file")
        issued = self.update(env={"AWS_SHARED_CREDENTIALS_FILE": "~/link"})
        self.assertIn(issued.encode(), (self.folder / "real/file").read_bytes())
        self.assertTrue((self.folder / "link").is_symlink())
        self.assertFalse((self.folder / ".aws").exists())

    def test_with_debug_a_line_tells_of_it(self):
        result = self.run_program(*self.update_arguments("--once", "--debug"))
        self.assertEqual((result.status, result.stdout), (program.SUCCESS, b""), str(result))
        path = f"{self.folder}/.aws/credentials"
        issued = self.last_request()["access_key_id"]
        self.assertIn(f"profile default of {path}: {issued}, valid until 20", result.stderr)
        written = self.botocore("default")
        self.assertNotIn(written["secret_key"], result.stderr)
        self.assertNotIn(written["token"], result.stderr)

    def test_nobody_is_asked_for_a_pin(self):
        made = token.Token(self.folder / "t")
        leaf = self.root.issue(made.generate("EC:prime256v1"))
        self.write("web.pem", pki.pem(leaf))
        self.env = made.env
        self.identity = ("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=web")
        self.update_fails(program.KEY, "needs a PIN and none was given")


@expand
class BadInput(UpdateTest):
    def test_a_directory(self):
        (self.folder / ".aws/credentials").mkdir(parents=True)
        self.update_fails(program.LOCAL_IO, ".aws/credentials is a directory")

    def test_a_fifo(self):
        (self.folder / ".aws").mkdir()
        os.mkfifo(self.folder / ".aws/credentials")
        self.update_fails(program.LOCAL_IO, ".aws/credentials is not a regular file")

    def test_a_device(self):
        env = {"AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
        self.update_fails(program.LOCAL_IO, "/dev/null is not a regular file", env=env)

    def test_50_megabytes(self):
        self.write_credentials(b"#" * 50_000_000)
        self.update_fails(program.LOCAL_IO, ".aws/credentials: it is longer than 1048576 bytes")
        self.assertEqual(len(self.credentials()), 50_000_000)

    @each(
        byte_order_mark=(b"\xef\xbb\xbf[a]\n", "line 1: the file begins with a byte order mark"),
        utf_16=("[a]\n".encode("utf-16"), "line 1: there is a NUL byte"),
        old_mac=(b"[a]\rb=c\r", "line 1: a carriage return"),
        section_twice=(b"[default]\n[default]\n", "line 2: the section [default] is already defined"),
        key_twice=(b"[default]\naws_session_token=\nAWS_SESSION_TOKEN=\n", "line 3: aws_session_to"),
        process=(b"[default]\ncredential_process = x\n", "line 2: the profile has a credential_pro"),
    )
    def test(self, case):
        contents, message = case
        self.write_credentials(contents)
        self.update_fails(program.LOCAL_IO, f".aws/credentials: {message}")
        self.assertEqual(self.credentials(), contents)

    def test_what_is_not_utf8_stays(self):
        self.write_credentials(b"# caf\xe9\n[other]\na = \xff\n")
        self.update()
        self.assertTrue(self.credentials().startswith(b"# caf\xe9\n[other]\na = \xff\n[default]\n"))

    def test_a_credential_process_in_the_config_file(self):
        (self.folder / ".aws").mkdir()
        self.write(".aws/config", "[profile web]\ncredential_process = x\n")
        message = ".aws/config: line 2: the profile has a credential_process"
        self.update_fails(program.LOCAL_IO, message, "--profile", "web", hint="use one of the two")
        self.update()

    def test_a_config_file_that_is_a_fifo(self):
        (self.folder / ".aws").mkdir()
        os.mkfifo(self.folder / ".aws/config")
        self.update()

    @each(bracket="a]b", two_lines="a\nb", botocores="DEFAULT", blank=" a")
    def test_a_name_with(self, name):
        self.update_fails(program.USAGE, "the profile's name", "--profile", name)

    def test_an_empty_name(self):
        self.update_fails(program.USAGE, "--profile", "--profile", "")

    def test_no_home(self):
        self.update_fails(program.LOCAL_IO, "$HOME is not set", env={"HOME": ""})

    def test_a_folder_that_is_a_file(self):
        self.write(".aws", "")
        self.update_fails(program.LOCAL_IO, "cannot open the folder")

    def test_a_refusal_leaves_the_file_alone(self):
        self.start_own_service(fail=["403:AccessDeniedException"])
        self.write_credentials(OTHERS)
        self.update_fails(program.SERVICE, "creating a session", requests=1)
        self.assertEqual(self.credentials(), OTHERS)

    def test_a_lock_that_is_held(self):
        (self.folder / ".aws").mkdir()
        with open(self.folder / ".aws/.credentials.credmint-lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.update_fails(program.LOCAL_IO, "is being updated by another process")


class ManyAtOnce(UpdateTest):
    def test_20_updaters_of_20_profiles_lose_nothing(self):
        self.write_credentials(OTHERS)
        started = [
            program.start(self.update_arguments("--once", "--profile", f"p{i}"), self.folder)
            for i in range(20)
        ]
        for each_started in started:
            result = each_started.finish()
            self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        self.assertTrue(self.credentials().startswith(OTHERS))
        issued = {record["access_key_id"] for record in self.service.requests()}
        credentials = self.botocore_for(*(f"p{i}" for i in range(20)))
        read = {one["access_key"] for one in credentials}
        self.assertEqual(len(read), 20)
        self.assertLessEqual(read, issued)

    def test_killed_at_random_moments(self):
        """Kills CREDMINT_KILLS times. A unit test kills one that only replaces the file 500 times."""
        self.write_credentials(OTHERS)
        chance = random.Random(1)
        begun = time.monotonic()
        self.update()
        duration = time.monotonic() - begun
        for _ in range(KILLS):
            started = program.start(self.update_arguments("--once"), self.folder)
            time.sleep(chance.uniform(0.3, 1.1) * duration)
            started.process.kill()
            started.finish()
            self.assert_complete()
        # Not update(): the service may record the request of a killed process as late as this.
        self.succeed(*self.update_arguments("--once"))
        self.assert_complete()
        self.assertEqual(self.names(), {"credentials", ".credentials.credmint-lock"})

    def assert_complete(self):
        lines = self.credentials().splitlines(keepends=True)
        ours = [line for line in lines if line.startswith(b"aws_")]
        self.assertEqual(len(ours), 3)
        self.assertEqual(b"".join(line for line in lines if line not in ours), OTHERS)
        ids = [record["access_key_id"] for record in self.service.requests()]
        self.assertIn(ours[0].split()[-1].decode(), ids)


@expand
class DiskErrors(UpdateTest):
    """Each system call that replaces the file fails once."""

    FROM = re.compile(r'openat\(.*"\.credentials\.credmint-new"')
    TO = re.compile(r"fsync\(\d+<[^>]*/\.aws>\)")
    CALLS = ["openat", "fchmod", "write", "fsync", "renameat", "fsync"]

    def setUp(self):
        need_strace()
        super().setUp()

    def trace(self, *inject):
        """Updates; returns the Run and the trace's lines of its first thread."""
        log = self.folder / "trace"
        strace = (STRACE, "-y", "-f", "-o", str(log), "-e", "trace=" + ",".join(set(self.CALLS)))
        result = self.run_program(*self.update_arguments("--once"), wrapper=(*strace, *inject))
        lines = [line.split(maxsplit=1) for line in log.read_text().splitlines()]
        return result, [call for thread, call in lines if thread == lines[0][0]]

    def replacing(self):
        """The (name, n) of each system call that replaces the file: it is the n-th of its name."""
        _, lines = self.trace()
        first = max(i for i, line in enumerate(lines) if self.FROM.match(line))
        last = max(i for i, line in enumerate(lines) if self.TO.match(line))
        names = [line.partition("(")[0] for line in lines]
        return [(names[i], names[: i + 1].count(names[i])) for i in range(first, last + 1)]

    @each(ENOSPC=errno.ENOSPC, EIO=errno.EIO)
    def test_leave_the_old_file(self, error):
        self.write_credentials(OTHERS)
        self.update()  # creates the lock file
        calls = self.replacing()
        self.assertEqual([name for name, _ in calls], self.CALLS)
        old = self.credentials()
        for name, n in calls:
            fault = f"inject={name}:error={errno.errorcode[error]}:when={n}"
            result, lines = self.trace("-e", fault)
            with self.subTest(fault):
                self.assertIn("(INJECTED)", "".join(lines))
                self.check_failure(result, program.LOCAL_IO, "/.aws/credentials: ")
                self.assertIn(os.strerror(error), result.stderr)
                self.assertEqual(self.names(), {"credentials", ".credentials.credmint-lock"})
                if (name, n) == calls[-1]:  # the folder's fsync, after the rename
                    old = self.credentials()
                    self.assertIn(self.last_request()["access_key_id"].encode(), old)
                self.assertEqual(self.credentials(), old)
        self.update()


@expand
class Staying(UpdateTest):
    """update without --once."""

    RECOVERED = "credmint: there are new credentials in the file"

    def start(self, *flags):
        started = program.start(self.update_arguments(*flags), self.folder, self.env)
        self.addCleanup(started.process.kill)
        return started

    def wait_for(self, condition):
        """Waits until `condition` returns a true value; returns the value."""
        end = time.monotonic() + program.TIME_LIMIT_SECONDS
        while not (value := condition()):
            self.assertLess(time.monotonic(), end, "it does not come")
            time.sleep(0.01)
        return value

    def written(self, other_than=None):
        """Waits for an access key ID in the file that is not `other_than`; returns it."""

        def look():
            try:
                found = [line.split()[-1] for line in self.credentials().splitlines() if b"_id" in line]
            except OSError:
                return None
            return found[0].decode() if found and found[0].decode() != other_than else None

        return self.wait_for(look)

    def end(self, started, number=signal.SIGTERM):
        """Ends the program, which must succeed; returns its stderr."""
        started.process.send_signal(number)
        result = started.finish()
        self.assertEqual((result.status, result.stdout), (program.SUCCESS, b""), str(result))
        return result.stderr

    @each(SIGTERM=signal.SIGTERM, SIGINT=signal.SIGINT)
    def test_ends_with_success_by(self, number):
        started = self.start()
        issued = self.written()
        self.assertEqual(self.end(started, number), "")
        self.assertEqual(self.botocore("default")["access_key"], issued)
        self.assertEqual(self.names(), {"credentials", ".credentials.credmint-lock"})

    def test_writes_new_ones_before_the_old_ones_expire(self):
        self.start_own_service(lifetime=6)
        started = self.start()
        first = self.written()
        second = self.written(other_than=first)
        ids = [record["access_key_id"] for record in self.service.requests()]
        self.assertEqual(ids[:2], [first, second])
        self.assertEqual(self.end(started), "")

    @unittest.skipIf(load.SANITIZED, "sanitizers need memory of their own")
    def test_has_less_than_10_mib_resident_when_it_is_written(self):
        started = self.start()
        self.written()
        self.wait_for(lambda: load.memory(started.process.pid)["Rss"] < 10 << 10)
        self.assertEqual(self.end(started), "")

    def test_sighup_has_it_mint_at_once(self):
        started = self.start()
        first = self.written()
        started.process.send_signal(signal.SIGHUP)
        self.written(other_than=first)
        self.assertEqual(self.end(started), "")

    def test_sighup_has_the_pin_read_again(self):
        made = token.Token(self.folder / "t")
        leaf = self.root.issue(made.generate("EC:prime256v1"))
        self.write("web.pem", pki.pem(leaf))
        self.write("pin", self.secret("wrong-31415"))
        self.env = made.env
        key = ("--private-key", "pkcs11:token=test;object=web", "--pkcs11-lib", token.MODULE)
        self.identity = ("--certificate", "web.pem", *key, "--passin", "file:pin")
        started = self.start()
        first_line = started.process.stderr.readline().decode()
        self.assertIn("PIN", first_line)
        self.write("pin", self.secret(token.PIN))
        started.process.send_signal(signal.SIGHUP)
        self.written()
        self.assertEqual(self.end(started).splitlines()[-1], self.RECOVERED)

    def test_a_service_that_fails_is_asked_again(self):
        self.start_own_service(fail=["500", "500"])
        started = self.start()
        self.written()
        lines = self.end(started).splitlines()
        said = [line for line in lines if line.startswith("credmint:")]
        self.assertEqual(said, [lines[0], self.RECOVERED])
        self.assertIn("creating a session", lines[0])
        self.assertEqual(len(self.service.requests()), 3)

    def test_a_file_that_cannot_be_written_is_tried_again(self):
        started = self.start()
        self.written()
        path = self.folder / ".aws/credentials"
        path.unlink()
        path.mkdir()
        started.process.send_signal(signal.SIGHUP)
        self.assertIn("is a directory", started.process.stderr.readline().decode())
        path.rmdir()
        self.written()
        self.assertEqual(len(self.service.requests()), self.earlier + 2)
        self.assertEqual(self.end(started), self.RECOVERED + "\n")

    def test_a_malformed_key_ends_it(self):
        self.write("web.key", "no key")
        result = self.fail_with(program.KEY, "web.key", *self.update_arguments())
        self.assertEqual(len(result.stderr.splitlines()), 2, result)

    def test_a_pin_that_is_missing_ends_it(self):
        made = token.Token(self.folder / "t")
        leaf = self.root.issue(made.generate("EC:prime256v1"))
        self.write("web.pem", pki.pem(leaf))
        self.env = made.env
        key = ("--private-key", "pkcs11:token=test;object=web", "--pkcs11-lib", token.MODULE)
        self.identity = ("--certificate", "web.pem", *key)
        self.fail_with(program.KEY, "needs a PIN and none was given", *self.update_arguments())


if __name__ == "__main__":
    unittest.main()
