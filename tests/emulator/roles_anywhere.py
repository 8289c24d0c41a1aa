#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A strict emulator of IAM Roles Anywhere's CreateSession, for tests of a client.

It shares no code with the clients it judges:

* It recomputes the canonical request from the received bytes.
* It verifies the signature and the path to the trust anchor with python3-cryptography.
* Its responses have the service's form, and its texts where they are known.

`--log` and `GET /_emulator/requests` show the exact reason for each refusal. They also note what
the service tolerates but a careful client does not send. Faults can be scripted; see faults.py.

    roles_anywhere.py --anchor ca.pem --port-file port
    roles_anywhere.py --anchor ca.pem --tls-dir tls --log requests.jsonl --fail 503x2 --fail stall:5
"""

import argparse
import ctypes
import datetime
import logging
import os
import re
import signal
import sys
import threading

import faults
import tls_material
import trust
from create_session import Service
from emulator import Emulator
from session_input import ARN_PATTERNS

DEFAULT_TRUST_ANCHOR = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/00000000-0000-4000-8000-000000000002"
DEFAULT_PROFILE = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/00000000-0000-4000-8000-000000000001"

STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT}


def main(arguments=None):
    options = parse_arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")  # to stderr
    if options.exit_with_parent:
        exit_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)  # threads started later inherit this
    with Emulator(
        service=service_of(options),
        faults=[fault for script in options.fail for fault in script],
        base_path=options.base_path,
        clock_offset=datetime.timedelta(seconds=options.clock_offset),
        tls=tls_context(options),
        bind=options.bind,
        port=options.port,
        log_path=options.log,
    ) as emulator:
        print(f"listening on {emulator.url}", flush=True)
        if options.port_file:
            write_port_file(options.port_file, emulator.port)
        signal.sigwait(STOP_SIGNALS)
    return 0


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="An emulator of IAM Roles Anywhere's CreateSession.")
    registered = parser.add_argument_group("registered resources")
    registered.add_argument(
        "--anchor", metavar="CA.pem", type=certificates, action="extend", required=True,
        help="CA certificates of the trust anchor; repeatable",
    )
    registered.add_argument("--trust-anchor-arn", type=arn("trustAnchorArn"), default=DEFAULT_TRUST_ANCHOR)
    registered.add_argument("--profile-arn", type=arn("profileArn"), default=DEFAULT_PROFILE)
    registered.add_argument("--role-arn", type=arn("roleArn"), action="append", help="repeatable; default: any role")
    registered.add_argument("--accept-role-session-name", action="store_true")
    registered.add_argument("--lifetime", metavar="SECONDS", type=int, help="of sessions, overriding the request")

    endpoint = parser.add_argument_group("endpoint")
    endpoint.add_argument("--bind", metavar="ADDRESS", default="127.0.0.1")
    endpoint.add_argument("--port", type=int, default=0, help="default: 0, which chooses a free one")
    endpoint.add_argument("--port-file", metavar="FILE", help="write the port to FILE once it accepts connections")
    endpoint.add_argument("--base-path", metavar="/PATH", type=base_path, default="", help="prefix of /sessions")
    tls = endpoint.add_mutually_exclusive_group()
    tls.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    tls.add_argument("--tls-dir", metavar="DIR", help="write ca.pem, server.pem and server.key to DIR and use them")

    behaviour = parser.add_argument_group("behaviour")
    behaviour.add_argument("--log", metavar="FILE", help="append a JSON object per request to FILE")
    behaviour.add_argument(
        "--fail", metavar="SCRIPT", type=fault_script, action="append", default=[],
        help="fault of the next CreateSession requests, such as 503x3; repeatable; see faults.py",
    )
    behaviour.add_argument("--clock-offset", metavar="SECONDS", type=float, default=0, help="of the service's clock")
    behaviour.add_argument(
        "--exit-with-parent", action="store_true", help="end when the thread that started this process ends"
    )
    return parser.parse_args(arguments)


def certificates(path):
    try:
        found = trust.load_pem(path)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{path}: {error}") from None
    if not found:
        raise argparse.ArgumentTypeError(f"{path}: no PEM certificate in it")
    return found


def arn(member):
    def check(text):
        if not re.fullmatch(ARN_PATTERNS[member], text):
            raise argparse.ArgumentTypeError(f"{text!r} is no {member}")
        return text

    return check


def base_path(text):
    if not re.fullmatch(r"(/[\w.~%-]*[\w~%-])*", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a path like /x/y, without a slash at its end")
    return text


def fault_script(text):
    try:
        return faults.parse_faults(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def service_of(options):
    return Service(
        anchors=options.anchor,
        trust_anchor_arn=options.trust_anchor_arn,
        profile_arn=options.profile_arn,
        role_arns=frozenset(options.role_arn or ()),
        accept_role_session_name=options.accept_role_session_name,
        lifetime=options.lifetime,
    )


def tls_context(options):
    if options.tls_dir:
        return tls_material.server_context(*tls_material.make_tls_material(options.tls_dir))
    return tls_material.server_context(*options.tls) if options.tls else None


def write_port_file(path, port):
    """Writes the file atomically, so that a reader never sees part of the port."""
    temporary = f"{path}.{os.getpid()}.{threading.get_ident()}"
    with open(temporary, "w", encoding="ascii") as file:
        file.write(f"{port}\n")
    os.replace(temporary, path)


def exit_with_parent():
    parent = os.getppid()
    pr_set_pdeathsig = 1
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(pr_set_pdeathsig, signal.SIGTERM) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
