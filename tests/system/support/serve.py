# SPDX-License-Identifier: Apache-2.0
"""credmint serve, running, and plain requests to it."""

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
    headers: dict  # names in lower case
    body: bytes


class Server:
    """The program with the command line `arguments`; it ends with the test."""

    def __init__(self, test, *arguments, env=None, preexec=None):
        self._test = test
        self.started = program.start(
            ("serve", *arguments), test.folder, {**test.env, **(env or {})}, preexec
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
        """What it prints at once, when it listens."""
        ready, _, _ = select.select([self.process.stdout], [], [], program.TIME_LIMIT_SECONDS)
        return self.process.stdout.read1(65536).decode() if ready else ""

    def _kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def end(self, number):
        """Sends the signal; returns the Run."""
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
        """A token of the metadata service."""
        header = {"X-aws-ec2-metadata-token-ttl-seconds": str(seconds)}
        return self.request("PUT", "/latest/api/token", header).body.decode()

    def metadata(self, path):
        return self.request("GET", f"/latest{path}", {"X-aws-ec2-metadata-token": self.token()})

    def container(self, role="demo"):
        with open(self.variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"], "rb") as file:
            token = file.read().decode()
        return self.request("GET", f"/role/{role}", {"Authorization": token})

    def health(self):
        """Of a server with --status-port: status and text."""
        answer = self.request("GET", "/healthz", port=self.status_port)
        return answer.status, answer.body.decode()

    def metrics(self):
        """The Metrics of a server with --status-port."""
        answer = self.request("GET", "/metrics", port=self.status_port)
        assert answer.status == 200, answer
        return Metrics(answer.body.decode())


class Metrics:
    """Samples of Prometheus' text format, as its client library reads them."""

    def __init__(self, text):
        self.text = text
        self.families = {family.name: family for family in text_string_to_metric_families(text)}
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }

    def get(self, name, **labels):
        """None if there is none."""
        return self.samples.get((f"credmint_{name}", tuple(sorted(labels.items()))))

    def requests(self, interface):
        """{status: count}"""
        return {
            int(dict(labels)["status"]): count
            for (name, labels), count in self.samples.items()
            if name == "credmint_http_requests_total" and dict(labels)["interface"] == interface
        }


def wait_until(condition, seconds=program.TIME_LIMIT_SECONDS):
    """Waits for something that happens in its own time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen")
        time.sleep(0.02)
