# SPDX-License-Identifier: Apache-2.0
"""The members of a CreateSession request: their places and their values.

The three ARNs are in the query string or in the JSON body, all other members in the body. The real
service ignores unknown members. This one refuses them, because in a tested client they are
misspellings.
"""

import dataclasses
import json
import re

from refusal import Refusal, constraint_violations, invalid_input, unreadable_input
from sigv4_x509 import query_pairs

ARN_PATTERNS = {
    "profileArn": r"arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:profile.*)",
    "roleArn": r"arn:aws(-[^:]+)?:iam(:.*){2}(:role.*)",
    "trustAnchorArn": r"arn:aws(-[^:]+)?:rolesanywhere(:.*){2}(:trust-anchor.*)",
}
SESSION_NAME_PATTERN = r"[\w+=,.@-]*"
BODY_MEMBERS = {*ARN_PATTERNS, "durationSeconds", "roleSessionName", "sessionName", "instanceProperties"}
CONTENT_TYPES = (b"application/json", b"application/x-amz-json-1.0")

DEFAULT_DURATION = 3600


@dataclasses.dataclass(frozen=True)
class SessionInput:
    profile_arn: str
    role_arn: str
    trust_anchor_arn: str
    duration_seconds: int
    role_session_name: str


def read_input(request):
    members = _members(request)
    violations = [violation for name in ARN_PATTERNS for violation in _arn_violations(name, members.get(name))]
    violations += _duration_violations(members.get("durationSeconds", DEFAULT_DURATION))
    if "roleSessionName" in members:
        violations += _session_name_violations(members["roleSessionName"])
    if violations:
        raise constraint_violations(violations)
    return SessionInput(
        profile_arn=members["profileArn"],
        role_arn=members["roleArn"],
        trust_anchor_arn=members["trustAnchorArn"],
        duration_seconds=members.get("durationSeconds", DEFAULT_DURATION),
        role_session_name=members.get("roleSessionName"),
    )


def _members(request):
    members = _body_members(request)
    for raw_name, raw_value in query_pairs(request.query):
        name, value = raw_name.decode("utf-8", "replace"), raw_value.decode("utf-8", "replace")
        if name not in ARN_PATTERNS:
            raise invalid_input("Unknown query parameter.", f"query parameter {name!r} does not exist")
        if name in members:
            raise invalid_input(f"{name} is given twice.", f"{name} stands twice in the query, or in query and body")
        members[name] = value
    return members


def _body_members(request):
    _check_content_type(request)
    if not request.body:
        return {}
    try:
        members = json.loads(request.body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise unreadable_input(f"the body is not JSON: {error}") from None
    if not isinstance(members, dict):
        raise unreadable_input("the body is not a JSON object")
    if unknown := sorted(members.keys() - BODY_MEMBERS):
        raise invalid_input("Unknown member in the request body.", f"body members {unknown} do not exist")
    return members


def _check_content_type(request):
    types = [value.partition(b";")[0].strip().lower() for value in request.values("content-type")]
    if len(types) > 1 or any(each not in CONTENT_TYPES for each in types):
        raise Refusal(415, "UnsupportedMediaTypeException", "Unsupported Content-Type.", f"Content-Type is {types!r}")


def _unique(pairs):
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a member is given twice")
    return dict(pairs)


def _no_constant(name):
    raise ValueError(f"{name} is not JSON")


def _arn_violations(name, value):
    if value is None:
        return [(name, None, "Member must not be null")]
    if not isinstance(value, str):
        return [(name, value, "Member must be a string")]
    if len(value) < 1:
        return [(name, value, "Member must have length greater than or equal to 1")]
    if len(value) > 1011:
        return [(name, value, "Member must have length less than or equal to 1011")]
    if not re.fullmatch(ARN_PATTERNS[name], value):
        return [(name, value, f"Member must satisfy regular expression pattern: {ARN_PATTERNS[name]}")]
    return []


def _duration_violations(value):
    if not isinstance(value, int) or isinstance(value, bool):
        return [("durationSeconds", value, "Member must be an integer")]
    if value < 900:
        return [("durationSeconds", value, "Member must have value greater than or equal to 900")]
    if value > 43200:
        return [("durationSeconds", value, "Member must have value less than or equal to 43200")]
    return []


def _session_name_violations(value):
    if not isinstance(value, str):
        return [("roleSessionName", value, "Member must be a string")]
    if len(value) < 2:
        return [("roleSessionName", value, "Member must have length greater than or equal to 2")]
    if len(value) > 64:
        return [("roleSessionName", value, "Member must have length less than or equal to 64")]
    if not re.fullmatch(SESSION_NAME_PATTERN, value, re.ASCII):
        pattern = f"Member must satisfy regular expression pattern: {SESSION_NAME_PATTERN}"
        return [("roleSessionName", value, pattern)]
    return []
