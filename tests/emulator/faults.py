# SPDX-License-Identifier: Apache-2.0
"""Scripted faults of a network, a proxy or an overloaded service.

A script is one of these words, followed by `xN` for N such faults:

    503                                   a status without a body
    429:ThrottlingException               a status and an error code
    403:AccessDeniedException:any text    a status, an error code and a message
    throttle:SECONDS                      429 ThrottlingException, with this Retry-After
    stall:SECONDS                         no response for this long, then the connection is closed
    slow:SECONDS                          the proper response, but this much later
    skew:SECONDS                          a clock that is off by this much, more than the tolerated
                                          900 seconds, for this request
    expires:SECONDS                       granted credentials that expire this many seconds from now
    reset garbage empty nullcreds nojson html502 big redirect fraction

A fault gets the proper response and returns the one to send. `slow`, `skew`, `expires`, `big` and
`fraction` do not change a refusal, so that an invalid request stays visible.
"""

import dataclasses
import datetime
import json
import re
from collections.abc import Callable

from create_session import error_response, json_response
from http_wire import Response
from session_output import TIMESTAMP_FORMAT
from sigv4_x509 import TOLERANCE

BIG_BODY_BYTES = 5 * 1024 * 1024

_REPEATED = re.compile(r"(.+?)(?:x([1-9][0-9]{0,3}))?", re.DOTALL)
_STATUS = re.compile(r"([3-5][0-9]{2})(?::([A-Za-z]+)(?::(.*))?)?", re.DOTALL)
_TIMED = re.compile(r"(throttle|stall|slow|skew|expires):(-?[0-9]+(?:\.[0-9]+)?)")


@dataclasses.dataclass(frozen=True)
class Fault:
    """`answer` maps the proper Response to the one to send.

    None means to close the connection, with an RST if `reset`.
    """

    script: str
    answer: Callable
    delay: float = 0
    clock_shift: datetime.timedelta = datetime.timedelta()
    reset: bool = False


def parse_faults(script):
    """The list of faults of a script. Raises ValueError if there is no such fault."""
    single, count = _REPEATED.fullmatch(script).groups() if script else ("", None)
    return [_parse_single(single)] * int(count or 1)


def _parse_single(script):
    if script in _NAMED:
        return _NAMED[script]
    if parts := _STATUS.fullmatch(script):
        return Fault(script, _scripted_status(int(parts[1]), parts[2], parts[3]))
    if parts := _TIMED.fullmatch(script):
        return _timed(script, parts[1], float(parts[2]))
    raise ValueError(f"no such fault: {script!r}")


def _timed(script, kind, seconds):
    if kind == "skew":
        if abs(seconds) <= TOLERANCE.total_seconds():
            raise ValueError(f"{script!r}: the service tolerates a skew of 900 seconds, ask for more")
        return Fault(script, _unchanged, clock_shift=datetime.timedelta(seconds=seconds))
    if kind == "expires":
        return Fault(script, _edit_granted(_expire(seconds)))
    if seconds < 0:
        raise ValueError(f"{script!r}: the time is negative")
    if kind == "throttle":
        return Fault(script, _throttle(seconds))
    return Fault(script, _unchanged if kind == "slow" else _hang_up, delay=seconds)


def _scripted_status(status, code, message):
    if code is None:
        return lambda proper: Response(status)
    return lambda proper: error_response(status, code, message or "Scripted fault.")


def _throttle(seconds):
    answer = error_response(429, "ThrottlingException", "Rate exceeded.")
    answer = dataclasses.replace(answer, headers=(*answer.headers, ("Retry-After", f"{seconds:.0f}")))
    return lambda proper: answer


def _unchanged(proper):
    return proper


def _hang_up(proper):
    return None


def _html(status, title):
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return Response(status, (("Content-Type", "text/html"),), page.encode())


def _redirect(proper):
    return Response(302, (("Location", "https://elsewhere.invalid/sessions"),))


def _edit_granted(edit):
    """An `answer` that applies `edit` to the body of a granted session. A refusal is unchanged."""

    def answer(proper):
        if proper.status != 201:
            return proper
        body = json.loads(proper.body)
        edit(body)
        return dataclasses.replace(proper, body=json.dumps(body).encode())

    return answer


def _pad(body):
    body["padding"] = "x" * BIG_BODY_BYTES


def _expire(seconds):
    def edit(body):
        expiration = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        body["credentialSet"][0]["credentials"]["expiration"] = expiration.strftime(TIMESTAMP_FORMAT)

    return edit


def _add_fraction(body):
    credentials = body["credentialSet"][0]["credentials"]
    credentials["expiration"] = credentials["expiration"].replace("Z", ".250Z")


_NAMED = {
    fault.script: fault
    for fault in (
        Fault("reset", _hang_up, reset=True),
        Fault("garbage", lambda proper: _html(200, "Welcome")),
        Fault("empty", lambda proper: json_response(201, {"credentialSet": [], "subjectArn": None})),
        Fault("nullcreds", lambda proper: json_response(201, {"credentialSet": [{"credentials": None}]})),
        Fault("nojson", lambda proper: Response(201, (("Content-Type", "application/json"),), b'{"credentialSet": [')),
        Fault("html502", lambda proper: _html(502, "502 Bad Gateway")),
        Fault("big", _edit_granted(_pad)),
        Fault("redirect", _redirect),
        Fault("fraction", _edit_granted(_add_fraction)),
    )
}
