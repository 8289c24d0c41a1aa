#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares whole mints, from the start of a program to its end: ours, peers, and a minimal one.

A peer is any program that takes the same flags. Runs are interleaved. Prints the median and the
shortest wall time, the median processor time of all its processes, and the ratio of the medians to
ours. The service is on this machine and gives one answer, so its part is small and the same for all.

    cold_mint.py RAW_MINT_PROGRAM [--rounds N] [--kinds file-ca,...] [--peer PROGRAM]...

A kind is a key and a way to the service. The keys are file, rsa, token, handle and tss. The ways are
http, ca (a file with one CA) and all (a folder with all CAs of the system). The minimal program is
for file-ca and rsa-ca.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

from cryptography import x509

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from support import emulator, pki, program, token, tpm  # noqa: E402
from support.system_test import MintTest, make_folder  # noqa: E402

import tls_material  # noqa: E402  (found by support.emulator)

ALL = "file-ca,rsa-ca,file-all,file-http,token-ca,token-all,token-http,handle-ca,tss-ca"
HANDLE = "handle:0x81000010"


def answer():
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    credentials = {
        "accessKeyId": "ASIAEXAMPLE000000001",
        "secretAccessKey": "s" * 40,
        "sessionToken": "t" * 800,
        "expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    body = json.dumps({"credentialSet": [{"credentials": credentials}]}).encode()
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
    head = f"HTTP/1.1 201 Created\r\nDate: {date}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def load_request(path):
    return x509.load_pem_x509_csr(path.read_bytes())


def serve(listener, tls):
    """Answers every request, each connection on a thread of its own."""
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=converse, args=(connection, tls), daemon=True).start()


def converse(connection, tls):
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            connection = tls.wrap_socket(connection, server_side=True)
        request = b""
        while part := connection.recv(65536):
            request += part
            if is_whole(request):
                connection.sendall(answer())
                break
        if b"Connection: close" not in request:
            connection.recv(1)
    except OSError:
        pass
    finally:
        connection.close()


def is_whole(request):
    head, end, body = request.partition(b"\r\n\r\n")
    fields = [line.partition(b":") for line in head.split(b"\r\n")]
    length = next((int(value) for name, _, value in fields if name.lower() == b"content-length"), 0)
    return bool(end) and len(body) >= length


class World(MintTest):
    """The service, the devices and the keys."""

    @classmethod
    def setUpClass(cls):
        cls.root = pki.make_root()

    def runTest(self):
        pass

    def prepare(self):
        folder = self.folder / "tls"
        folder.mkdir()
        tls = tls_material.server_context(*tls_material.make_tls_material(folder))
        self.ports = {"http": self.start_service_process(None), "https": self.start_service_process(tls)}
        self.ca = folder / "ca.pem"
        shutil.copytree("/etc/ssl/certs", self.folder / "all")
        shutil.copy(self.ca, self.folder / "all" / "one-more.pem")
        run("openssl", "rehash", self.folder / "all", stderr=subprocess.DEVNULL)
        self.env = program.environment(self.folder)

    def start_service_process(self, tls):
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        child = os.fork()
        if child == 0:
            serve(listener, tls)
            os._exit(0)
        self.addCleanup(os.kill, child, 9)
        port = listener.getsockname()[1]
        listener.close()
        return port

    def issue(self, name, public_key):
        self.write(f"{name}.pem", pki.pem(self.root.issue(public_key)))

    def add_file(self, name, kind):
        key = pki.make_key(kind)
        self.write(f"{name}.key", pki.pkcs8_pem(key))
        self.issue(name, key.public_key())
        return ("--private-key", f"{name}.key")

    def add_token(self):
        made = token.Token(make_folder(self) / "t")
        self.issue("token", made.generate("EC:prime256v1"))
        self.env |= made.env
        secret = ("--pkcs11-lib", token.MODULE, "--passin", f"pass:{token.PIN}")
        return ("--private-key", "pkcs11:token=test;object=web", *secret)

    def add_tpm(self):
        """Flags of a key at a handle and of one in a file, both of one TPM."""
        made = tpm.Tpm(self, make_folder(self))
        where = ("--tcti", made.tcti)
        keys = {"handle": HANDLE, "tss": "tss.key"}
        for name, key in keys.items():
            place = (key,) if name == "handle" else ("--out", key)
            self.run_ours("key", "create", *place, "--type", "ec-p256", *where)
            self.run_ours("csr", "--private-key", key, "--subject", "/CN=web", "--out", f"{name}.csr", *where)
            self.issue(name, load_request(self.folder / f"{name}.csr").public_key())
        return {name: ("--private-key", key, *where) for name, key in keys.items()}

    def run_ours(self, *arguments):
        run(program.path(), *arguments, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL)

    def add_keys(self, names):
        flags = {}
        if "file" in names:
            flags["file"] = self.add_file("file", "P256")
        if "rsa" in names:
            flags["rsa"] = self.add_file("rsa", "RSA2048")
        if "token" in names:
            flags["token"] = self.add_token()
        if {"handle", "tss"} & names:
            flags |= self.add_tpm()
        return flags

    def command(self, key, flags, way):
        """Arguments and environment of a mint."""
        scheme = "http" if way == "http" else "https"
        trust = ("--ca-bundle", self.ca) if way == "ca" else ()
        env = self.env | ({"SSL_CERT_DIR": str(self.folder / "all")} if way == "all" else {})
        endpoint = ("--endpoint", f"{scheme}://localhost:{self.ports[scheme]}")
        certificate = ("--certificate", f"{key}.pem")
        return ("credential-process", *certificate, *flags, *endpoint, *trust, *emulator.SESSION_FLAGS), env


def run(*command, **more):
    subprocess.run([str(part) for part in command], check=True, **more)


def once(command, folder, env):
    """Wall time and processor time of one run, in ms."""
    started = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=folder, env=env, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = status
    if status != 0:
        raise SystemExit(f"{command[0]} ended with {status}")
    return 1000 * wall, 1000 * (used.ru_utime + used.ru_stime)


def measure(world, kinds, programs, raw, rounds):
    flags = world.add_keys({kind.partition("-")[0] for kind in kinds})
    runs = {}
    for kind in kinds:
        key, _, way = kind.partition("-")
        arguments, env = world.command(key, flags[key], way)
        for name in programs:
            runs[kind, name] = ((name, *arguments), env)
        if key in ("file", "rsa") and way == "ca":
            floor = (raw, f"{key}.key", f"{key}.pem", world.ca, world.ports["https"])
            runs[kind, "minimal"] = (floor, env)
    times = {run_name: [] for run_name in runs}
    for _ in range(rounds):
        for run_name, (command, env) in runs.items():
            times[run_name].append(once(command, world.folder, env))
    return times


def report(times, ours):
    for (kind, name), pairs in times.items():
        wall, cpu = (statistics.median(column) for column in zip(*pairs))
        own = statistics.median(pair[0] for pair in times[kind, ours])
        shown = "credmint" if name == ours else name
        print(
            f"{kind:11} {wall:6.1f} ms  shortest {min(pair[0] for pair in pairs):6.1f}  processor {cpu:6.1f}"
            f"  {wall / own:5.2f} x  {shown}"
        )


def main():
    parser = argparse.ArgumentParser(description="Compares whole mints.")
    parser.add_argument("raw")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--kinds", default=ALL)
    parser.add_argument("--peer", action="append", default=[])
    options = parser.parse_args()
    world = World()
    World.setUpClass()
    world.setUp()
    try:
        world.prepare()
        ours = program.path()
        programs = [ours, *map(os.path.abspath, options.peer)]
        report(measure(world, options.kinds.split(","), programs, options.raw, options.rounds), ours)
    finally:
        world.doCleanups()
        World.doClassCleanups()


if __name__ == "__main__":
    main()
