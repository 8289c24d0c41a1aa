#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd verifies them, and the program runs in their sandbox. Also the
profiles for AppArmor and SELinux that are shipped with them.

CREDMINT_BUILD has the path of the build folder, from which they are installed.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import unittest

from cryptography import x509

from support import apparmor, documents, emulator, program, sandbox, serve, token, tpm
from support.cases import each, expand
from support.installed import install
from support.manager import Manager
from support.pki import DAY, pem
from support.processes import die_with_parent, run_tool
from support.requirements import miss, need
from support.strace import STRACE, need_strace
from support.system_test import MintTest, let_others_run_the_program, make_folder

SERVICES = {"serve": "credmint-serve.service", "update": "credmint-update@.service"}
# All that run the program. The profiles are for the two that stay.
PROGRAMS = {**SERVICES, "renew": "credmint-renew@.service"}
MOST_EXPOSURE = 2.5
SELINUX_MAKEFILE = "/usr/share/selinux/devel/Makefile"
SERVER, READER, STRANGER, GROUP = 4100, 4101, 4102, 33
DROP_INS = {
    path: text
    for guide in ("guide/systemd.md", "guide/renewing.md")
    for section in documents.sections(documents.read(guide))
    for language, text in section.blocks()
    for path in re.findall(r"\A# /etc/systemd/system/(\S+)\n", text)
}


class UnitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need(sandbox.ANALYZE, "systemd")
        cls.root = install(cls)
        (cls.folder,) = cls.root.glob("**/systemd/system")
        cls.units = {path.name: path.read_text() for path in cls.folder.iterdir()}

    @staticmethod
    def instance(name):
        return name.replace("@.", "@web.")


@expand
class Units(UnitsTest):
    def test_are_these(self):
        self.assertEqual(set(self.units), {*PROGRAMS.values(), "credmint-serve.socket", "credmint-renew@.timer"})

    @each(**PROGRAMS)
    def test_runs_the_installed_program(self, name):
        (command,) = sandbox.settings(self.units[name], "ExecStart")
        path = pathlib.Path(command.split()[0])
        self.assertTrue(os.access(self.root / path.relative_to("/"), os.X_OK), path)

    def test_systemd_finds_no_fault(self):
        self.verify(self.runnable_units(), *self.units)

    def test_systemd_finds_no_fault_in_the_drop_ins_of_the_documentation(self):
        """Each drop-in is tested alone, because several change the same setting."""
        self.assertGreater(len(DROP_INS), 6)
        for path, text in DROP_INS.items():
            with self.subTest(path):
                folder = self.runnable_units()
                unit, name = path.split(".d/")
                if unit.endswith(".service") and not unit.startswith("credmint-"):
                    (folder / unit).write_text("[Service]\nExecStart=/bin/true\n")
                (folder / f"{unit}.d").mkdir()
                (folder / f"{unit}.d" / name).write_text(text)
                self.verify(folder, unit)

    def runnable_units(self):
        """A folder with the units, changed to run the program from the installation's root."""
        folder = make_folder(self)
        for name, text in self.units.items():
            moved = re.sub(r"(?m)^(ExecStart=)(/\S+)", rf"\1{self.root}\2", text)
            (folder / name).write_text(moved)
        return folder

    def verify(self, folder, *units):
        result = subprocess.run(
            [sandbox.ANALYZE, "verify", "--man=no", *map(self.instance, units)],
            env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{folder}:"},
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    @each(**PROGRAMS)
    def test_is_hardly_exposed(self, name):
        printed = run_tool(
            *(sandbox.ANALYZE, "security", "--offline=true", "--no-pager"), self.folder / name
        ).decode()
        (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", printed)
        self.assertLessEqual(float(exposure), MOST_EXPOSURE, printed)

    def test_serve_sees_the_users_of_its_clients(self):
        """PrivateUsers= would map them to nobody. The kernel names them by netlink."""
        unit = self.units[SERVICES["serve"]]
        self.assertEqual(sandbox.settings(unit, "PrivateUsers"), [])
        self.assertIn("AF_NETLINK", sandbox.settings(unit, "RestrictAddressFamilies")[0].split())

    @each(**PROGRAMS)
    def test_the_group_is_made_where_it_is_missing(self, name):
        groups = sandbox.settings(self.units[name], "SupplementaryGroups")
        (made,) = self.root.glob("**/sysusers.d/credmint.conf")
        self.assertEqual(re.findall(r"^g (\w+) -$", made.read_text(), re.MULTILINE), groups)

    @each(**SERVICES)
    def test_a_refused_pin_is_not_sent_again_by_a_restart(self, name):
        (statuses,) = sandbox.settings(self.units[name], "RestartPreventExitStatus")
        self.assertIn(str(program.KEY), statuses.split())


class File:
    def __init__(self, test):
        self.flags = test.write_identity()
        self.env = {}


class Softhsm:
    MODULE = ("--pkcs11-lib", token.MODULE)

    def __init__(self, test):
        made = token.Token(test.folder / "t")
        leaf = test.root.issue(made.generate("EC:prime256v1"))
        test.write("web.pem", pem(leaf))
        test.write("pin", test.secret(token.PIN))
        self.flags = (
            *("--certificate", "web.pem", "--private-key", "pkcs11:token=test;object=web"),
            *("--passin", "file:pin", *self.MODULE),
        )
        self.env = made.env


class P11KitProxy(Softhsm):
    """p11-kit's proxy, which is used without --pkcs11-lib."""

    MODULE = ()


class Swtpm:
    def __init__(self, test):
        made = tpm.Tpm(test, make_folder(test) / "t")
        test.write("web.pem", pem(test.root.issue(made.make_persistent("0x81000001"))))
        self.flags = ("--certificate", "web.pem", "--private-key", "handle:0x81000001")
        self.env = made.env


KEYS = {"file": File, "softhsm": Softhsm, "p11_kit_proxy": P11KitProxy, "swtpm": Swtpm}


@expand
class Sandbox(UnitsTest, MintTest):
    """Keys of each kind and TLS, with a process that is killed on a forbidden system call."""

    @classmethod
    def setUpClass(cls):
        UnitsTest.setUpClass.__func__(cls)
        MintTest.setUpClass.__func__(cls)

    @classmethod
    def start_service(cls, *anchors, **options):
        tls_folder = make_folder(cls)
        return super().start_service(*anchors, tls_folder=tls_folder, **options)

    def setUp(self):
        MintTest.setUp(self)

    def flags(self, made):
        self.env = dict(made.env)
        bundle = ("--ca-bundle", self.service.ca_bundle)
        return (*made.flags, *bundle, *self.arguments()[1:])

    @each(**KEYS)
    def test_serve_with_a_key_of(self, kind):
        flags = ("--port", "0", "--token-file", "token", *self.flags(kind(self)))
        confine = sandbox.confine(self.units[SERVICES["serve"]])
        server = serve.Server(self, *flags, preexec=confine)
        answer = server.container()
        self.assertEqual(answer.status, 200, answer)
        key = json.loads(answer.body)["AccessKeyId"]
        server.process.send_signal(signal.SIGHUP)
        serve.wait_until(lambda: json.loads(server.container().body)["AccessKeyId"] != key)
        run = server.end(signal.SIGTERM)
        self.assertEqual((run.status, run.stderr), (0, ""), str(run))

    @each(**KEYS)
    def test_update_with_a_key_of(self, kind):
        flags = ("update", "--once", *self.flags(kind(self)))
        confine = sandbox.confine(self.units[SERVICES["update"]])
        for _ in range(2):  # creates the file, then replaces it
            self.succeed(*flags, preexec=confine)
            written = (self.folder / ".aws/credentials").read_text()
            self.assertIn(self.last_request()["access_key_id"], written)

    @each(**KEYS)
    def test_renew_with_a_key_of(self, kind):
        made = kind(self)
        self.env = {**made.env, "STATE_DIRECTORY": str(self.folder / "state")}
        self.write("answer", pem(self.renewed_leaf()))
        printed = self.succeed(
            *("renew", "--force", "--exec", "cat answer", *made.flags),
            preexec=sandbox.confine(self.units[PROGRAMS["renew"]]),
        )
        self.assertIn(b"renewed CN=", printed)

    def renewed_leaf(self):
        """The certificate that web.pem shall become."""
        old = x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())
        return self.root.issue(old.public_key(), not_after=60 * DAY)

    @each(
        chown=("os.chown('/', 0, 0)", "serve"),
        packets=("socket.socket(socket.AF_PACKET, socket.SOCK_RAW)", "serve"),
        code_that_is_written=("mmap.mmap(-1, 1, prot=6)", "serve"),
        mount=("ctypes.CDLL(None).umount2(b'/', 0)", "update"),
    )
    def test_is_deadly_for(self, case):
        """Checks the sandbox itself: forbidden calls kill the process."""
        statement, name = case
        result = subprocess.run(
            ["/usr/bin/python3", "-c", f"import ctypes, mmap, os, socket; {statement}"],
            preexec_fn=sandbox.confine(self.units[SERVICES[name]]),
            capture_output=True,
            check=False,
        )
        self.assertEqual(result.returncode, -signal.SIGSYS, result.stderr)


class TokenFiles(UnitsTest, MintTest):
    """The token file of a role, in the runtime folder of the service. Needs root."""

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            miss("root, to be several users")
        UnitsTest.setUpClass.__func__(cls)
        MintTest.setUpClass.__func__(cls)

    def setUp(self):
        MintTest.setUp(self)
        let_others_run_the_program(self)
        self.write_identity()
        self.runtime = make_folder(self)
        os.chown(self.runtime, SERVER, SERVER)
        self.env = {"RUNTIME_DIRECTORY": str(self.runtime)}

    def configure(self, settings):
        _, trust_anchor, _, profile, _, role = emulator.SESSION_FLAGS[:6]
        self.write(
            "config.toml",
            f"""
            [identity.one]
            certificate = "web.pem"
            private-key = "web.key"
            [role.web]
            endpoint = "{self.service.url}"
            trust-anchor-arn = "{trust_anchor}"
            profile-arn = "{profile}"
            role-arn = "{role}"
            token-file = "{self.runtime}/web.token"
            {settings}
            """,
        )
        run_tool("chown", "-R", str(SERVER), self.folder)

    def become_service(self, unit):
        """For preexec_fn: the user, the groups and the system calls of the service."""
        confine = sandbox.confine(unit)

        def become():
            os.setgroups([GROUP])
            os.setgid(SERVER)
            os.setuid(SERVER)
            confine()

        return become

    def read_as(self, user, groups, name):
        """Reads a file as a user; returns its text, or None."""
        become = ("setpriv", f"--reuid={user}", f"--regid={user}", *groups)
        command = (*become, "cat", self.runtime / name)
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        return result.stdout if result.returncode == 0 else None

    FLAGS = ("--config", "config.toml", "--port", "0")

    def test_for_root_alone_in_the_unit_as_it_is(self):
        self.configure("")
        unit = self.units[SERVICES["serve"]]
        server = serve.Server(self, *self.FLAGS, preexec=self.become_service(unit))
        token = (self.runtime / "web.token").read_text()
        answer = server.request("GET", "/role/web", {"Authorization": token})
        self.assertEqual(answer.status, 200)
        self.assertIsNone(self.read_as(READER, (f"--groups={GROUP}",), "web.token"))

    def test_for_a_group_with_the_drop_in_of_the_documentation(self):
        drop_in = DROP_INS["credmint-serve.service.d/token-group.conf"]
        (mode,) = sandbox.settings(drop_in, "RuntimeDirectoryMode")
        self.runtime.chmod(int(mode, 8))
        self.configure(f'token-group = "{GROUP}"')
        become = self.become_service(self.units[SERVICES["serve"]] + drop_in)
        for _ in range(2):  # makes the file, then finds it
            server = serve.Server(self, *self.FLAGS, preexec=become)
            token = (self.runtime / "web.token").read_text()
            answer = server.request("GET", "/role/web", {"Authorization": token})
            self.assertEqual(answer.status, 200)
            self.assertEqual(self.read_as(READER, (f"--groups={GROUP}",), "web.token"), token)
            self.assertIsNone(self.read_as(STRANGER, ("--clear-groups",), "web.token"))
            self.assertIsNone(self.read_as(READER, (f"--groups={GROUP}",), "token"))
            self.assertIsNone(self.read_as(READER, (f"--groups={GROUP}",), ""))
            self.assertEqual(server.end(signal.SIGTERM).status, 0)

    def test_a_group_needs_the_drop_in(self):
        """Under systemd the call would fail, and with it the service."""
        program.need_server()
        self.configure(f'token-group = "{GROUP}"')
        become = self.become_service(self.units[SERVICES["serve"]])
        run = program.run(("serve", *self.FLAGS), self.folder, self.env, preexec=become)
        self.assertEqual(run.status, -signal.SIGSYS, str(run))


class ProfileTest(UnitsTest):
    """Compares a profile with the units and with the drop-ins of the documentation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.commands = {
            command.split()[0]
            for name in SERVICES.values()
            for command in sandbox.settings(cls.units[name], "ExecStart")
        }

    def runtime_files(self):
        """Files in the runtime folders. That of a dynamic user is below /run/private."""
        for name, file in (("serve", "token"), ("update", "credentials")):
            (folder,) = sandbox.settings(self.units[SERVICES[name]], "RuntimeDirectory")
            for parent in ("/run", "/run/private"):
                yield f"{parent}/{folder.replace('%i', 'web')}/{file}"

    def credentials(self):
        for name in SERVICES.values():
            (credential,) = sandbox.settings(self.units[name], "LoadCredential")
            yield f"/run/credentials/{self.instance(name)}/{credential}"

    @staticmethod
    def drop_in(name, setting):
        (text,) = (text for path, text in DROP_INS.items() if path.endswith(name))
        (value,) = sandbox.settings(text, setting)
        return value


@expand
class AppArmor(ProfileTest, MintTest):
    """The profile, read by AppArmor's parser. No kernel enforces it here."""

    @classmethod
    def setUpClass(cls):
        ProfileTest.setUpClass.__func__(cls)
        (cls.path,) = cls.root.glob("**/share/credmint/apparmor/credmint")
        cls.profile = apparmor.Profile(cls.path)
        MintTest.setUpClass.__func__(cls)

    def setUp(self):
        MintTest.setUp(self)

    def allow(self, path, access):
        self.assertTrue(self.profile.allows(path, access), (path, access))

    def test_can_be_compiled(self):
        apparmor.parse(self.path)

    @each(**SERVICES)
    def test_is_named_by(self, name):
        (named,) = sandbox.settings(self.units[name], "AppArmorProfile")
        self.assertEqual([named], [f"-{known}" for known in self.profile.names])

    def test_confines_no_program_that_a_person_runs(self):
        (head,) = re.findall(r"^profile .*$", self.path.read_text(), re.MULTILINE)
        self.assertEqual(head, "profile credmint flags=(attach_disconnected) {")

    def test_allows_what_the_units_start(self):
        self.assertEqual(len(self.commands), 1)
        for path in (*self.commands, "/bin/kill", "/usr/bin/kill"):
            self.allow(path, "rm")

    def test_allows_what_the_units_give(self):
        for path in self.runtime_files():
            self.allow(path, "rwk")
        for path in self.credentials():
            self.allow(path, "r")
        for path in ("/etc/credmint/config.toml", "/etc/credmint/pki/web.pem"):
            self.allow(path, "r")
        for name in SERVICES.values():
            (device,) = sandbox.settings(self.units[name], "DeviceAllow")
            self.allow(*device.split())

    def test_allows_what_the_drop_ins_give(self):
        self.allow(self.drop_in("/softhsm.conf", "ReadWritePaths") + "/token/object", "rwk")
        self.allow(self.drop_in("/user.conf", "BindPaths") + "/credentials", "rwk")

    def test_takes_the_local_rules_of_the_documentation(self):
        text = documents.read("guide/systemd.md")
        block = re.compile(r"^# /etc/apparmor.d/(local/\S+)\n(.*?)^```", re.M | re.S)
        ((path, rules),) = block.findall(text)
        self.write("rules", f"profile local {{\n{rules}}}\n")
        local = apparmor.Profile(self.folder / "rules")
        self.assertIn(f"include if exists <{path}>", self.path.read_text())
        (configuration,) = re.findall(r"CHRYSTOKI_CONF=(\S+)", text)
        for name, access in (
            (configuration, "r"),
            (self.drop_in("/module.conf", "ReadWritePaths") + "/log", "rw"),
        ):
            self.assertTrue(local.allows(name, access), name)
            self.assertFalse(self.profile.allows(name, access), name)

    @each(
        shell=("/usr/bin/dash", "x"),
        passwords=("/etc/shadow", "r"),
        home=("/home/alice/.ssh/id_ed25519", "r"),
        root=("/root/.profile", "w"),
        host_key=("/etc/ssh/ssh_host_ed25519_key", "r"),
        disk=("/dev/sda", "r"),
        configuration=("/etc/credmint/config.toml", "w"),
        module=("/usr/lib/softhsm/libsofthsm2.so", "w"),
        own_module=("/tmp/module.so", "m"),
        other_service=("/run/credentials/web.service/key", "r"),
    )
    def test_forbids(self, case):
        self.assertFalse(self.profile.allows(*case))

    @each(**KEYS)
    def test_allows_the_files_that_are_opened_with_a_key_of(self, kind):
        need_strace()
        made = kind(self)
        self.env = dict(made.env)
        strace = (STRACE, "-f", "-qq", "-z", "-o", "trace", "-e", "trace=open,openat,execve")
        self.succeed("update", "--once", *made.flags, *self.arguments()[1:], wrapper=strace)
        text = (self.folder / "trace").read_text()
        opened = re.findall(r'\bopen(?:at\(AT_FDCWD, |\()"(/[^"]+)", (O_\w+)(?!\S*O_PATH)', text)
        paths = {(self.as_the_kernel_sees(path), flag) for path, flag in opened}
        paths = {found for found in paths if not found[0].startswith(str(self.folder))}
        self.assertGreater(len(paths), 5, text)
        for path, flag in sorted(paths):
            access = {"O_RDONLY": "r", "O_WRONLY": "w", "O_RDWR": "rw"}[flag]
            self.allow(path, access + ("m" if ".so" in os.path.basename(path) else ""))
        self.assertEqual(text.count("execve("), 1, text)

    @staticmethod
    def as_the_kernel_sees(path):
        """Without links, and a folder with a slash. Process 1 stands for any."""
        real = os.path.realpath(re.sub(r"^/proc/self/", "/proc/1/", path))
        return f"{real}/" if os.path.isdir(real) else real


@expand
class SELinux(ProfileTest):
    """The policy module, compiled with the interfaces of Debian's policy. No kernel enforces it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.source,) = cls.root.glob("**/share/credmint/selinux")

    def test_can_be_compiled(self):
        need("/usr/bin/checkmodule", "checkpolicy")
        need("/usr/bin/semodule_package", "semodule-utils")
        need(SELINUX_MAKEFILE, "selinux-policy-dev")
        folder = make_folder(self)
        shutil.copytree(self.source, folder, dirs_exist_ok=True)
        printed = run_tool("make", "-f", SELINUX_MAKEFILE, "-C", folder, "credmint.pp").decode()
        self.assertNotRegex(printed, "(?i)warning|error")
        run_tool("semodule_unpackage", folder / "credmint.pp", folder / "mod", folder / "fc")
        self.assertIn("credmint_exec_t", (folder / "fc").read_text())

    @each(**SERVICES)
    def test_has_the_domain_of(self, name):
        (context,) = sandbox.settings(self.units[name], "SELinuxContext")
        user, role, domain, _ = context.split(":")
        self.assertEqual((user, role), ("-system_u", "system_r"))
        policy = (self.source / "credmint.te").read_text()
        self.assertIn(f"\ntype {domain};\n", policy)
        self.assertIn(f"\nrole {role} types {domain};\n", policy)

    def test_leaves_programs_that_run_credmint_in_their_domain(self):
        policy = (self.source / "credmint.te").read_text()
        self.assertNotRegex(policy, r"type_transition|init_daemon_domain|\bdomtrans")

    def test_labels_what_the_units_use(self):
        lines = (self.source / "credmint.fc").read_text().splitlines()
        contexts = [(line.split()[0], line) for line in lines if line and not line.startswith("#")]
        wanted = {
            "credmint_exec_t": self.commands,
            "credmint_runtime_t": set(self.runtime_files()),
            "credmint_etc_t": {"/etc/credmint", "/etc/credmint/config.toml"},
        }
        for label, paths in wanted.items():
            for path in paths:
                found = [line for expression, line in contexts if re.fullmatch(expression, path)]
                self.assertEqual(len(found), 1, path)
                self.assertIn(f":{label},", found[0])


class Readiness(MintTest):
    def test_update_is_ready_when_the_file_is_written(self):
        self.start_own_service(fail=["503"])
        manager = Manager(self, self.folder)
        self.env = manager.env
        flags = ("update", *self.write_identity(), *self.arguments()[1:])
        started = program.start(flags, self.folder, self.env)
        self.addCleanup(started.process.kill)
        self.assertEqual(manager.next(), "READY=1")
        self.assertEqual([record["reason"] for record in self.service.requests()][-1], "accepted")
        self.assertTrue((self.folder / ".aws/credentials").exists())
        started.process.send_signal(signal.SIGTERM)
        self.assertEqual(started.finish().status, 0)
        self.assertEqual(manager.next(), "STOPPING=1")


if __name__ == "__main__":
    unittest.main()
