#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Servers that open a TPM key in one process and sign with it in its children.

Debian's nginx, apache and haproxy do not know the provider: openssl.cnf loads it, and they read the
key as a PEM file. The TPM is shared by tpm2-abrmd, as it would be by /dev/tpmrm0.
"""

import concurrent.futures
import http.client
import os
import pathlib
import signal
import ssl
import subprocess
import time
import unittest
import unittest.mock

from support import pki, ports, processes, tabrmd, tpm
from support.cases import each, expand
from support.requirements import need, provider_modules
from support.system_test import make_folder

AUTH = "auth-16180339"
WRONG = "wrong-31415926"
TIME_LIMIT_SECONDS = 30
CLIENTS = 4
REQUESTS = 24
WORKERS = 2
SIGNAL_AGAIN_SECONDS = 5

OPENSSL = """
openssl_conf = init
[init]
providers = providers
[providers]
default = software
credmint-tpm2 = tpm2
[software]
activate = 1
[tpm2]
tcti = tabrmd:bus_type=session
activate = 1
"""

NGINX = """
user {user};
daemon off;
worker_processes {workers};
pid {folder}/server.pid;
error_log {folder}/log;
env DBUS_SESSION_BUS_ADDRESS;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/web.pem;
    ssl_certificate_key {folder}/web.tss2;
    ssl_session_tickets off;
    return 200 "hello";
  }}
}}
"""

APACHE = """
ServerRoot {folder}
ServerName tpm
PidFile {folder}/server.pid
DefaultRuntimeDir {folder}
ErrorLog {folder}/log
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule socache_shmcb_module {modules}/mod_socache_shmcb.so
LoadModule ssl_module {modules}/mod_ssl.so
User {user}
Group {group}
StartServers {workers}
ServerLimit {workers}
ThreadsPerChild 4
MaxRequestWorkers {threads}
MinSpareThreads 1
MaxSpareThreads {threads}
Listen 127.0.0.1:{port} https
SSLSessionTickets off
DocumentRoot {folder}/pages
<VirtualHost *:{port}>
  SSLEngine on
  SSLCertificateFile {folder}/web.pem
  SSLCertificateKeyFile {folder}/web.tss2
</VirtualHost>
"""

HAPROXY = """
global
  stats socket {folder}/stats
  tune.ssl.cachesize 0
defaults
  mode http
  timeout connect 20s
  timeout client 20s
  timeout server 20s
frontend web
  bind 127.0.0.1:{port} ssl crt {folder}/both.pem no-tls-tickets
  http-request return status 200 content-type text/plain string hello
"""

# Loads the key, forks two servers, and ends when its stdin is closed.
PYTHON = """
import http.server, os, signal, socket, ssl, sys
port, certificate, key, password = int(sys.argv[1]), *sys.argv[2:5]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key, password or None)
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")
    def log_message(self, *args):
        pass
class Server(http.server.HTTPServer):
    def get_request(self):
        connection, address = self.socket.accept()
        return context.wrap_socket(connection, server_side=True), address
server = Server(("127.0.0.1", port), Hello)
children = []
for _ in range(2):
    children.append(os.fork())
    if not children[-1]:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        server.serve_forever()
server.socket.close()
sys.stdin.read()
for child in children:
    os.kill(child, signal.SIGTERM)
    os.waitpid(child, 0)
"""


class ForkTest(unittest.TestCase):
    """A TPM behind tpm2-abrmd, two key files, and a client that trusts their certificates' CA."""

    @classmethod
    def setUpClass(cls):
        cls.modules = provider_modules()
        tabrmd.need_tabrmd()
        cls.root = pki.make_root()

    def setUp(self):
        self.folder = make_folder(self)
        self.folder.chmod(0o711)  # workers drop their privileges
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.write("root.pem", pki.pem(self.root.certificate))
        self.write("both.pem", self.make_key("web"))
        self.make_key("auth", f"user-auth:{AUTH}")
        (self.folder / "pages").mkdir()
        self.write("pages/index.html", b"hello")
        self.write("openssl.cnf", OPENSSL.encode())
        bus_folder = make_folder(self)
        bus_folder.chmod(0o711)
        self.env = tabrmd.Tabrmd(self, self.tpm, bus_folder).env | {
            "OPENSSL_CONF": f"{self.folder}/openssl.cnf",
            "OPENSSL_MODULES": self.modules,
        }
        self.trust = ssl.create_default_context(cafile=str(self.folder / "root.pem"))
        self.trust.check_hostname = False
        self.port = ports.free_port()

    def make_key(self, name, *options):
        contents, public_key = self.tpm.make_key_file(tpm.EC_P256, *options)
        certificate = pki.pem(self.root.issue(public_key))
        self.write(f"{name}.tss2", contents)
        self.write(f"{name}.pem", certificate)
        return certificate + contents

    def write(self, name, contents):
        path = self.folder / name
        path.write_bytes(contents)
        path.chmod(0o644)
        return path

    def start(self, *command):
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=self.folder,
            env={"PATH": "/usr/sbin:/usr/bin:/bin", **self.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=processes.die_with_parent,
            start_new_session=True,
        )
        self.process = process
        self.addCleanup(self.end)
        return process

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=TIME_LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.communicate()

    def explain(self):
        self.process.kill()
        said, _ = self.process.communicate()
        return self.log() + said.decode()

    def get(self):
        """Gets a page over a new connection, so that the key makes another signature."""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.port, context=self.trust, timeout=TIME_LIMIT_SECONDS
        )
        try:
            connection.request("GET", "/index.html")
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def wait_until_it_serves(self):
        deadline = time.monotonic() + TIME_LIMIT_SECONDS
        while True:
            try:
                return self.get()
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.fail(f"does not serve: {error}\n{self.explain()}")
                time.sleep(0.05)

    def assert_all_answered(self):
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
            answers = list(clients.map(lambda _: self.try_get(), range(REQUESTS)))
        self.assertEqual(answers, ["hello"] * REQUESTS, self.log())

    def try_get(self):
        try:
            return self.get()
        except (OSError, http.client.HTTPException) as error:
            return repr(error)

    def log(self):
        log = self.folder / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def children(self):
        return children_of(self.process.pid)

    def wait_for(self, condition):
        deadline = time.monotonic() + TIME_LIMIT_SECONDS
        while not condition():
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.02)


def children_of(pid):
    """The children of a process, without zombies."""
    children = set()
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and int(fields[1]) == pid:
            children.add(int(folder.name))
    return children


@expand
class Servers(ForkTest):
    """Servers with a master and workers."""

    RELOADS = {"nginx": signal.SIGHUP, "apache": signal.SIGHUP, "haproxy": signal.SIGUSR2}

    def start_server(self, name):
        user, group = ("www-data", "www-data") if os.geteuid() == 0 else (os.getuid(), os.getgid())
        fields = {
            "folder": self.folder,
            "port": self.port,
            "user": user,
            "group": group,
            "workers": WORKERS,
            "threads": 4 * WORKERS,
            "modules": "/usr/lib/apache2/modules",
        }
        template = {"nginx": NGINX, "apache": APACHE, "haproxy": HAPROXY}[name]
        path = self.write("server.conf", template.format(**fields).encode())
        program, *flags = {
            "nginx": ("/usr/sbin/nginx", "-e", self.folder / "log", "-c", path),
            "apache": ("/usr/sbin/apache2", "-DFOREGROUND", "-f", path),
            "haproxy": ("/usr/sbin/haproxy", "-W", "-db", "-f", path),
        }[name]
        need(program, {"nginx": "nginx", "apache": "apache2-bin", "haproxy": "haproxy"}[name])
        self.start(program, *flags)
        self.wait_until_it_serves()

    @each("nginx", "apache", "haproxy")
    def test_every_request_is_answered_in(self, name):
        self.start_server(name)
        self.assert_all_answered()

    @each("nginx", "apache", "haproxy")
    def test_reloaded_while_requests_come_in(self, name):
        """Each reload opens the key again in the master. Only apache drops unanswered connections
        on a reload, so requests to it wait until it is back."""
        self.start_server(name)
        for _ in range(2):
            before = self.children()
            with concurrent.futures.ThreadPoolExecutor(1) as reloading:
                reloaded = reloading.submit(self.reload, name, before)
                if name == "apache":
                    reloaded.result()
                    self.wait_until_it_serves()
                self.assert_all_answered()
                reloaded.result()
        self.assert_all_answered()

    def reload(self, name, before):
        """Reloads until new workers have replaced the old ones. haproxy's master ignores a signal
        that arrives while it restarts itself."""
        deadline = time.monotonic() + TIME_LIMIT_SECONDS
        signalled = 0
        while not self.children() - before or self.children() & before:
            self.assertLess(time.monotonic(), deadline, self.log())
            if not self.children() - before and time.monotonic() - signalled > SIGNAL_AGAIN_SECONDS:
                signalled = time.monotonic()
                self.process.send_signal(self.RELOADS[name])
            time.sleep(0.02)

    @each("nginx", "apache")
    def test_a_worker_is_killed(self, name):
        """The same master forks another worker. haproxy's master ends instead."""
        self.start_server(name)
        before = self.children()
        os.kill(max(before), signal.SIGKILL)
        self.wait_for(lambda: self.children() - before)
        self.wait_until_it_serves()
        self.assert_all_answered()


@expand
class Children(ForkTest):
    """Python's ssl module: a process loads the key, and its children sign."""

    def start_python(self, name, password=""):
        self.start(
            *("/usr/bin/python3", "-c", PYTHON, self.port),
            *(f"{name}.pem", f"{name}.tss2", password),
        )

    def end(self):
        """Closes its stdin, so that it ends its children first. A signal would leave them."""
        if self.process.poll() is None:
            self.process.communicate(timeout=TIME_LIMIT_SECONDS)

    @each(open=("web", ""), with_auth_value=("auth", AUTH))
    def test_sign_with(self, case):
        self.start_python(*case)
        self.wait_until_it_serves()
        self.assert_all_answered()

    def test_a_wrong_auth_value_is_tried_once_for_all_children(self):
        """If every child tried it, the TPM would lock."""
        self.start_python("auth", WRONG)
        deadline = time.monotonic() + TIME_LIMIT_SECONDS
        refused = 0
        while refused < REQUESTS:
            answer = self.try_get()
            self.assertLess(time.monotonic(), deadline)
            self.assertNotEqual(answer, "hello")
            refused += "ConnectionRefused" not in answer
        self.process.stdin.close()
        self.process.wait(TIME_LIMIT_SECONDS)
        self.assertEqual(self.wrong_tries(), 1)

    def wrong_tries(self):
        with unittest.mock.patch.object(self.tpm, "env", self.env):
            return self.tpm.wrong_tries()


if __name__ == "__main__":
    unittest.main()
