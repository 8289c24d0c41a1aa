#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credential-process --cache: who gets cached credentials, and which entries are not trusted."""

import concurrent.futures
import datetime
import json
import os
import pathlib
import re
import shlex
import signal
import time
import unittest

from support import documents, emulator, pki, program, token
from support.cases import each, expand
from support.requirements import need
from support.strace import STRACE, need_strace
from support.system_test import MintTest

AWS = "/usr/bin/aws"
NOBODY = 65534
AT_ONCE = 100


class CacheTest(MintTest):
    def setUp(self):
        super().setUp()
        self.runtime = self.folder / "run"
        self.runtime.mkdir(mode=0o700)
        self.env = {"XDG_RUNTIME_DIR": str(self.runtime)}
        self.cache = self.runtime / "credmint"
        self.identity = self.write_identity()
        self.start_own_service()

    def cached(self, *flags):
        """A command line with --cache, by default with the test's identity."""
        command, *rest = self.arguments(*(flags or self.identity))
        return (command, "--cache", *rest)

    def mint(self, *flags, **more):
        """Runs the command, which must succeed; returns its stdout. It may use the cache."""
        return self.succeed(*self.cached(*flags), **more)

    def expect_mints(self, count):
        self.assertEqual([record["reason"] for record in self.service.requests()], ["accepted"] * count)

    def entry(self):
        (path,) = self.cache.glob("*.json")
        return path

    def change_entry(self, change):
        value = json.loads(self.entry().read_text())
        change(value)
        self.entry().write_text(json.dumps(value))


class Hit(CacheTest):
    def test_prints_the_same_without_a_service(self):
        first = self.mint()
        self.service.stop()
        self.assertEqual(self.mint(), first)
        self.expect_mints(1)

    def test_is_not_used_by_a_run_without_the_flag(self):
        first = self.mint()
        self.assertNotEqual(self.succeed(*self.arguments(*self.identity)), first)
        self.expect_mints(2)

    def test_nothing_is_written_without_the_flag(self):
        self.succeed(*self.arguments(*self.identity))
        self.assertEqual(list(self.runtime.iterdir()), [])

    def test_leaves_modes_for_the_owner_alone(self):
        os.umask(0)
        self.addCleanup(os.umask, 0o022)
        self.mint()
        self.assertEqual(self.cache.stat().st_mode & 0o7777, 0o700)
        names = sorted(path.name for path in self.cache.iterdir())
        self.assertRegex(" ".join(names), r"\A([0-9a-f]{64})\.json \1\.lock\Z")
        for path in self.cache.iterdir():
            self.assertEqual(path.stat().st_mode & 0o7777, 0o600, path)

    def test_in_the_folder_of_a_systemd_unit(self):
        self.env = {"RUNTIME_DIRECTORY": f"{self.runtime}:/nonexistent"}
        first = self.mint()
        self.assertEqual(self.mint(), first)
        self.assertEqual(len(list(self.runtime.glob("*.json"))), 1)

    def test_touches_no_token_and_loads_no_library_for_one(self):
        need_strace()
        made = token.Token(self.folder / "t")
        leaf = self.root.issue(made.generate("EC:prime256v1"))
        self.write("web.pem", pki.pem(leaf))
        flags = (
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=web"),
            *("--pkcs11-lib", token.MODULE, "--passin", f"pass:{self.secret(token.PIN)}"),
        )
        self.env |= made.env
        first = self.mint(*flags)
        trace = self.folder / "trace"
        wrapper = (STRACE, "-f", "-e", "trace=%file,%network", "-o", str(trace))
        self.assertEqual(self.mint(*flags, wrapper=wrapper), first)
        lines = trace.read_text().splitlines()
        opened = "\n".join(line for line in lines if "execve(" not in line)
        self.assertIn("web.pem", opened)  # the trace works
        for name in ("softhsm", "p11-kit", "libtss2", "libcurl", "libssl", "/dev/tpm", "socket("):
            self.assertNotIn(name, opened)
        self.expect_mints(1)

    def test_asks_for_no_certificate_on_a_token(self):
        made = token.Token(self.folder / "t")
        made.write_certificate(self.root.issue(made.generate("EC:prime256v1")))
        reference = "pkcs11:token=test;object=web"
        flags = ("--certificate", reference, "--pkcs11-lib", token.MODULE)
        pin = ("--passin", f"pass:{self.secret(token.PIN)}")
        self.env |= made.env
        first = self.mint(*flags, *pin)
        (self.folder / "t").rename(self.folder / "gone")
        self.assertEqual(self.mint(*flags, *pin), first)
        self.assertEqual(self.mint(*flags), first)  # a hit does not need the PIN either

    def test_debug_says_so(self):
        self.mint()
        result = self.run_program(*self.cached(), "--debug")
        self.assertIn("from the cache", result.stderr)


@expand
class Miss(CacheTest):
    def expect_miss(self, *flags, **more):
        first = json.loads(self.mint())["AccessKeyId"]
        again = json.loads(self.mint(*(flags or self.identity), **more))["AccessKeyId"]
        self.assertNotEqual(again, first)
        self.expect_mints(2)

    @each(
        duration=("--session-duration", "900"),
        role=("--role-arn", f"arn:aws:iam::{emulator.ACCOUNT}:role/other"),
        selector=("--cert-selector", "Key=x509Subject,Value=CN=web"),
        module=("--pkcs11-lib", "/nonexistent.so"),
        tcti=("--tcti", "device:/nonexistent"),
    )
    def test_with_another(self, flags):
        self.expect_miss(*self.identity, *flags)

    def test_with_a_session_name(self):
        self.start_own_service(accept_role_session_name=True)
        self.expect_miss(*self.identity, "--role-session-name", "anna")

    def test_at_another_endpoint(self):
        self.expect_miss(
            *self.identity, *("--endpoint", self.service.url.replace("localhost", "127.0.0.1"))
        )

    def test_with_another_trust_in_the_service(self):
        first = self.mint()
        self.assertNotEqual(self.succeed(*self.cached(), "--no-verify-ssl"), first)
        self.expect_mints(2)

    def test_with_a_renewed_certificate(self):
        key = pki.make_key()
        self.write_identity(key)
        first = self.mint()
        self.write_identity(key)
        self.assertNotEqual(self.mint(), first)

    def test_with_another_key(self):
        first = self.mint()
        self.write("other.key", (self.folder / "web.key").read_bytes())
        self.assertNotEqual(
            self.mint("--certificate", "web.pem", "--private-key", "other.key"), first
        )

    def test_failures_are_not_kept(self):
        self.start_own_service(fail=["403"])
        self.fail_with(program.SERVICE, "403", *self.cached())
        self.mint()
        self.assertEqual(len(self.service.requests()), 2)


@expand
class Age(CacheTest):
    """Tests change the dates of entries, because the clock is the machine's."""

    def aged(self, left, lifetime):
        """Whether an entry is used. `left` is the rest of its `lifetime`, both in seconds."""
        first = self.mint()
        now = datetime.datetime.utcnow().replace(microsecond=0)

        def change(value):
            expiration = now + datetime.timedelta(seconds=left)
            value["Credentials"]["Expiration"] = expiration.isoformat() + "Z"
            value["Created"] = (
                expiration - datetime.timedelta(seconds=lifetime)
            ).isoformat() + "Z"

        self.change_entry(change)
        return json.loads(self.mint())["AccessKeyId"] == json.loads(first)["AccessKeyId"]

    @each(
        hour_with_17_minutes=(17 * 60, 3600, True),
        hour_with_15_minutes=(15 * 60, 3600, False),
        hour_with_59_seconds=(59, 3600, False),
        quarter_with_8_minutes=(8 * 60, 900, True),
        quarter_with_7_minutes=(7 * 60, 900, False),
        expired=(0, 3600, False),
        long_expired=(-86400, 3600, False),
        twelve_hours_with_11=(11 * 3600, 12 * 3600, True),
        from_the_future=(2 * 3600, 3600, False),
    )
    def test_of(self, case):
        left, lifetime, given_out = case
        self.assertEqual(self.aged(left, lifetime), given_out)
        self.expect_mints(1 if given_out else 2)

    def test_is_what_the_document_says(self):
        text = documents.read("guide/cache.md")
        least = 60 * int(re.search(r"at least (\d+) minutes", text)[1])
        self.assertFalse(self.aged(least - 1, 3600))
        self.assertTrue(self.aged(least + 30, 3600))

    def test_of_short_sessions_is_what_the_document_says(self):
        text = documents.read("guide/cache.md")
        long = 60 * int(re.search(r"sessions under (\d+) minutes", text)[1])
        self.assertTrue(self.aged(long // 2 - 30, long - 120))
        self.assertFalse(self.aged(long // 2 - 30, long))

    def test_a_replaced_entry_is_given_out(self):
        self.aged(60, 3600)
        second = self.mint()
        self.assertEqual(self.mint(), second)
        self.expect_mints(2)


def _drop(name):
    return lambda path: _edit(path, lambda value: value.pop(name))


def _drop_secret(path):
    _edit(path, lambda value: value["Credentials"].pop("SecretAccessKey"))


def _edit(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def _set(name, contents):
    return lambda path: _edit(path, lambda value: value.__setitem__(name, contents))


def _replace_by_link(path):
    target = path.with_suffix(".target")
    path.rename(target)
    path.symlink_to(target)


def _replace_by_fifo(path):
    path.unlink()
    os.mkfifo(path, 0o600)


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "half_of_it": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "all_but_two_bytes": lambda path: path.write_bytes(path.read_bytes()[:-2]),
    "noise": lambda path: path.write_bytes(os.urandom(800)),
    "zeros": lambda path: path.write_bytes(bytes(800)),
    "too_long": lambda path: path.write_bytes(path.read_bytes() + b" " * (1 << 17)),
    "an_array": lambda path: path.write_text("[]"),
    "an_array_of_credentials": _set("Credentials", []),
    "no_credentials": _drop("Credentials"),
    "no_secret": _drop_secret,
    "no_date": _drop("Created"),
    "a_strange_date": _set("Created", "soon"),
    "another_format": _set("Format", 2),
    "a_format_of_words": _set("Format", "1"),
    "another_key": _set("Key", "0" * 64),
    "open_to_the_group": lambda path: path.chmod(0o640),
    "open_to_all": lambda path: path.chmod(0o606),
    "a_symbolic_link": _replace_by_link,
    "a_second_name": lambda path: os.link(path, path.with_suffix(".twin")),
    "a_fifo": _replace_by_fifo,
}


@expand
class Damage(CacheTest):
    @each(**DAMAGES)
    def test_of_the_entry(self, damage):
        first = self.mint()
        damage(self.entry())
        second = self.mint()
        self.assertNotEqual(json.loads(second)["AccessKeyId"], json.loads(first)["AccessKeyId"])
        self.assertEqual(self.mint(), second)
        self.assertTrue(self.entry().is_file() and not self.entry().is_symlink())
        self.expect_mints(2)

    @unittest.skipUnless(os.getuid() == 0, "only root can give files away")
    def test_of_its_owner(self):
        first = self.mint()
        os.chown(self.entry(), NOBODY, NOBODY)
        self.assertNotEqual(self.mint(), first)
        self.assertEqual(self.entry().stat().st_uid, 0)

    def test_what_a_killed_writer_left_is_replaced(self):
        self.mint()
        left = pathlib.Path(f"{self.entry()}.new")
        self.entry().rename(left)
        second = self.mint()
        self.assertEqual(self.mint(), second)
        self.assertFalse(left.exists())

    def test_a_folder_in_place_of_the_entry_costs_only_the_cache(self):
        self.mint()
        path = self.entry()
        path.unlink()
        path.mkdir()
        self.mint()
        self.mint()
        self.expect_mints(3)


@expand
class Refusal(CacheTest):
    """Nothing is minted without a safe folder: otherwise every call would silently mint."""

    def refused(self, message, hint=None):
        self.fail_with(program.LOCAL_IO, message, *self.cached(), hint=hint)
        self.expect_mints(0)

    def test_without_a_folder(self):
        self.env = {}
        self.refused("neither XDG_RUNTIME_DIR nor RUNTIME_DIRECTORY", hint="RuntimeDirectory=")

    def test_of_a_missing_folder(self):
        self.env = {"XDG_RUNTIME_DIR": f"{self.folder}/missing"}
        self.refused(f"XDG_RUNTIME_DIR={self.folder}/missing: No such file")

    def test_of_a_relative_folder(self):
        self.env = {"XDG_RUNTIME_DIR": "run"}
        self.refused("XDG_RUNTIME_DIR is not an absolute path")

    def test_of_a_base_that_others_can_write(self):
        self.runtime.chmod(0o770)
        self.refused("is open to others (mode 0770)", hint="chmod go-w")

    @each(group=0o710, others=0o701, all=0o777)
    def test_of_a_folder_open_to(self, mode):
        self.cache.mkdir()
        self.cache.chmod(mode)
        self.refused(f"is open to others (mode {mode:04o})", hint="chmod 700")

    def test_of_a_unit_s_folder_open_to_others(self):
        self.env = {"RUNTIME_DIRECTORY": str(self.runtime)}
        self.runtime.chmod(0o755)
        self.refused("is open to others (mode 0755)", hint="RuntimeDirectoryMode=0700")

    def test_of_a_symbolic_link(self):
        (self.runtime / "elsewhere").mkdir(mode=0o700)
        self.cache.symlink_to("elsewhere")
        self.refused("is a symbolic link or not a folder")
        self.assertEqual(list((self.runtime / "elsewhere").iterdir()), [])

    def test_of_a_file(self):
        self.cache.write_text("")
        self.refused("is a symbolic link or not a folder")

    @unittest.skipUnless(os.getuid() == 0, "only root can give files away")
    def test_of_somebody_else_s_folder(self):
        self.cache.mkdir(mode=0o700)
        os.chown(self.cache, NOBODY, NOBODY)
        self.refused("belongs to user 65534")

    @unittest.skipUnless(os.getuid() == 0, "only root can give files away")
    def test_of_somebody_else_s_base(self):
        os.chown(self.runtime, NOBODY, NOBODY)
        self.refused("belongs to user 65534")

    def test_of_a_lock_that_is_a_link(self):
        self.mint()
        lock = self.entry().with_suffix(".lock")
        self.entry().unlink()
        lock.unlink()
        lock.symlink_to(self.folder / "web.key")
        result = self.fail_with(
            program.LOCAL_IO, "locking the cache", *self.cached()
        )
        self.assertIn(".lock", result.stderr)
        self.expect_mints(1)

    def test_of_a_certificate_that_can_be_read_only_once(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        command = self.cached("--certificate", "fifo", "--private-key", "web.key")
        self.fail_with(program.USAGE, "is not a regular file", *command)


def _sleeps(pid):
    """How often the threads of a process have gone to sleep, by thread."""
    tasks = pathlib.Path(f"/proc/{pid}/task")
    return {
        task.name: re.search(r"\nvoluntary_ctxt_switches:\t(\d+)", (task / "status").read_text())[1]
        for task in tasks.iterdir()
    }


class Together(CacheTest):
    def start(self, *flags):
        return program.start(self.cached(*flags), self.folder, self.env)

    def run_all(self, *flags):
        """Starts many processes at once; returns their outputs. All must succeed without stderr."""
        started = [self.start(*flags) for _ in range(AT_ONCE)]
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(lambda each: each.finish(), started))
        for result in results:
            self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        return {result.stdout for result in results}

    def test_cause_one_request(self):
        self.assertEqual(len(self.run_all()), 1)
        self.expect_mints(1)

    def test_cause_one_signature(self):
        made = token.Token(self.folder / "t")
        self.write("web.pem", pki.pem(self.root.issue(made.generate("EC:prime256v1"))))
        log = self.folder / "spy"
        self.env |= token.spied(made.env, log)
        outputs = self.run_all(
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=web"),
            *("--pkcs11-lib", token.SPY, "--passin", f"pass:{self.secret(token.PIN)}"),
            *("--timeout", "14"),
        )
        self.assertEqual(len(outputs), 1)
        self.expect_mints(1)
        calls = token.calls(log)
        self.assertEqual((calls.count("C_Login"), calls.count("C_Sign")), (1, 1))

    def test_a_killed_one_frees_the_lock(self):
        self.start_own_service(fail=["stall:10"])
        first = self.start()
        self.await_request()
        second = self.start()
        time.sleep(0.2)
        first.process.send_signal(signal.SIGKILL)
        first.finish()
        self.assertEqual(second.finish().status, program.SUCCESS)
        self.assertEqual(len(self.service.requests()), 2)

    def test_the_wait_is_bounded(self):
        self.start_own_service(fail=["stall:10"])
        first = self.start(*self.identity, "--timeout", "8")
        self.await_request()
        result = self.fail_with(
            program.NETWORK,
            "another process",
            *self.cached(*self.identity, "--timeout", "0.5"),
        )
        self.assertLess(result.seconds, 3)
        first.process.kill()
        first.finish()

    def test_of_the_aws_cli_cause_one_request(self):
        need(AWS, "awscli")
        command = shlex.join((program.path(), *map(str, self.cached())))
        self.write("config", f"[default]\ncredential_process = {command}\n")
        env = {**self.env, "AWS_CONFIG_FILE": str(self.folder / "config")}
        command = (AWS, "configure", "export-credentials")
        started = [program.Started(command, self.folder, env) for _ in range(6)]
        results = [each.finish() for each in started]
        self.assertEqual([result.status for result in results], [0] * 6, str(results))
        found = {json.loads(result.stdout)["AccessKeyId"] for result in results}
        self.expect_mints(1)
        self.assertEqual(found, {self.service.requests()[0]["access_key_id"]})

    def test_wait_without_looking_again(self):
        """Nothing wakes a waiting process, by the kernel's count, until the lock is free."""
        self.start_own_service(fail=["stall:10"])
        first = self.start()
        self.await_request()
        waiting = [self.start() for _ in range(3)]
        before = self.asleep(waiting)
        time.sleep(1)
        self.assertEqual([_sleeps(each.process.pid) for each in waiting], before)
        first.process.kill()
        first.finish()
        self.assertEqual(len({each.finish().stdout for each in waiting}), 1)
        self.assertEqual(len(self.service.requests()), 2)

    def asleep(self, started):
        """Waits until both threads of each process sleep; returns how often they went to sleep."""
        deadline = time.monotonic() + 10
        while True:
            first = [_sleeps(each.process.pid) for each in started]
            time.sleep(0.3)
            second = [_sleeps(each.process.pid) for each in started]
            if first == second and all(len(each) == 2 for each in second):
                return first
            self.assertLess(time.monotonic(), deadline, f"they wake up again and again: {second}")

    def await_request(self):
        deadline = time.monotonic() + 10
        while not list(self.cache.glob("*.lock")) or not self.service.requests():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)


class Command(CacheTest):
    def test_list_of_nothing(self):
        self.assertEqual(self.succeed("cache", "list"), b"")
        self.assertEqual(json.loads(self.succeed("cache", "list", "--json")), [])

    def test_list(self):
        minted = json.loads(self.mint())
        line = self.succeed("cache", "list").decode()
        expected = rf"{re.escape(emulator.ROLE_ARN)}  -  {minted['Expiration']}  (59|60) min left\n"
        self.assertRegex(line, rf"\A{expected}\Z")

    def test_list_as_json(self):
        minted = json.loads(self.mint())
        text = self.succeed("cache", "list", "--json").decode()
        (entry,) = json.loads(text)
        self.assertTrue(3500 < entry.pop("secondsLeft") <= 3600)
        self.assertEqual(
            entry,
            {
                "roleArn": emulator.ROLE_ARN,
                "roleSessionName": "",
                "accessKeyId": minted["AccessKeyId"],
                "expiration": minted["Expiration"],
                "fresh": True,
            },
        )
        for name in ("SecretAccessKey", "SessionToken"):
            self.assertNotIn(minted[name], text)

    def test_list_leaves_out_what_is_no_entry(self):
        self.mint()
        self.entry().write_text("{}")
        (self.cache / "note.json").write_text("{}")
        self.assertEqual(self.succeed("cache", "list"), b"")

    def test_list_shows_what_has_expired(self):
        self.mint()
        self.change_entry(
            lambda value: value["Credentials"].__setitem__("Expiration", "2020-01-01T00:00:00Z")
        )
        self.assertIn(b"2020-01-01T00:00:00Z  expired\n", self.succeed("cache", "list"))

    def test_clear(self):
        first = self.mint()
        (self.cache / "note").write_text("mine")
        self.assertEqual(self.succeed("cache", "clear"), b"")
        self.assertEqual([path.name for path in self.cache.iterdir()], ["note"])
        self.assertNotEqual(self.mint(), first)

    def test_without_a_folder(self):
        self.env = {}
        self.fail_with(program.LOCAL_IO, "neither XDG_RUNTIME_DIR", "cache", "list")

    def test_without_a_word(self):
        self.fail_with(program.USAGE, "a command is missing", "cache", hint="--help")


if __name__ == "__main__":
    unittest.main()
