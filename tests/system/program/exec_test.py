#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""credmint exec runs a command with credentials, and is otherwise like the command alone."""

import datetime
import json
import os
import pathlib
import resource
import select
import shlex
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from support import emulator, javascript, pki, program
from support.cases import each, expand
from support.processes import die_with_parent
from support.requirements import need
from support.serve import wait_until
from support.shell import CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, PROMPT, Shell
from support.sts import RecordingServer
from support.system_test import MintTest
from support.terminal import ENTER, Terminal

AWS = "/usr/bin/aws"
PYTHON = "/usr/bin/python3"
URL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
NOBODY = 65534

SHOW_ENVIRONMENT = (PYTHON, "-c", "import json, os; print(json.dumps(dict(os.environ)))")
BOTOCORE = (
    PYTHON,
    "-c",
    "import json, botocore.session\n"
    "found = botocore.session.Session().get_credentials()\n"
    "print(json.dumps({'method': found.method, **found.get_frozen_credentials()._asdict()}))",
)
# Prints the HTTP status, or the access key ID, that the container's endpoint gives.
REQUEST = """
import json, os, sys, urllib.error, urllib.request
request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
request.add_header("Authorization", sys.argv[1] if len(sys.argv) > 1
                   else os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"])
try:
    print(json.load(urllib.request.urlopen(request))["AccessKeyId"])
except urllib.error.HTTPError as error:
    print(error.code)
"""
# Says "ready", then prints each signal that arrives, until two seconds pass without any.
REPORT_SIGNALS = """
import signal
wanted = {signal.Signals[name] for name in
          "SIGHUP SIGINT SIGQUIT SIGTERM SIGUSR1 SIGUSR2 SIGALRM SIGWINCH".split()}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
print("ready", flush=True)
seconds = 10
while (info := signal.sigtimedwait(wanted, seconds)) is not None:
    print(signal.Signals(info.si_signo).name, flush=True)
    seconds = 0.5
"""


class ExecTest(MintTest):
    def setUp(self):
        program.need_server()
        super().setUp()
        self.identity = self.write_identity()

    def flags(self, *flags):
        return ("exec", *flags, *self.identity, *self.arguments()[1:])

    def exec(self, *command, flags=(), env=None, **more):
        """Runs a command under credmint exec; returns the Run."""
        arguments = (*self.flags(*flags), "--", *command)
        return program.run(arguments, self.folder, {**self.env, **(env or {})}, **more)

    def output(self, *command, **more):
        """Runs a command that must succeed without anything on stderr; returns its stdout."""
        result = self.exec(*command, **more)
        self.assertEqual((result.status, result.stderr), (0, ""), str(result))
        return result.stdout.decode()

    def environment(self, **more):
        return json.loads(self.output(*SHOW_ENVIRONMENT, **more))

    def start(self, *command, flags=(), preexec=None):
        """Starts credmint exec, which ends with the test; returns the Started."""
        started = program.start((*self.flags(*flags), "--", *command), self.folder, preexec=preexec)
        self.addCleanup(started.process.wait)
        self.addCleanup(started.process.kill)
        return started

    def start_reporting(self, **more):
        """Starts a child that reports its signals, and waits until it does."""
        started = self.start(PYTHON, "-c", REPORT_SIGNALS, **more)
        self.assertEqual(started.process.stdout.readline(), b"ready\n")
        return started


def error_line(process):
    """Waits for a line on the stderr of a process."""
    ready, _, _ = select.select([process.stderr], [], [], program.TIME_LIMIT_SECONDS)
    return process.stderr.readline() if ready else b""


class ContainerCredentials(ExecTest):
    def test_botocore(self):
        need("/usr/lib/python3/dist-packages/botocore", "python3-botocore")
        found = json.loads(self.output(*BOTOCORE))
        self.assertEqual(found["method"], "container-role")
        self.assertEqual(found["access_key"], self.last_request()["access_key_id"])

    def test_aws_cli(self):
        need(AWS, "awscli")
        sts = RecordingServer()
        self.addCleanup(sts.stop)
        command = (AWS, "sts", "get-caller-identity", "--region", "us-east-1", "--endpoint-url")
        self.output(*command, sts.url)
        self.assertEqual(sts.access_key_ids, [self.last_request()["access_key_id"]])

    def test_javascript(self):
        env = {"NODE_PATH": str(javascript.sdk()), "NODE_NO_WARNINGS": "1"}
        found = self.output(*javascript.SHOW_KEY_ID, env=env)
        self.assertEqual(found.strip(), self.last_request()["access_key_id"])

    def test_a_role_of_the_configuration_file(self):
        """Settings for other users of serve do not count."""
        self.write(
            "credmint.toml",
            f'[identity.web]\ncertificate = "web.pem"\nprivate-key = "web.key"\n'
            f'[role.web]\ntrust-anchor-arn = "{emulator.TRUST_ANCHOR_ARN}"\n'
            f'profile-arn = "{emulator.PROFILE_ARN}"\nrole-arn = "{emulator.ROLE_ARN}"\n'
            f'endpoint = "{self.service.url}"\nallow-users = ["any"]\ntoken-file = "token"\n',
        )
        arguments = ("exec", "--config", "credmint.toml", "--role", "web", "--")
        found = self.succeed(*arguments, PYTHON, "-c", REQUEST).decode().strip()
        self.assertEqual(found, self.last_request()["access_key_id"])
        self.assertFalse((self.folder / "token").exists())

    def test_they_stay_fresh(self):
        self.start_own_service(lifetime=6)
        started = self.start(
            *(PYTHON, "-uc"), f"import sys\nfor line in sys.stdin:\n  exec({REQUEST!r})"
        )
        found = set()

        def ask():
            started.process.stdin.write(b"\n")
            started.process.stdin.flush()
            found.add(started.process.stdout.readline())
            return len(found) > 1

        wait_until(ask)
        self.assertNotIn(b"", found)

    def test_reports_what_cannot_be_renewed(self):
        self.start_own_service(lifetime=6)
        started = self.start("sleep", "1000")
        wait_until(lambda: self.service.requests())
        self.service.fail(*["403"] * 50)
        self.assertIn(b"credmint: ", error_line(started.process))
        self.assertIsNone(started.process.poll())

    def test_a_wrong_token(self):
        self.assertEqual(self.output(PYTHON, "-c", REQUEST, "0" * 64), "401\n")

    def as_nobody(self, script):
        """Runs a script twice as another user; returns the Run."""
        if os.getuid() != 0:
            raise unittest.SkipTest("only root can become another user")
        become = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        line = shlex.join((*become, PYTHON, "-c", script))
        return self.exec("sh", "-c", f"{line}; {line}")

    def test_another_user_with_the_token(self):
        result = self.as_nobody(REQUEST)
        self.assertEqual((result.status, result.stdout), (0, b"403\n403\n"))
        self.assertRegex(
            result.stderr,
            r"\Acredmint: user nobody \(65534\)(, program python3 \(\d+\))? may not have "
            r"credentials\nhint: exec gives them to its own user and root only; for others, run "
            r"credmint serve with --allow-user nobody\n\Z",
        )

    def test_another_user_without_the_token_is_none_of_the_commands_business(self):
        result = self.as_nobody(f"import sys\nsys.argv.append('0' * 64)\n{REQUEST}")
        self.assertEqual((result.status, result.stdout, result.stderr), (0, b"403\n403\n", ""))

    def test_only_this_interface(self):
        """There is no metadata service, which would need no token."""
        script = REQUEST.replace(f'os.environ["{URL}"]', 'sys.argv[2] + "/latest/api/token"')
        script = f'import os, sys\nsys.argv += ["x", os.environ["{URL}"][:-10]]\n{script}'
        self.assertEqual(self.output(PYTHON, "-c", script), "403\n")

    def test_the_endpoint_ends_with_the_command(self):
        environment = self.environment()
        with self.assertRaises(urllib.error.URLError):
            urllib.request.urlopen(environment[URL], timeout=5)

    def test_two_tokens_differ(self):
        tokens = {self.environment()[TOKEN] for _ in range(2)}
        self.assertEqual([len(token) for token in tokens], [64, 64])

    def test_no_secret_on_a_command_line_and_none_on_the_disk(self):
        with tempfile.TemporaryDirectory() as empty:
            runtime = {"XDG_RUNTIME_DIR": empty, "TMPDIR": empty}
            show = "; cat /proc/$$/cmdline /proc/$PPID/cmdline"
            before = sorted(self.folder.rglob("*"))
            shown = self.output("sh", "-c", f"echo ${TOKEN}{show}", env=runtime)
            token, _, lines = shown.partition("\n")
            self.assertEqual(len(token), 64)
            self.assertNotIn(token, lines)
            self.assertEqual(sorted(self.folder.rglob("*")), before)
            self.assertEqual(list(pathlib.Path(empty).iterdir()), [])

    def test_the_socket_of_a_manager_is_for_the_command(self):
        wrapper = ("sh", "-c", 'exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh")
        show = f"readlink /proc/self/fd/3; echo $LISTEN_FDS ${{#{TOKEN}}}"
        self.assertEqual(self.output("sh", "-c", show, wrapper=wrapper), "/dev/null\n1 64\n")


class Prompts(ExecTest):
    """The key file is encrypted, and no option gives its passphrase."""

    def setUp(self):
        super().setUp()
        key = pki.make_key()
        self.identity = self.write_identity(key)
        self.write("web.key", pki.encrypted_pkcs8_pem(key, self.secret("correct horse")))

    def begin(self, *command, flags=()):
        terminal = Terminal(self, (*self.flags(*flags), "--", *command), self.folder)
        terminal.wait_for(": ")
        terminal.type(f"correct horse{ENTER}")
        return terminal

    def test_before_the_command_starts(self):
        for flags in ((), ("--env",)):
            result = self.begin("echo", "started", flags=flags).finish()
            self.assertEqual((result.status, result.stdout), (0, b"started\n"), str(result))

    def test_not_again_for_a_renewal(self):
        self.start_own_service(lifetime=6)
        terminal = self.begin("sleep", "100")
        wait_until(lambda: len(self.service.requests()) > 1)
        terminal.process.send_signal(signal.SIGTERM)
        result = terminal.finish()
        self.assertEqual((result.status, result.stderr), (-signal.SIGTERM, ""), str(result))
        self.assertEqual(terminal.shown.count(b"passphrase"), 1, terminal.shown)
        reasons = {record["reason"] for record in self.service.requests()}
        self.assertEqual(reasons, {"accepted"})

    def test_no_other_secret_while_the_command_runs(self):
        self.start_own_service(lifetime=6)
        terminal = self.begin("sleep", "100")
        wait_until(lambda: self.service.requests())
        key = pki.make_key()
        self.write_identity(key)
        self.write("web.key", pki.encrypted_pkcs8_pem(key, "another"))
        self.assertIn(b"stays in use", error_line(terminal.process))
        terminal.process.kill()
        terminal.finish()
        self.assertEqual(terminal.shown.count(b"passphrase"), 1, terminal.shown)


class Environment(ExecTest):
    OTHERS = {
        name: "other"
        for name in (
            "AWS_ACCESS_KEY_ID AWS_ACCESS_KEY AWS_SECRET_ACCESS_KEY AWS_SECRET_KEY "
            "AWS_SESSION_TOKEN AWS_SECURITY_TOKEN AWS_CREDENTIAL_EXPIRATION AWS_CREDENTIAL_SCOPE "
            "AWS_ACCOUNT_ID AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
            "AWS_CONTAINER_CREDENTIALS_FULL_URI AWS_CONTAINER_AUTHORIZATION_TOKEN "
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN "
            "AWS_ROLE_SESSION_NAME AWS_CREDENTIAL_FILE AWS_BEARER_TOKEN_BEDROCK"
        ).split()
    }

    def test_has_no_other_credentials(self):
        found = self.environment(env={**self.OTHERS, "KEPT": "a=b", "AWS_REGION": "eu-west-1"})
        ours = {name for name in found if name.startswith("AWS_")}
        self.assertEqual(ours, {URL, TOKEN, "AWS_REGION"})
        self.assertRegex(found[URL], r"\Ahttp://127\.0\.0\.1:\d+/role/demo\Z")
        self.assertEqual((found["KEPT"], found["AWS_REGION"]), ("a=b", "eu-west-1"))

    def aws_files(self, credentials="", config=""):
        folder = self.folder / ".aws"
        folder.mkdir()
        (folder / "credentials").write_text(credentials)
        (folder / "config").write_text(config)

    def assert_sdks_get_ours(self):
        clients = {"botocore": BOTOCORE, "cli": (AWS, "configure", "export-credentials")}
        for name, command in clients.items():
            with self.subTest(client=name):
                found = json.loads(self.output(*command))
                ours = self.last_request()["access_key_id"]
                self.assertIn(ours, (found.get("access_key"), found.get("AccessKeyId")))

    def test_keys_of_the_default_profile_do_not_count(self):
        self.aws_files("[default]\naws_access_key_id = other\naws_secret_access_key = x\n")
        self.assert_sdks_get_ours()

    def test_a_process_of_the_default_profile_does_not_count(self):
        config = "[default]\nregion = eu-west-3\ncredential_process = /bin/false\n"
        self.aws_files(config=config)
        self.assert_sdks_get_ours()
        found = self.environment()
        self.assertEqual(found["AWS_CONFIG_FILE"], "/dev/null")
        self.assertEqual((found["AWS_REGION"], found["AWS_DEFAULT_REGION"]), ("eu-west-3",) * 2)

    def test_other_profiles_stay(self):
        self.aws_files(
            "[web]\naws_access_key_id = other\naws_secret_access_key = x\n",
            "[default]\nregion = eu-west-3\n[profile far]\nregion = ap-south-1\n",
        )
        self.assert_sdks_get_ours()
        found = self.environment()
        self.assertNotIn("AWS_CONFIG_FILE", found)
        self.assertNotIn("AWS_SHARED_CREDENTIALS_FILE", found)
        self.assertEqual(self.environment(env={"AWS_PROFILE": "far"})["AWS_REGION"], "ap-south-1")
        given = {"AWS_PROFILE": "far", "AWS_DEFAULT_REGION": "us-west-2"}
        self.assertNotIn("AWS_REGION", self.environment(env=given))


@expand
class Statuses(ExecTest):
    @each(zero=0, three=3, most=255)
    def test_status(self, status):
        result = self.exec("sh", "-c", f"exit {status}")
        self.assertEqual((result.status, result.stdout, result.stderr), (status, b"", ""))

    @each(term=signal.SIGTERM, kill=signal.SIGKILL, segv=signal.SIGSEGV)
    def test_ended_by_a_signal(self, number):
        result = self.exec("sh", "-c", f"kill -{int(number)} $$")
        self.assertEqual((result.status, result.stderr), (-number, ""))

    def test_a_core_file_is_the_commands_alone(self):
        """credmint dies of the same signal, but has secrets in its memory."""

        def allow_core():
            die_with_parent()
            _, most = resource.getrlimit(resource.RLIMIT_CORE)
            resource.setrlimit(resource.RLIMIT_CORE, (most, most))

        started = self.start("sh", "-c", "kill -SEGV $$", preexec=allow_core)
        process = started.process
        _, status = os.waitpid(process.pid, 0)
        self.assertEqual((os.WTERMSIG(status), os.WCOREDUMP(status)), (signal.SIGSEGV, False))

    def cannot_run(self, status, why, *command, **more):
        result = self.exec(*command, **more)
        self.assertEqual((result.status, result.stdout), (status, b""), str(result))
        self.assertEqual(result.stderr.splitlines()[-1], f"credmint: running {command[0]}: {why}")

    @each(served=(), static=("--env",))
    def test_no_such_command(self, flags):
        self.cannot_run(127, "No such file or directory", "no-such-command", flags=flags)

    @each(served=(), static=("--env",))
    def test_not_executable(self, flags):
        self.write("plain", "")
        self.cannot_run(126, "Permission denied", "./plain", flags=flags)

    def test_nothing_to_run(self):
        for more in ((), ("--",)):
            arguments = (*self.flags(), *more)
            self.fail_with(program.USAGE, "there is no command to run", *arguments, hint="write -- and")

    def test_a_role_or_a_command_in_the_wrong_place(self):
        """Other tools take the role there, and env and timeout know no --."""
        hint = "name the role by --role, and write -- before the command to run"
        for words in (("true",), ("web", "--", "true"), ("aws", "s3", "ls")):
            self.fail_with(program.USAGE, "unexpected argument", *self.flags(), *words, hint=hint)

    def test_arguments_are_not_ours(self):
        """Not even those that look like flags of credmint, or like the end of a line."""
        words = ("--help", "--env", "--", "\n", "", "a b", "--passin", "x", "--passin", "y")
        script = "import json, sys; print(json.dumps(sys.argv[1:]))"
        self.assertEqual(json.loads(self.output(PYTHON, "-c", script, *words)), list(words))

    @each(served=(), static=("--env",))
    def test_a_script_without_an_interpreter(self, flags):
        """The shell runs it, as under env and timeout."""
        self.write("script", "echo $0 $1\n", mode=0o755)
        found = self.exec("./script", "a b", flags=flags).stdout
        self.assertEqual(found, b"./script a b\n")
        path = {"PATH": f"/none:{self.folder}:/usr/bin:/bin"}
        found = self.exec("script", "a", flags=flags, env=path).stdout
        self.assertEqual(found.decode(), f"{self.folder}/script a\n")

    def test_no_credentials(self):
        """The command does not run, and the failure is that of credential-process."""
        self.start_own_service(fail=["403"])
        alone = self.run_program(*self.arguments(*self.identity))
        for flags in ((), ("--env",)):
            self.service.fail("403")
            result = self.exec("touch", "started", flags=flags)
            self.assertEqual((result.status, result.stderr), (alone.status, alone.stderr))
            self.assertFalse((self.folder / "started").exists())
        self.assertEqual(alone.status, program.SERVICE)

    def test_a_temporary_failure(self):
        self.start_own_service(fail=["500"])
        self.assertEqual(self.output("echo", "started"), "started\n")

    def test_lasting_throttling(self):
        self.start_own_service(fail=["503"] * 9)
        self.assertEqual(self.exec("echo", "started").status, program.SERVICE)
        self.assertGreater(len(self.service.requests()), 1)


class Process(ExecTest):
    def test_a_pipeline(self):
        started = self.exec("sh", "-c", "cat; echo told >&2; exit 4", stdin=b"given")
        self.assertEqual((started.status, started.stdout, started.stderr), (4, b"given", "told\n"))

    def test_a_reader_that_goes_away(self):
        """SIGPIPE ends the child, as without credmint, which ignores it."""
        command = shlex.join([program.path(), *map(str, self.flags()), "--", "yes"])
        line = ("bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}")
        result = subprocess.run(
            line, cwd=self.folder, env=program.environment(self.folder), capture_output=True,
            text=True, timeout=program.TIME_LIMIT_SECONDS, check=True,
        )  # fmt: skip
        self.assertEqual((result.stdout, result.stderr), ("y\n141\n", ""))

    def test_starts_as_if_alone(self):
        """Its signals, descriptors and limits are those of credmint's start."""
        # Signals 1 to 28: the C library's posix_spawn() ignores 32 and 33, which are its own.
        masks = "grep -E '^Sig(Blk|Ign)' /proc/self/status | grep -o '.......$'"
        show = f"{masks}; ls /proc/self/fd; ulimit -Sc; ulimit -Hc"
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)

        def ignore_some():
            die_with_parent()
            signal.signal(signal.SIGUSR1, signal.SIG_IGN)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2, signal.SIGTERM})
            _, most = resource.getrlimit(resource.RLIMIT_CORE)
            resource.setrlimit(resource.RLIMIT_CORE, (2048, most))

        for flags in ((), ("--env",)):
            more = {"pass_fds": (read,), "preexec": ignore_some}
            result = self.exec("bash", "-c", show, flags=flags, **more)
            alone = subprocess.run(
                ("bash", "-c", show), capture_output=True, check=True, pass_fds=(read,),
                preexec_fn=ignore_some,
            )  # fmt: skip
            self.assertEqual(result.stdout, alone.stdout)

    def test_descriptors_of_secrets_are_not_for_the_command(self):
        """A file could be read again, whether credmint has needed it or not."""
        key = pki.make_key()
        certificate, private_key = self.write_identity(key)[1::2]
        encrypted = self.write("key", pki.encrypted_pkcs8_pem(key, "correct horse"))
        pin = self.write("pin", "correct horse\n")
        for flags in ((), ("--env",)):
            for name in (encrypted, private_key):
                files = [open(self.folder / path, "rb") for path in (name, pin, certificate)]
                key_file, pin_file, other = (file.fileno() for file in files)
                self.identity = (
                    *("--certificate", certificate, "--private-key", f"fd:{key_file}"),
                    *("--passin", f"fd:{pin_file}"),
                )
                show = 'for n do [ -e /proc/self/fd/$n ] && echo $n; done'
                numbers = tuple(str(file.fileno()) for file in files)
                more = {"flags": flags, "pass_fds": tuple(map(int, numbers))}
                result = self.exec("sh", "-c", show, "sh", *numbers, **more)
                self.assertEqual(result.stdout, f"{other}\n".encode(), str(result))
                for file in files:
                    file.close()

    def test_process_1_of_a_container_leaves_no_zombies(self):
        if os.getuid() != 0:
            raise unittest.SkipTest("only root can make a namespace")
        become = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
        show = "(true &); (true &); sleep 0.5; grep -l '^State:.Z' /proc/[0-9]*/status; exit 3"
        result = self.exec("sh", "-c", show, wrapper=become)
        self.assertEqual((result.status, result.stdout, result.stderr), (3, b"", ""))

    def test_is_in_our_process_group(self):
        found = self.output("sh", "-c", "cut -d' ' -f5 /proc/$$/stat /proc/$PPID/stat").split()
        self.assertEqual(found[0], found[1])

    def test_a_daemon_left_behind(self):
        started = time.monotonic()
        result = self.exec("sh", "-c", "setsid sleep 100 >/dev/null 2>&1 </dev/null & echo $!")
        self.assertLess(time.monotonic() - started, 10)
        daemon = int(result.stdout)
        os.kill(daemon, signal.SIGKILL)  # it was still running

    def test_ends_at_once_while_minting(self):
        """A call to the service that does not return delays nothing."""
        self.start_own_service(lifetime=2)
        started = self.start("sh", "-c", "read line; exit 5")
        wait_until(lambda: self.service.requests())
        self.service.fail(*["stall:10"] * 5)
        wait_until(lambda: len(self.service.requests()) > 1)
        began = time.monotonic()
        result = started.finish(b"\n")
        self.assertEqual(result.status, 5)
        self.assertLess(time.monotonic() - began, 2)

    def test_killing_credmint_leaves_the_command(self):
        started = self.start("sh", "-c", "echo $$; read line; echo got $line; exec sleep 100")
        process = started.process
        child = int(process.stdout.readline())
        self.addCleanup(os.kill, child, signal.SIGKILL)
        process.kill()
        process.wait()
        process.stdin.write(b"it\n")
        process.stdin.flush()
        self.assertEqual(process.stdout.readline(), b"got it\n")
        self.assertEqual(processes_with(str(self.folder / "web.key")), [])

    def test_killing_the_command(self):
        started = self.start("sh", "-c", "echo $$; exec sleep 100")
        os.kill(int(started.process.stdout.readline()), signal.SIGKILL)
        self.assertEqual(started.finish().status, -signal.SIGKILL)


def processes_with(argument):
    """The numbers of processes with this argument."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


@expand
class Signals(ExecTest):
    @each("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGWINCH")
    def test_passed_on(self, name):
        started = self.start_reporting()
        started.process.send_signal(signal.Signals[name])
        result = started.finish()
        self.assertEqual((result.status, result.stdout.decode()), (0, f"{name}\n"), str(result))

    @each(term=signal.SIGTERM, interrupt=signal.SIGINT, hang_up=signal.SIGHUP)
    def test_ends_a_command_that_does_not_handle_it(self, number):
        started = self.start("sh", "-c", "echo ready; exec sleep 100")
        self.assertEqual(started.process.stdout.readline(), b"ready\n")
        started.process.send_signal(number)
        self.assertEqual(started.finish().status, -number)

    def test_ignored_before(self):
        """nohup works as without credmint."""

        def ignore():
            die_with_parent()
            signal.signal(signal.SIGHUP, signal.SIG_IGN)

        started = self.start("sh", "-c", "echo ready; kill -HUP $$; read line", preexec=ignore)
        self.assertEqual(started.process.stdout.readline(), b"ready\n")
        started.process.send_signal(signal.SIGHUP)
        self.assertEqual(started.finish(b"\n").status, 0)

    def test_while_minting(self):
        """Before the command starts, a signal ends credmint."""
        self.start_own_service(fail=["stall:10"])
        started = self.start("echo", "started")
        wait_until(lambda: self.service.requests())
        started.process.send_signal(signal.SIGTERM)
        result = started.finish()
        self.assertEqual((result.status, result.stdout), (-signal.SIGTERM, b""))

    def test_stopped_without_a_shell(self):
        """credmint goes on, because nobody would continue it."""
        started = self.start("sh", "-c", "echo $$; read line; exit 3")
        child = int(started.process.stdout.readline())
        os.kill(child, signal.SIGSTOP)
        wait_until(lambda: state_of(child) == "T")
        self.assertNotEqual(state_of(started.process.pid), "T")
        os.kill(child, signal.SIGCONT)
        self.assertEqual(started.finish(b"\n").status, 3)


class Leader(ExecTest):
    """credmint exec as the leader of its session, as under a terminal emulator's -e."""

    def test_a_terminal_that_goes_away(self):
        """Only the leader is told."""
        script = "trap 'echo > ended; exit' HUP; echo > begun; while :; do sleep 0.1; done"
        terminal = Terminal(self, (*self.flags(), "--", "sh", "-c", script), self.folder)
        wait_until((self.folder / "begun").exists)
        terminal.hang_up()
        wait_until((self.folder / "ended").exists)


def state_of(process):
    """The letter of the process's state: S, T, Z, ..."""
    return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def children_of(process):
    """The children, but for the helper that starts key processes."""
    found = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    names = {int(child): pathlib.Path(f"/proc/{child}/comm").read_text() for child in found}
    return [child for child, name in names.items() if name != "credmint-start\n"]


class JobControl(ExecTest):
    """credmint exec in the foreground of a shell."""

    def setUp(self):
        super().setUp()
        self.shell = Shell(self, self.folder)

    def line(self, *command):
        return shlex.join([program.path(), *map(str, self.flags()), "--", *command])

    def begin(self, *command):
        """Types a command, and waits until it prints "ready"."""
        self.shell.type(self.line(*command) + "\n")
        self.shell.wait_for("ready\n")

    def test_ctrl_c_reaches_the_command_once(self):
        self.begin(PYTHON, "-c", REPORT_SIGNALS)
        self.shell.type(CTRL_C)
        self.assertEqual(self.shell.wait_for(PROMPT), f"SIGINT\n{PROMPT}")
        self.assertEqual(self.shell.status(), 0)

    def test_ctrl_backslash_reaches_the_command_once(self):
        self.begin(PYTHON, "-c", REPORT_SIGNALS)
        self.shell.type(CTRL_BACKSLASH)
        self.assertEqual(self.shell.wait_for(PROMPT), f"SIGQUIT\n{PROMPT}")

    def test_ctrl_c_ends_the_command(self):
        self.begin("sh", "-c", "echo ready; exec sleep 100")
        self.shell.type(CTRL_C)
        self.shell.wait_for(PROMPT)
        self.assertEqual(self.shell.status(), 130)

    def test_ctrl_c_ends_a_loop_of_the_shell(self):
        """bash goes on with the loop if a program has merely ended with status 130."""
        line = self.line("sh", "-c", "echo ready; exec sleep 100")
        self.shell.type(f"for i in 1 2 3; do {line}; done\n")
        self.shell.wait_for("ready\n")
        self.shell.type(CTRL_C)
        self.assertNotIn("ready\n", self.shell.wait_for(PROMPT))
        self.assertEqual(self.shell.status(), 130)

    def test_ctrl_z_and_fg(self):
        self.begin("sh", "-c", "echo ready; while read line; do echo got $line; done; exit 3")
        for number in range(5):
            self.shell.type(CTRL_Z)
            self.assertIn("Stopped", self.shell.wait_for(PROMPT))
            self.assertEqual(self.shell.run("echo shell"), "shell\n")
            self.shell.type("fg\n")
            self.shell.wait_for("web.pem")  # the shell shows the command
            self.shell.type(f"line {number}\n")
            self.shell.wait_for(f"got line {number}\n")
        self.shell.type(CTRL_D)
        self.shell.wait_for(PROMPT)
        self.assertEqual(self.shell.status(), 3)

    def test_a_command_that_stops_itself(self):
        """As ssh does for ~^Z: only itself, not its process group."""
        script = "echo ready; kill -{} $$; echo continued; read line; echo got $line"
        for name in ("TSTP", "STOP"):
            with self.subTest(name):
                self.begin("sh", "-c", script.format(name))
                self.shell.wait_for(PROMPT)
                self.shell.type("fg\n")
                self.shell.wait_for("continued\n")
                self.shell.type("it\n")
                self.assertIn("got it\n", self.shell.wait_for(PROMPT))

    def test_continued_alone(self):
        """SIGCONT for credmint continues the command, too."""
        self.begin("sh", "-c", "echo $PPID > parent; echo ready; exec sleep 1000")
        self.shell.type(CTRL_Z)
        self.shell.wait_for(PROMPT)
        parent = int((self.folder / "parent").read_text())
        (child,) = children_of(parent)
        self.assertEqual((state_of(parent), state_of(child)), ("T", "T"))
        os.kill(parent, signal.SIGCONT)
        wait_until(lambda: state_of(child) != "T")

    def test_in_the_background(self):
        """It stops when it reads from the terminal, and continues in the foreground."""
        self.shell.type(self.line("sh", "-c", "read line; echo got $line") + " &\n")
        self.shell.wait_for(PROMPT)
        wait_until(lambda: "Stopped" in self.shell.run("jobs"))
        self.shell.type("fg\n")
        self.shell.wait_for("web.pem")
        self.shell.type("it\n")
        self.assertIn("got it\n", self.shell.wait_for(PROMPT))

    def test_an_interactive_shell(self):
        inner = "inner$ "
        command = ("env", f"PS1={inner}", "bash", "--norc", "--noediting", "-i")
        self.shell.type(self.line(*command) + "\n")
        self.shell.wait_for(inner)
        self.shell.type("sh -c 'echo ready; exec cat'\n")
        self.shell.wait_for("ready\n")
        self.shell.type(CTRL_Z)
        self.assertIn("Stopped", self.shell.wait_for(inner))
        self.shell.type("suspend\n")
        self.assertIn("Stopped", self.shell.wait_for(PROMPT))
        self.assertEqual(self.shell.run(f"echo ${{#{TOKEN}}}"), "0\n")
        self.shell.type("fg\n")
        self.shell.wait_for(inner)
        self.shell.type(f"echo ${{#{TOKEN}}}\n")
        self.shell.wait_for("64\n")
        self.shell.type("exit 6\nexit 6\n")  # the second one despite the stopped job
        self.shell.wait_for(PROMPT)

    def test_a_terminal_that_goes_away(self):
        script = "trap 'echo > ended; exit' HUP; echo ready; while :; do sleep 0.1; done"
        self.begin("sh", "-c", script)
        self.shell.hang_up()
        wait_until(lambda: (self.folder / "ended").exists())


class StaticCredentials(ExecTest):
    def minted(self, *flags, env=None):
        result = self.exec(*SHOW_ENVIRONMENT, flags=("--env", *flags), env=env)
        self.assertEqual(result.status, 0, str(result))
        return json.loads(result.stdout), result.stderr

    def test_variables(self):
        found, told = self.minted(env={**Environment.OTHERS, "KEPT": "it"})
        ours = {name for name in found if name.startswith("AWS_")}
        self.assertEqual(
            ours,
            {
                *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
                *("AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID"),
            },
        )
        self.assertEqual(found["AWS_ACCESS_KEY_ID"], self.last_request()["access_key_id"])
        self.assertEqual(found["AWS_ACCOUNT_ID"], emulator.ACCOUNT)
        expiration = found["AWS_CREDENTIAL_EXPIRATION"]
        self.assertGreater(
            datetime.datetime.fromisoformat(expiration.replace("Z", "+00:00")), pki.now()
        )
        self.assertEqual(told, f"credmint: the credentials expire at {expiration}\n")
        self.assertEqual(found["KEPT"], "it")

    def test_aws_cli(self):
        need(AWS, "awscli")
        sts = RecordingServer()
        self.addCleanup(sts.stop)
        command = (AWS, "sts", "get-caller-identity", "--region", "us-east-1", "--endpoint-url")
        result = self.exec(*command, sts.url, flags=("--env",))
        self.assertEqual(result.status, 0, str(result))
        self.assertEqual(sts.access_key_ids, [self.last_request()["access_key_id"]])

    def test_no_process_stays(self):
        """The command has credmint's process number."""
        started = self.start("sh", "-c", "echo $$", flags=("--env",))
        result = started.finish()
        self.assertEqual(int(result.stdout), started.process.pid)

    def test_the_cache(self):
        folder = self.folder / "runtime"
        folder.mkdir(mode=0o700)
        env = {"XDG_RUNTIME_DIR": str(folder)}
        first, _ = self.minted("--cache", env=env)
        requests = len(self.service.requests())
        second, _ = self.minted("--cache", env=env)
        self.assertEqual(first["AWS_ACCESS_KEY_ID"], second["AWS_ACCESS_KEY_ID"])
        self.assertEqual(len(self.service.requests()), requests)

    def test_the_cache_is_only_for_these(self):
        self.fail_with(program.USAGE, "--cache", *self.flags("--cache"), "--", "true", hint="--env")


if __name__ == "__main__":
    unittest.main()
