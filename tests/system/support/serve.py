# SPDX-License-Identifier: Apache-2.0
"""Runs credmint serve and sends it plain requests."""

import dataclasses
import http.client
import re
import select
import time

from prometheus_client.parser import text_string_to_metric_families

from support import program

_URL = re.compile(r"http://(\[[0-9a-f:]+\]|[0-9.]+):(\d+)")


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict  # by name, in lower case
    body: bytes


class Server:
    """A running `credmint serve` with these arguments, which ends with the test."""

    def __init__(self, test, *arguments, env=None, preexec=None, wrapper=()):
        program.need_server()
        self._test = test
        self.started = program.start(
            ("serve", *arguments), test.folder, {**test.env, **(env or {})}, preexec, wrapper
        )
        self.process = self.started.process
        self.printed = self._read_start()
        test.addCleanup(self._kill)
        self.variables = dict(re.findall(r"^export (\w+)=(.*)$", self.printed, re.MULTILINE))
        match = _URL.search(self.printed)
        if not match:
            raise AssertionError(f"serve did not start: {self.started.finish()}")
        status = re.search(r"http://127.0.0.1:(\d+)/healthz", self.printed)
        self.status_port = int(status[1]) if status else None
        self.host, self.port = match[1].strip("[]"), int(match[2])

    def _read_start(self):
        """Reads the lines that it prints once it listens."""
        ready, _, _ = select.select([self.process.stdout], [], [], program.TIME_LIMIT_SECONDS)
        return self.process.stdout.read1(65536).decode() if ready else ""

    def _kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def end(self, number):
        """Sends a signal and waits; returns the Run."""
        self.process.send_signal(number)
        return self.started.finish()

    def connect(self, timeout=10, port=None):
        return http.client.HTTPConnection(self.host, port or self.port, timeout=timeout)

    def request(self, method, path, headers=None, timeout=10, port=None):
        connection = self.connect(timeout, port)
        try:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, fields, response.read())
        finally:
            connection.close()

    def token(self, seconds=60):
        """Gets a token of the metadata service."""
        header = {"X-aws-ec2-metadata-token-ttl-seconds": str(seconds)}
        return self.request("PUT", "/latest/api/token", header).body.decode()

    def metadata(self, path):
        return self.request("GET", f"/latest{path}", {"X-aws-ec2-metadata-token": self.token()})

    def container(self, role="demo"):
        with open(self.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], "rb") as file:
            token = file.read().decode()
        return self.request("GET", f"/role/{role}", {"Authorization": token})

    def health(self):
        """The status and text of /healthz. The server needs --status-port."""
        answer = self.request("GET", "/healthz", port=self.status_port)
        return answer.status, answer.body.decode()

    def metrics(self):
        """The Metrics of the server, which needs --status-port."""
        answer = self.request("GET", "/metrics", port=self.status_port)
        assert answer.status == 200, answer
        return Metrics(answer.body.decode())


class Metrics:
    """Samples in Prometheus' text format, parsed by its client library."""

    def __init__(self, text):
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def get(self, name, **labels):
        """The value of a sample, or None."""
        return self.samples.get((f"credmint_{name}", tuple(sorted(labels.items()))))

    def requests(self, interface):
        """{status: count} of an interface."""
        return {
            int(dict(labels)["status"]): count
            for (name, labels), count in self.samples.items()
            if name == "credmint_http_requests_total" and dict(labels)["interface"] == interface
        }


def wait_until(condition, seconds=program.TIME_LIMIT_SECONDS):
    """Waits until a condition is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen")
        time.sleep(0.02)
