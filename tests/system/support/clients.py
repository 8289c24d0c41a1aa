# SPDX-License-Identifier: Apache-2.0
"""Programs of others that need credentials, and the lines by which each gets them from credmint.

docs/guide/clients.md shows the same lines. `scripts/test-clients` runs all programs, and
clients_test.py those that CI installs.
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import time

from support import emulator, pki, program
from support.processes import ENDING_WITH_PARENT
from support.s3 import S3
from support.serve import Server, wait_until
from support.system_test import make_folder

PROGRAMS = pathlib.Path(__file__).resolve().parents[1] / "clients"
FILES = 40  # that each program copies, or the calls that it makes
LIMIT_SECONDS = 60
REFUSED = 502  # how `serve` answers when the service has refused
WRONG_PROFILE = emulator.PROFILE_ARN[:-1] + "f"
WHY_REFUSED = "Profile not found"
CREDMINT = "/usr/local/bin/credmint"
ADDRESS = "127.0.0.1:9911"
TOKEN = "/run/user/1000/credmint-token"

_PROFILE = f"[default]\ncredential_process = {CREDMINT} credential-process --role web\n"
_CONTAINER = f"export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://{ADDRESS}/role/web\n"

# The profile of a way, and the lines of a shell before the command.
PROFILES = {"process": _PROFILE, "cache": _PROFILE.replace("--role", "--cache --role")}
LINES = {
    "token file": f"{_CONTAINER}export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={TOKEN}\n",
    "token": f'{_CONTAINER}export AWS_CONTAINER_AUTHORIZATION_TOKEN="$(cat {TOKEN})"\n',
    "metadata": f"export AWS_EC2_METADATA_SERVICE_ENDPOINT=http://{ADDRESS}/\n",
    "file": "credmint update --once --role web\n",
}
PREFIXES = {"variables": "credmint exec --role web --env -- "}
WAYS = (*PROFILES, *LINES, *PREFIXES)
SERVED = ("token file", "token", "metadata")  # those that ask `serve`

_NODE = "env NODE_PATH={npm}/node_modules NODE_NO_WARNINGS=1 node {programs}/"


@dataclasses.dataclass(frozen=True)
class Client:
    """A program. `command` makes many requests; its fields are filled in by run().

    `package` is Debian's, `npm` are packages with their versions, `go` is a program to compile.
    `lines` are more lines that it needs, by the way. `profile` is the file that it reads.
    """

    name: str
    command: str
    package: str = None
    npm: tuple = ()
    go: str = None
    lines: dict = dataclasses.field(default_factory=dict)
    profile: str = "~/.aws/config"
    ways: tuple = WAYS

    def version(self):
        """Its version, or None where it is not installed."""
        if self.npm:
            return self.npm[0].rpartition("@")[2]
        asked = subprocess.run(
            ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", self.package],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.match(r"installed (?:\d+:)?([\d.]+\d)", asked.stdout)
        return found and found[1]

    def lines_for(self, way):
        """The lines that a user types before the command."""
        return self.lines.get(way, "") + LINES.get(way, "")


_LOAD = "export AWS_SDK_LOAD_CONFIG=1\n"
_GO1 = {"process": _LOAD, "cache": _LOAD}
CLIENTS = (
    Client("AWS CLI", "aws s3 cp --quiet --recursive files s3://bucket/files --endpoint-url {url}",
           "awscli"),
    Client("botocore", "/usr/bin/python3 {programs}/sts_of_botocore.py {url}", "python3-botocore"),
    Client("duplicity", "duplicity full --no-encryption --s3-endpoint-url {url} files "
           "boto3+s3://bucket/backup", "duplicity"),
    Client("JavaScript SDK v3", _NODE + "javascript_v3.cjs {url}",
           npm=("@aws-sdk/client-sts@3.967.0",)),
    Client("JavaScript SDK v3", _NODE + "javascript_v3.cjs {url}",
           npm=("@aws-sdk/client-sts@3.1177.0",)),
    Client("JavaScript SDK v2", _NODE + "javascript_v2.cjs {url}",
           npm=("aws-sdk@2.1693.0",), lines=_GO1),
    Client("aws-crt (JavaScript)", _NODE + "aws_crt.cjs {url}", npm=("aws-crt@1.33.2",)),
    Client("aws-crt (Python)", "/usr/bin/python3 {programs}/aws_crt.py {url}", "python3-awscrt"),
    Client("aws-crt (Python), its process provider",
           "/usr/bin/python3 {programs}/aws_crt.py {url} process", "python3-awscrt",
           ways=tuple(PROFILES)),
    Client("Go SDK v1", "{go} {url}", "golang-github-aws-aws-sdk-go-dev", go="go_v1", lines=_GO1),
    Client("Go SDK v2", "{go} {url}", "golang-github-aws-aws-sdk-go-v2-dev", go="go_v2"),
    Client("rclone", "rclone copy --s3-provider Other --s3-env-auth --s3-endpoint {url} "
           "--retries 1 --s3-no-check-bucket files :s3:bucket/files", "rclone", lines=_GO1),
    Client("restic", "restic -r s3:{url}/bucket --no-cache init", "restic",
           profile="~/.aws/credentials"),
    Client("GDAL", "env AWS_S3_ENDPOINT={host} AWS_HTTPS=NO AWS_VIRTUAL_HOSTING=FALSE gdalinfo "
           "/vsis3/bucket/grid.asc", "gdal-bin",
           lines={"metadata": f"export CPL_AWS_EC2_API_ROOT_URL=http://{ADDRESS}\n"}),
    Client("s3cmd", "s3cmd --no-ssl --host={host} --host-bucket={host} put --quiet --recursive "
           "files s3://bucket/", "s3cmd",
           lines={"file": 'export AWS_CREDENTIAL_FILE="$HOME/.aws/credentials"\n'}),
)

_GRID = b"ncols 2\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 1\n1 2\n3 4\n"


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One run of a program. `callers` signed its requests; `issued` are the keys of the service."""

    status: int
    said: str
    seconds: float
    callers: list
    issued: list

    @property
    def good(self):
        return self.status == 0 and bool(self.callers) and set(self.callers) <= set(self.issued)

    @property
    def unsigned(self):
        return None in self.callers


class Source:
    """credmint with a role `web`, as a user has set it up. Ends with its owner, a test.

    Keywords are settings of the role in TOML, such as session_duration="900".
    """

    def __init__(self, owner, **settings):
        self._owner = owner
        self.folder = make_folder(owner)
        self.env = {}
        root, key = pki.make_root(), pki.make_key()
        (self.folder / "web.pem").write_bytes(pki.pem(root.issue(key.public_key())))
        (self.folder / "web.key").write_bytes(pki.pkcs8_pem(key))
        self._service = emulator.Emulator(root.certificate)
        owner.addCleanup(self._service.stop)
        role = {
            "trust-anchor-arn": emulator.TRUST_ANCHOR_ARN,
            "profile-arn": emulator.PROFILE_ARN,
            "role-arn": emulator.ROLE_ARN,
            "endpoint": self._service.url,
            **{name.replace("_", "-"): value for name, value in settings.items()},
        }
        values = (
            f'{name} = {value if isinstance(value, int) else chr(34) + value + chr(34)}\n'
            for name, value in role.items()
        )
        self.config = (
            f'[identity.web]\ncertificate = "{self.folder}/web.pem"\n'
            f'private-key = "{self.folder}/web.key"\n[role.web]\n{"".join(values)}'
        )
        self.credmint = program.path()
        self.address = ADDRESS
        self.token = self.folder / "token"

    def addCleanup(self, *arguments):  # noqa: N802
        self._owner.addCleanup(*arguments)

    def serve(self):
        """Starts `credmint serve`, and waits until the service has granted or refused."""
        (self.folder / "config.toml").write_text(self.config)
        server = Server(self, "--config", self.folder / "config.toml", "--port", "0",
                        "--token-file", self.token)
        self.address = f"127.0.0.1:{server.port}"
        wait_until(lambda: server.container("web").status in (200, REFUSED))

    def issued(self):
        """The access key IDs of all sessions so far."""
        return [record["access_key_id"] for record in self._service.requests()]

    def run(self, client, way, tools=None, limit=LIMIT_SECONDS):
        """Runs a program's command by a way, in a home of its own; returns its Outcome.

        `tools` has the fields of the command beside those of the home.
        """
        s3 = S3()
        self.addCleanup(s3.stop)
        s3.objects["/bucket/grid.asc"] = _GRID
        home = self._home(client, way)
        command = client.command.format(
            url=s3.url, host=s3.host, programs=PROGRAMS, **(tools or {})
        )
        lines = self._here(client.lines_for(way) + PREFIXES.get(way, ""))
        earlier, began = len(self.issued()), time.monotonic()
        # A file, because a process that the program leaves behind would keep a pipe open.
        with open(home / "said", "wb") as said:
            started = subprocess.Popen(
                [*ENDING_WITH_PARENT, "/bin/sh", "-c", f"set -e\n{lines}{command}\n"],
                cwd=home,
                env=self._environment(home, way),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            started.wait(limit)
        seconds = time.monotonic() - began
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        status = started.wait()
        issued = self.issued()
        keys = issued if way in SERVED else issued[earlier:]
        said = (home / "said").read_text(errors="replace")
        return Outcome(status, said, seconds, s3.callers, keys)

    def _home(self, client, way):
        home = make_folder(self._owner) / "home"
        (home / ".config/credmint").mkdir(parents=True)
        (home / ".config/credmint/config.toml").write_text(self.config)
        (home / ".aws").mkdir(mode=0o700)
        if way in PROFILES:
            path = home / client.profile.removeprefix("~/")
            path.write_text(self._here(PROFILES[way]))
            path.chmod(0o600)
        (home / "bin").mkdir()
        (home / "bin/credmint").symlink_to(self.credmint)
        (home / "run").mkdir(mode=0o700)
        (home / "files").mkdir()
        for number in range(FILES):
            (home / f"files/{number}").write_text(f"{number}\n")
        return home

    def _environment(self, home, way):
        off = {} if way == "metadata" else {"AWS_EC2_METADATA_DISABLED": "true"}
        return {
            **program.environment(home),
            "PATH": f"{home}/bin:/usr/bin:/bin",
            "XDG_RUNTIME_DIR": str(home / "run"),
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "RESTIC_PASSWORD": "any",
            **off,
        }

    def _here(self, text):
        """The user's lines with the places of this source."""
        places = {CREDMINT: self.credmint, ADDRESS: self.address, TOKEN: self.token}
        for shown, real in places.items():
            text = text.replace(shown, str(real))
        return text
