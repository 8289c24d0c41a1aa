# SPDX-License-Identifier: Apache-2.0
"""Judges a CreateSession request: from the request, the service and a time, it makes a Verdict.

This module uses no sockets and no clock. It checks, in this order:

1. whether the key of the request's certificate signed the request;
2. whether the request's members are valid;
3. whether the named resources exist;
4. whether the certificate is trusted;
5. whether the session is allowed.

The first failure decides. The log gets the facts found before it.
"""

import dataclasses
import json
import uuid

import sigv4_x509
import trust
from http_wire import Response
from refusal import Refusal, access_denied, invalid_input, not_found, untrusted_certificate
from session_input import read_input
from session_output import session_output


# The facts about a request in the log. Those after the first failure stay None.
NO_FACTS = {"signed_headers": None, "serial": None, "region": None, "chain_length": None, "chain_notes": None}


@dataclasses.dataclass(frozen=True)
class Service:
    """The registered resources. Without `role_arns` any role is allowed.

    `lifetime` overrides the requested duration.
    """

    anchors: list
    trust_anchor_arn: str
    profile_arn: str
    role_arns: frozenset = frozenset()
    accept_role_session_name: bool = False
    lifetime: int = None

    @property
    def region(self):
        return region_of(self.trust_anchor_arn)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The response. `reason` is for the log; `output` is the body for a granted session."""

    status: int
    code: str
    message: str
    reason: str
    facts: dict
    output: dict = None

    def response(self):
        if self.output is not None:
            return json_response(self.status, self.output)
        return error_response(self.status, self.code, self.message)


def judge(request, service, now):
    """Returns the Verdict on a POST to /sessions at the time `now` (aware, UTC)."""
    facts = dict(NO_FACTS)
    try:
        leaf, chain = _authenticate(request, service, now, facts)
        session = read_input(request)
        _check_resources(session, service)
        _check_trust(leaf, chain, service, now, facts)
        _check_permission(session, service)
    except Refusal as refusal:
        return Verdict(refusal.status, refusal.code, refusal.message, refusal.reason, facts)
    lifetime = session.duration_seconds if service.lifetime is None else service.lifetime
    return Verdict(201, None, None, "accepted", facts, session_output(session, leaf, now, lifetime))


def json_response(status, value, *headers):
    fixed = ("x-amzn-RequestId", str(uuid.uuid4())), ("Content-Type", "application/json")
    return Response(status, fixed + headers, json.dumps(value).encode())


def error_response(status, code, message):
    return json_response(status, {"message": message}, ("X-Amzn-ErrorType", code))


def region_of(arn):
    return arn.split(":")[3]


def account_of(arn):
    return arn.split(":")[4]


def _authenticate(request, service, now, facts):
    authorization = sigv4_x509.parse_authorization(request)
    facts.update(
        signed_headers=list(authorization.signed_headers), serial=authorization.serial, region=authorization.region
    )
    sigv4_x509.single_header(request, "host")
    leaf = trust.decode_certificate(sigv4_x509.single_header(request, "x-amz-x509"), "X-Amz-X509")
    chain = _read_chain(request, facts)
    sigv4_x509.check_signed_headers(request, authorization)
    amz_date = sigv4_x509.check_date(request, authorization, now)
    if authorization.region != service.region:
        raise access_denied(
            f"Credential should be scoped to a valid region, not '{authorization.region}'.",
            f"scope names the region {authorization.region!r}, this service is in {service.region!r}",
        )
    sigv4_x509.check_payload_hash(request)
    key = trust.public_key(leaf)
    sigv4_x509.check_credential(authorization, leaf, key)
    canonical = sigv4_x509.canonical_request(request, authorization.signed_headers)
    sigv4_x509.check_signature(authorization, key, sigv4_x509.string_to_sign(authorization, amz_date, canonical))
    return leaf, chain


def _read_chain(request, facts):
    if "x-amz-x509-chain" not in request.names():
        facts["chain_length"] = 0
        return []
    text = sigv4_x509.single_header(request, "x-amz-x509-chain")
    facts["chain_length"] = text.count(b",") + 1
    return trust.decode_chain(text)


def _check_resources(session, service):
    anchor, profile = session.trust_anchor_arn, session.profile_arn
    if (region_of(anchor), account_of(anchor)) != (region_of(profile), account_of(profile)):
        raise invalid_input(
            "The trust anchor and the profile must be in the same account and Region.",
            f"trust anchor in {region_of(anchor)}/{account_of(anchor)}, "
            f"profile in {region_of(profile)}/{account_of(profile)}",
        )
    if anchor != service.trust_anchor_arn:
        raise not_found("Trust anchor not found.", f"no trust anchor {anchor!r} is registered")
    if profile != service.profile_arn:
        raise not_found("Profile not found.", f"no profile {profile!r} is registered")


def _check_trust(leaf, chain, service, now, facts):
    path, broken_links = trust.find_path(leaf, chain, service.anchors, now)
    facts["chain_notes"] = trust.chain_notes(leaf, chain, path, service.anchors)
    trust.check_leaf(leaf, now)
    if path is None:
        raise untrusted_certificate("; ".join(broken_links))


def _check_permission(session, service):
    if service.role_arns and session.role_arn not in service.role_arns:
        raise access_denied(
            f"Unable to assume role for {session.role_arn}", f"the profile does not list the role {session.role_arn!r}"
        )
    if session.role_session_name is not None and not service.accept_role_session_name:
        raise access_denied(
            "Not authorized to set roleSessionName.", "roleSessionName is set, but the profile does not accept one"
        )
