#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`serve` knows which user of the machine asks, and what that user may have.

The users are real: clients run by setpriv, and the server has a user of its own. Needs root.
"""

import concurrent.futures
import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import tomllib
import unittest

from support import documents, emulator, javascript, pki, program
from support.cases import each, expand
from support.processes import die_with_parent, run_tool
from support.requirements import miss, need
from support.serve import Server, wait_until
from support.system_test import MintTest, let_others_run_the_program, make_folder

SERVER, STRANGER = 4100, 4199
USERS = {
    "the user that runs serve": SERVER,
    "root": 0,
    "www-data": 33,
    "backup": 34,
    "nobody": 65534,
}
PUT_TOKEN = ("PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 60")
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
LIST = "/latest/meta-data/iam/security-credentials/"

_SECTION = {s.title: s for s in documents.sections(documents.read("guide/serve.md"))}["Users"]
ROWS = documents.rows(f"# Users\n{_SECTION.text}", "user")
((_, EXAMPLE),) = (block for block in _SECTION.blocks() if block[0] == "toml")


def as_user(user, *command):
    return ("/usr/bin/setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", *command)


def become_server():
    """For preexec_fn."""
    die_with_parent()
    os.setgroups([])
    os.setgid(SERVER)
    os.setuid(SERVER)


class UsersTest(MintTest):
    """Starts the server as a user of its own, from a copy that this user can execute."""

    @classmethod
    def setUpClass(cls):
        if os.getuid() != 0:
            miss("root, to be several users")
        super().setUpClass()
        cls.key = pki.make_key()
        cls.leaf = cls.root.issue(cls.key.public_key())

    def setUp(self):
        program.need_server()
        super().setUp()
        self.write_identity(self.key, self.leaf)
        let_others_run_the_program(self)
        self.token = self.folder / "token"

    def configure(self, text):
        """Writes the configuration file: two roles, and what the test adds."""
        _, trust_anchor, _, profile, *_ = emulator.SESSION_FLAGS
        role = f"arn:aws:iam::{emulator.ACCOUNT}:role"
        made = f"""
            [identity.one]
            certificate = "web.pem"
            private-key = "web.key"
            [defaults]
            endpoint = "{self.service.url}"
            trust-anchor-arn = "{trust_anchor}"
            profile-arn = "{profile}"
        """
        for name in ("web", "backup"):
            own = re.search(rf"\[role\.{name}\]\n((?:[^\[\n].*\n)*)", text)
            text = text.replace(own[0], "") if own else text
            made += f'[role.{name}]\nrole-arn = "{role}/{name}"\n{own[1] if own else ""}'
        self.write("config.toml", text + made)

    def serve(self, *flags, wrapper=None):
        subprocess.run(("chown", "-R", str(SERVER), self.folder), check=True)

        arguments = ("--config", "config.toml", "--port", "0", "--token-file", "token", *flags)
        server = Server(self, *arguments, preexec=become_server)
        os.chmod(self.folder, 0o755)  # for what clients run in
        return server

    def ask(self, server, user, method, path, *headers, prefix=()):
        """Sends a request as a user; returns (status, body)."""
        fields = [part for header in headers for part in ("-H", header)]
        url = f"http://127.0.0.1:{server.port}{path}"
        command = ("curl", "-s", "-w", "\n%{http_code}", "-X", method, *fields, url)
        result = subprocess.run(
            (*prefix, *as_user(user, *command)),
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        body, _, status = result.stdout.rpartition("\n")
        return int(status), body

    def put(self, server, user, **more):
        return self.ask(server, user, *PUT_TOKEN, **more)

    def role(self, server, user, name, token=None):
        token = token or self.token.read_text()
        return self.ask(server, user, "GET", f"/role/{name}", f"Authorization: {token}")[0]

    def metadata(self, server, user, path, token):
        return self.ask(server, user, "GET", path, f"X-aws-ec2-metadata-token: {token}")


@expand
class Table(UsersTest):
    """The table of the guide, with its configuration."""

    @each(**{re.sub(r"\W", "_", row.cells[0]): row for row in ROWS})
    def test_row(self, row):
        self.assertEqual(set(tomllib.loads(EXAMPLE)["role"]), {"web", "backup"})
        self.configure(EXAMPLE)
        server = self.serve()
        user = USERS[row.cells[0]]
        seen = (
            self.put(server, user)[0],
            self.role(server, user, "web"),
            self.role(server, user, "backup"),
        )
        self.assertEqual(tuple(map(str, seen)), row.cells[1:])

    def test_has_all_users(self):
        self.assertEqual([row.cells[0] for row in ROWS], list(USERS))


class Users(UsersTest):
    def test_the_list_names_the_first_role_that_the_user_may_have(self):
        self.configure(EXAMPLE)
        server = self.serve()
        for user, name in ((SERVER, "web"), (33, "web"), (34, "backup")):
            status, token = self.put(server, user)
            self.assertEqual(status, 200)
            self.assertEqual(self.metadata(server, user, LIST, token), (200, name))
            others = {"web": "backup", "backup": "web"}
            hidden = 200 if user == SERVER else 404
            found = self.metadata(server, user, LIST + others[name], token)[0]
            self.assertEqual(found, hidden)

    def test_a_metadata_token_is_of_no_use_to_another_user(self):
        self.configure("")
        server = self.serve("--allow-user", "33", "--allow-user", "34")
        _, token = self.put(server, 33)
        self.assertEqual(self.metadata(server, 33, LIST, token)[0], 200)
        self.assertEqual(self.metadata(server, 34, LIST, token)[0], 401)

    def test_refusals_are_reported_once_for_each_user(self):
        self.configure("")
        server = self.serve()
        for user in (65534, STRANGER):
            for _ in range(3):
                self.assertEqual(self.put(server, user)[0], 400)
        self.assertEqual(self.role(server, SERVER, "web"), 200)
        run = server.end(signal.SIGTERM)
        self.assertEqual(run.status, 0)
        expected = "".join(
            f"credmint: {shown} may not have credentials\n"
            f"hint: to allow it, add --allow-user {name}, or allow-users = "
            f'["{name}"] to the configuration file\n'
            for shown, name in (("user nobody (65534)", "nobody"), ("user 4199", "4199"))
        )
        self.assertEqual(run.stderr, expected)

    def test_the_first_credentials_of_another_user_are_reported(self):
        self.configure("")
        server = self.serve("--allow-user", "www-data")
        for _ in range(2):
            self.assertEqual(self.role(server, 33, "web"), 200)
            self.assertEqual(self.role(server, SERVER, "web"), 200)
        run = server.end(signal.SIGTERM)
        said = "credmint: role web: first credentials for user www-data (33)\n"
        self.assertEqual((run.status, run.stderr), (0, said))

    def test_any_is_everybody(self):
        self.configure('[serve]\nallow-users = ["any"]\n')
        server = self.serve()
        self.assertEqual(self.put(server, STRANGER)[0], 200)
        self.assertEqual(self.role(server, STRANGER, "web"), 200)

    def test_the_list_of_a_role_replaces_that_of_the_server(self):
        self.configure('[serve]\nallow-users = ["33"]\n[role.backup]\nallow-users = []\n')
        server = self.serve()
        self.assertEqual(self.role(server, 33, "web"), 200)
        self.assertEqual(self.role(server, 33, "backup"), 404)

    def test_sighup_resolves_them_again(self):
        self.configure("")
        server = self.serve()
        _, token = self.put(server, SERVER)
        self.assertEqual(self.role(server, 33, "web"), 403)
        self.configure('[role.web]\nallow-users = ["www-data"]\n')
        os.chown(self.folder / "config.toml", SERVER, SERVER)
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.role(server, 33, "web") == 200)
        self.assertEqual(self.metadata(server, SERVER, LIST, token)[0], 200)

    def test_a_setting_has_the_plural_name_only(self):
        self.configure('[role.web]\nallow-user = ["www-data"]\n')
        self.fail_with(
            program.USAGE,
            "there is no setting 'allow-user'",
            *("serve", "--config", "config.toml", "--port", "0"),
            hint="allow-users",
        )

    def test_a_user_who_does_not_exist(self):
        self.configure('[role.web]\nallow-users = ["no-such-user"]\n')
        self.fail_with(
            program.USAGE,
            "role web: allow-users: there is no user 'no-such-user'",
            *("serve", "--config", "config.toml", "--port", "0", "--token-file", "token"),
        )

    def test_counts_of_64_clients_of_eight_users_are_exact(self):
        self.configure("")
        users = [4201 + number for number in range(8)]
        allowed = [part for user in users[:4] for part in ("--allow-user", str(user))]
        server = self.serve(*allowed, "--status-port", "0")
        with concurrent.futures.ThreadPoolExecutor(64) as pool:
            asked = [user for user in users for _ in range(8)]
            statuses = list(pool.map(lambda user: self.role(server, user, "web"), asked))
        self.assertEqual(statuses, [200] * 32 + [403] * 32)
        given = re.findall(
            r'^credmint_credentials_given_total\{role="web",uid="(\d+)"\} (\d+)$',
            server.request("GET", "/metrics", port=server.status_port).body.decode(),
            re.MULTILINE,
        )
        self.assertEqual(given, [(str(user), "8") for user in users[:4]])


# A program that prints the ID of the access key that aws-crt finds by itself.
AWS_CRT = """
from awscrt import auth, io
group = io.EventLoopGroup(1)
bootstrap = io.ClientBootstrap(group, io.DefaultHostResolver(group))
provider = auth.AwsCredentialsProvider.new_default_chain(bootstrap)
print(provider.get_credentials().result(30).access_key_id)
"""


class RealClientTest(UsersTest):
    """A client, as a user who may have the role and as one who may not."""

    def command(self):
        """The command that prints the ID of the access key, and its variables."""
        raise NotImplementedError

    def export(self, user, variables):
        home = make_folder(self)
        os.chown(home, user, user)
        command, more = self.command()
        return subprocess.run(
            as_user(user, *command),
            cwd=home,
            env={"PATH": "/usr/bin:/bin", "HOME": str(home), **variables, **more},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def variables(self, server, interface):
        if interface == "imds":
            url = f"http://127.0.0.1:{server.port}/"
            return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": url}
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.port}/role/web",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.token.read_text(),
        }

    def check(self, interface):
        """Returns what the refused client printed."""
        self.configure("")
        server = self.serve("--allow-user", "33")
        variables = self.variables(server, interface)
        exported = self.export(33, variables)
        self.assertEqual((exported.returncode, exported.stderr), (0, ""))
        (key,) = re.findall(r"ASIA\w+", exported.stdout)
        self.assertIn(key, [record["access_key_id"] for record in self.service.requests()])
        refused = self.export(34, variables)
        self.assertNotEqual(refused.returncode, 0)
        self.assertNotRegex(refused.stdout, r"ASIA\w+")
        run = server.end(signal.SIGTERM)
        self.assertIn("credmint: user backup (34)", run.stderr)
        return refused.stderr


@expand
class AwsCli(RealClientTest):
    def command(self):
        need("/usr/bin/aws", "awscli")
        return ("/usr/bin/aws", "configure", "export-credentials"), {}

    @each(imds="imds", container="container")
    def test_of(self, interface):
        self.check(interface)


@expand
class JavaScript(RealClientTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sdk = javascript.sdk()
        cls.modules = make_folder(cls) / "node_modules"
        cls.modules.parent.chmod(0o755)
        shutil.copytree(sdk, cls.modules)  # other users may not read it where it is

    def command(self):
        variables = {"NODE_PATH": str(self.modules), "NODE_NO_WARNINGS": "1"}
        return javascript.SHOW_KEY_ID, variables

    @each(imds="imds", container="container")
    def test_of(self, interface):
        self.check(interface)


class AwsCrt(RealClientTest):
    """Debian 12's ignores the address of the metadata service."""

    def command(self):
        need("/usr/lib/python3/dist-packages/awscrt", "python3-awscrt")
        return ("/usr/bin/python3", "-EsB", "-c", AWS_CRT), {}

    def test_of_container(self):
        self.assertIn("Unsuccessful status code", self.check("container"))


class Namespaces(UsersTest):
    def test_a_child_user_namespace_does_not_change_the_user(self):
        self.configure("")
        server = self.serve("--allow-user", str(STRANGER))
        inside = as_user(STRANGER, "unshare", "--user", "--map-root-user", "curl")
        url = f"http://127.0.0.1:{server.port}/latest/api/token"
        code = ("-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "PUT", url)
        command = (*inside, *code)
        result = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
        self.assertEqual(result.stdout, "200")
        self.assertEqual(self.put(server, 33)[0], 400)

    def test_a_user_who_does_not_exist_in_that_of_the_server(self):
        """Such a user shows as nobody, who may have credentials here."""

        def enter_namespace():
            die_with_parent()
            if ctypes.CDLL(None).unshare(CLONE_NEWUSER) != 0:
                os._exit(100)
            pathlib.Path("/proc/self/setgroups").write_text("deny")
            pathlib.Path("/proc/self/uid_map").write_text("0 0 1")
            pathlib.Path("/proc/self/gid_map").write_text("0 0 1")

        self.configure("")
        flags = ("--config", "config.toml", "--port", "0", "--token-file", "token")
        server = Server(self, *flags, "--allow-user", "65534", preexec=enter_namespace)
        self.assertEqual(self.put(server, 0)[0], 200)
        for user in (33, 65534):
            self.assertEqual(self.put(server, user)[0], 400)
        said = server.end(signal.SIGTERM).stderr
        self.assertIn("credmint: a client whose user is not known may not have credentials\n", said)
        self.assertNotIn("--allow-user", said)

    def test_a_source_beyond_loopback_does_not_hide_the_user(self):
        """A client may bind its socket to another address of the machine."""
        address = "192.0.2.71"

        def enter_namespace():
            die_with_parent()
            if ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
                os._exit(100)
            subprocess.run(("ip", "link", "set", "lo", "up"), check=True)
            subprocess.run(("ip", "address", "add", f"{address}/32", "dev", "lo"), check=True)

        self.configure("")
        flags = ("--config", "config.toml", "--port", "0", "--token-file", "token")
        server = Server(self, *flags, "--allow-user", "33", preexec=enter_namespace)
        inside = ("nsenter", f"--target={server.process.pid}", "--net")
        url = f"http://127.0.0.1:{server.port}/latest/api/token"
        for user, expected in ((STRANGER, "400"), (33, "200")):
            code = ("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--interface", address)
            command = (*inside, *as_user(user, *code, "-X", "PUT", url))
            result = subprocess.run(command, capture_output=True, text=True, check=True)
            self.assertEqual(result.stdout, expected)

    def test_another_network_namespace_does_not_reach_it(self):
        self.configure("")
        server = self.serve()
        url = f"http://127.0.0.1:{server.port}/latest/api/token"
        result = subprocess.run(("unshare", "--net", "curl", "-s", "-X", "PUT", url), check=False)
        self.assertEqual(result.returncode, 7)  # it cannot connect


class Sockets(UsersTest):
    """Clients that are other than usual."""

    # Connects to the port in its first argument; prints the status of a PUT.
    CLIENT = """
import os, socket, struct, sys
def connect(port, source=0):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.bind(("127.0.0.1", source))
    made.connect(("127.0.0.1", port))
    return made
def put(made):
    made.sendall(b"PUT /latest/api/token HTTP/1.1\\r\\nHost: localhost\\r\\n"
                 b"X-aws-ec2-metadata-token-ttl-seconds: 60\\r\\nContent-Length: 0\\r\\n\\r\\n")
    return made.recv(4096).split()[1].decode()
port = int(sys.argv[1])
"""

    def run_client(self, user, server, script, *arguments):
        command = ("/usr/bin/python3", "-EsB", "-c", self.CLIENT + script, str(server.port))
        result = subprocess.run(
            as_user(user, *command, *map(str, arguments)),
            cwd="/",
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        return result.stdout.strip()

    def test_a_client_that_closes_at_once(self):
        self.configure("")
        server = self.serve("--allow-user", "33")
        self.run_client(33, server, "for _ in range(200): connect(port).close()")
        self.assertEqual(self.put(server, 33)[0], 200)
        self.assertEqual(self.put(server, STRANGER)[0], 400)

    def test_a_port_that_another_user_takes_next(self):
        self.configure("")
        server = self.serve("--allow-user", "33")
        first = "made = connect(port); print(made.getsockname()[1], put(made)); made.close()"
        source, status = self.run_client(33, server, first).split()
        self.assertEqual(status, "200")
        again = "print(put(connect(port, int(sys.argv[2]))))"
        self.assertEqual(self.run_client(STRANGER, server, again, source), "400")
        self.assertEqual(self.run_client(33, server, again, source), "200")

    def test_a_socket_counts_for_the_user_who_made_it(self):
        """The limit that the threat model names."""
        self.configure("")
        server = self.serve("--allow-user", "33")
        for maker, user, expected in ((33, STRANGER, "200"), (STRANGER, 33, "400")):
            script = (
                f"os.setresuid({maker}, {maker}, 0)\n"
                "made = connect(port)\n"
                "os.setresuid(0, 0, 0)\n"
                f"os.setresuid({user}, {user}, {user})\n"
                "print(put(made))"
            )
            found = self.run_client(0, server, script)
            self.assertEqual(found, expected)


@expand
class ManyUsers(UsersTest):
    """More users than `serve` keeps records of."""

    CLIENT = """
import http.client, os, sys
port, count, path, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
for user in range(20000, 20000 + count):
    os.setresuid(user, user, 0)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers={"Authorization": token})
    print(connection.getresponse().status)
    connection.close()
    os.setresuid(0, 0, 0)
"""

    REFUSED = (
        *((), "403", "1024 users have been refused; further ones are not named"),
        *("credmint_user_refusals_total", 1030),
    )
    GIVEN = (
        *(("--allow-user", "any"), "200"),
        "credentials have been given to 1024 users, by role; further ones are neither named nor "
        "counted",
        *('credmint_credentials_given_total{role="web",uid="21023"}', 1),
    )

    @each(refused=REFUSED, given=GIVEN)
    def test_are_reported_once(self, case):
        flags, status, said, metric, value = case
        self.configure("")
        server = self.serve(*flags, "--status-port", "0")
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(server.process.stderr))
        reader.start()
        self.addCleanup(reader.join)
        self.addCleanup(server.process.kill)
        client = ("/usr/bin/python3", "-EsB", "-c", self.CLIENT, str(server.port), "1030")
        client = (*client, "/role/web", self.token.read_text())
        self.assertEqual(run_tool(*client).decode().split(), [status] * 1030)
        metrics = server.request("GET", "/metrics", port=server.status_port).body.decode()
        self.assertIn(f"\n{metric} {value}\n", metrics)
        self.assertNotIn('uid="21024"', metrics)
        named = re.compile(rb"^credmint: .*user (2\d{4})\b")

        def names():
            found = map(named.search, list(lines))
            return [match[1] for match in found if match]

        for _ in range(30):  # reports that came too fast are made when the users come again
            if len(names()) < 1024:
                run_tool(*client)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
        reader.join()
        self.assertEqual((len(names()), len(set(names()))), (1024, 1024))
        self.assertEqual(lines.count(f"credmint: warning: {said}\n".encode()), 1, lines[-3:])


class Interfaces(UsersTest):
    def test_the_metadata_service_alone(self):
        self.configure('[role.backup]\ntoken-file = "backup.token"\n')
        server = self.serve("--interfaces", "imds")
        self.assertEqual(self.put(server, SERVER)[0], 200)
        self.assertFalse(self.token.exists())
        own = (self.folder / "backup.token").read_text()
        self.assertEqual(self.role(server, SERVER, "backup", own), 403)
        self.assertNotIn("AWS_CONTAINER", server.printed)

    def test_container_credentials_alone(self):
        self.configure('[serve]\ninterfaces = ["container"]\n')
        server = self.serve()
        self.assertEqual(self.put(server, SERVER)[0], 403)
        self.assertEqual(self.role(server, SERVER, "web"), 200)
        self.assertNotIn("AWS_EC2", server.printed)

    def test_none(self):
        self.configure("[serve]\ninterfaces = []\n")
        command = ("serve", "--config", "config.toml", "--port", "0")
        self.fail_with(program.USAGE, "config.toml:2: interfaces names no interface", *command)

    def test_no_other(self):
        self.configure("")
        self.fail_with(
            program.USAGE,
            "--interfaces",
            *("serve", "--config", "config.toml", "--interfaces", "imdsv1"),
        )

    def test_the_status_on_another_address(self):
        self.configure("")
        server = self.serve("--status-listen", "127.0.0.2:0")
        self.assertIn("http://127.0.0.2:", server.printed)
        no_address = ("127.0.0.1", ":1", "::1:9")
        for wrong in (*no_address, "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:0x10"):
            self.fail_with(
                program.USAGE,
                "--status-listen",
                *("serve", "--config", "config.toml", "--status-listen", wrong),
            )


@expand
class TokenFiles(UsersTest):
    def test_of_a_role_open_it_alone(self):
        self.configure('[role.backup]\ntoken-file = "backup.token"\ntoken-group = "backup"\n')
        subprocess.run(("chown", "-R", str(SERVER), self.folder), check=True)
        # Only members of the group can give the file to it.
        self.write("backup.token", "0" * 64)  # of a run before the group was given
        made = self.serve_as_root()
        self.assertIn(f"TOKEN_FILE={self.folder}/backup.token\n", made.printed)
        own = (self.folder / "backup.token").read_text()
        common = self.token.read_text()
        self.assertEqual(own, "0" * 64)
        self.assertNotEqual(own, common)
        self.assertEqual(self.role(made, 0, "backup", own), 200)
        self.assertEqual(self.role(made, 0, "backup", common), 401)
        self.assertEqual(self.role(made, 0, "web", common), 200)
        self.assertEqual(self.role(made, 0, "web", own), 401)
        status = (self.folder / "backup.token").stat()
        self.assertEqual((status.st_mode & 0o777, status.st_gid), (0o640, 34))
        made.end(signal.SIGTERM)
        self.serve_as_root()
        self.assertEqual((self.folder / "backup.token").read_text(), own)

    def test_that_cannot_be(self):
        command = ("serve", "--config", "config.toml", "--port", "0", "--token-file", "token")
        for settings, message in (
            ('token-group = "backup"\n', "role web: token-group needs a token-file"),
            ('token-file = "token"\n', "role web: its token-file is the common one of the server"),
        ):
            self.configure(f"[role.web]\n{settings}")
            self.fail_with(program.USAGE, message, *command)

    def test_for_a_group_that_the_server_is_not_in(self):
        self.configure('[role.web]\ntoken-file = "web.token"\ntoken-group = "backup"\n')
        subprocess.run(("chown", "-R", str(SERVER), self.folder), check=True)
        self.fail_with(
            program.LOCAL_IO,
            "role web: writing the token file web.token: giving it to its group: Operation not "
            "permitted",
            *("serve", "--config", "config.toml", "--port", "0", "--token-file", "token"),
            hint="only root and the members of a group can do so",
            preexec=become_server,
        )
        self.assertEqual(list(self.folder.glob("*token*")), [])

    NEW = '[role.web]\ntoken-file = "new.token"\n'
    WRONG = {
        "user": 'allow-users = ["no-such-user"]\n',
        "file": 'token-file = "missing/token"\n',
        "role": 'ca-bundle = "missing"\n',
    }

    @each(**WRONG)
    def test_a_reload_that_fails_leaves_none_behind(self, wrong):
        """A file that was there before stays."""
        old = self.write("old.token", "0" * 64)
        self.configure("")
        server = self.serve()
        common = self.token.read_text()
        for file in ("new.token", "old.token"):
            self.configure(f'[role.web]\ntoken-file = "{file}"\n[role.backup]\n{wrong}')
            os.chown(self.folder / "config.toml", SERVER, SERVER)
            server.process.send_signal(signal.SIGHUP)
            self.assertIn(b"credmint: reloading: ", self.next_message(server))
        self.assertFalse((self.folder / "new.token").exists())
        self.assertEqual(old.read_text(), "0" * 64)
        self.assertEqual(self.role(server, SERVER, "web", common), 200)
        self.configure(self.NEW)
        os.chown(self.folder / "config.toml", SERVER, SERVER)
        server.process.send_signal(signal.SIGHUP)
        wait_until((self.folder / "new.token").exists)
        own = (self.folder / "new.token").read_text()
        wait_until(lambda: self.role(server, SERVER, "web", own) == 200)

    def next_message(self, server):
        """The next line on stderr that is no hint."""
        while (line := server.process.stderr.readline()).startswith(b"hint: "):
            pass
        return line

    @each(**WRONG)
    def test_a_start_that_fails_leaves_none_behind(self, wrong):
        self.configure(f"{self.NEW}[role.backup]\n{wrong}")
        command = ("serve", "--config", "config.toml", "--port", "0", "--token-file", "token")
        self.assertNotEqual(self.run_program(*command).status, program.SUCCESS)
        self.assertEqual(list(self.folder.glob("*token*")), [])

    def serve_as_root(self):
        subprocess.run(("chown", "-R", "root", self.folder), check=True)
        return Server(self, "--config", "config.toml", "--port", "0", "--token-file", "token")


if __name__ == "__main__":
    unittest.main()
