# SPDX-License-Identifier: Apache-2.0
"""SigV4-X509: recomputes the string to sign from the received bytes and verifies the signature.

The scheme is AWS Signature Version 4 with an X.509 key instead of the derived HMAC key. Credential
has the certificate's serial number in decimal, and the key signs the string to sign.

Checks are strict: one spelling of the Authorization header, one order of the signed headers,
lower-case hexadecimal.
"""

import dataclasses
import datetime
import hashlib
import re
import urllib.parse

from cryptography import exceptions
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from refusal import access_denied, invalid_signature

RSA = "AWS4-X509-RSA-SHA256"
ECDSA = "AWS4-X509-ECDSA-SHA256"
MLDSA = "AWS4-X509-MLDSA"

TOLERANCE = datetime.timedelta(minutes=15)
DATE_FORMAT = "%Y%m%dT%H%M%SZ"

_UNRESERVED = "-_.~"  # in addition to letters and digits, which quote() never encodes
_CREDENTIAL = re.compile(r"([^/]*)/([0-9]{8})/([a-z0-9-]+)/([^/]+)/([^/]+)")
_HEADER_LIST = re.compile(r"[a-z0-9-]+(;[a-z0-9-]+)*")
_HEX_OCTETS = re.compile(r"([0-9a-f]{2})+")


@dataclasses.dataclass(frozen=True)
class Authorization:
    """The parsed Authorization header. `scope` is DATE/REGION/rolesanywhere/aws4_request."""

    algorithm: str
    serial: str
    date: str
    region: str
    scope: str
    signed_headers: tuple
    signature: bytes


def single_header(request, name):
    """The value of a header that must be present exactly once."""
    values = request.values(name)
    if len(values) != 1:
        raise access_denied(
            f"The request must have exactly one {name} header.", f"{len(values)} {name} headers in the request"
        )
    return values[0]


def parse_authorization(request):
    text = single_header(request, "authorization").decode("latin-1")
    algorithm, _, parameters = text.partition(" ")
    if algorithm == MLDSA:
        raise invalid_signature("ML-DSA signatures cannot be judged here: this service knows RSA and ECDSA only")
    if algorithm not in (RSA, ECDSA):
        raise access_denied("Unsupported signing algorithm.", f"unknown algorithm {algorithm!r}")
    credential, signed_headers, signature = _parameters(parameters)
    serial, date, region, scope = _credential(credential)
    if not _HEADER_LIST.fullmatch(signed_headers):
        raise _malformed(f"SignedHeaders is not a list of lower-case names joined by ';': {signed_headers!r}")
    if not _HEX_OCTETS.fullmatch(signature):
        raise _malformed("Signature is not lower-case hexadecimal")
    return Authorization(
        algorithm, serial, date, region, scope, tuple(signed_headers.split(";")), bytes.fromhex(signature)
    )


def _parameters(text):
    parts = [part.partition("=") for part in text.split(", ")]
    names = [name for name, _, _ in parts]
    if names != ["Credential", "SignedHeaders", "Signature"]:
        raise _malformed(f"Authorization has the parameters {names}, not Credential, SignedHeaders, Signature")
    return [value for _, _, value in parts]


def _credential(text):
    parts = _CREDENTIAL.fullmatch(text)
    if not parts:
        raise _malformed(f"Credential is not SERIAL/YYYYMMDD/REGION/SERVICE/aws4_request: {text!r}")
    serial, date, region, service, terminator = parts.groups()
    if service != "rolesanywhere":
        raise access_denied(
            "Credential should be scoped to correct service: 'rolesanywhere'.", f"scope names the service {service!r}"
        )
    if terminator != "aws4_request":
        raise _malformed(f"scope ends with {terminator!r}, not aws4_request")
    return serial, date, region, text.partition("/")[2]


def _malformed(reason):
    return access_denied("The Authorization header is malformed.", reason)


def check_signed_headers(request, authorization):
    """Checks that host, every x-amz-… header, and content-type (if present) are signed."""
    listed = list(authorization.signed_headers)
    if listed != sorted(set(listed)):
        raise _malformed(f"SignedHeaders is not sorted, or names a header twice: {listed}")
    present = request.names()
    if missing := [name for name in listed if name not in present]:
        raise invalid_signature(f"signed headers missing from the request: {', '.join(missing)}")
    if "authorization" in listed:
        raise _malformed("SignedHeaders contains authorization itself")
    required = {"host", "x-amz-date", "x-amz-x509"} | {name for name in present if name.startswith("x-amz-")}
    required |= {"content-type"} & present
    if unsigned := sorted(required - set(listed)):
        raise invalid_signature(f"headers that must be signed are not: {', '.join(unsigned)}")


def check_date(request, authorization, now):
    """Checks X-Amz-Date against `now` and the date of the scope; returns it."""
    text = single_header(request, "x-amz-date").decode("latin-1")
    if not re.fullmatch(r"[0-9]{8}T[0-9]{6}Z", text):
        raise access_denied("Date must be in ISO-8601 'basic format'.", f"X-Amz-Date is {text!r}")
    try:
        signed_at = datetime.datetime.strptime(text, DATE_FORMAT).replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        raise access_denied("Date must be in ISO-8601 'basic format'.", f"X-Amz-Date is {text!r}") from None
    clock, earliest, latest = ((now + d).strftime(DATE_FORMAT) for d in (datetime.timedelta(), -TOLERANCE, TOLERANCE))
    if signed_at < now - TOLERANCE:
        message = f"Signature expired: {text} is now earlier than {earliest} ({clock} - 15 min.)"
        raise access_denied(message, f"X-Amz-Date {text} is too old, the clock says {clock}")
    if signed_at > now + TOLERANCE:
        message = f"Signature not yet current: {text} is still later than {latest} ({clock} + 15 min.)"
        raise access_denied(message, f"X-Amz-Date {text} is in the future, the clock says {clock}")
    if authorization.date != text[:8]:
        raise access_denied(
            "Date in Credential scope does not match YYYYMMDD from X-Amz-Date.",
            f"scope date {authorization.date} is not that of X-Amz-Date {text}",
        )
    return text


def check_payload_hash(request):
    """X-Amz-Content-Sha256 is optional, but must not be wrong."""
    for value in request.values("x-amz-content-sha256"):
        if value.decode("latin-1") != hashlib.sha256(request.body).hexdigest():
            raise invalid_signature("X-Amz-Content-Sha256 is not the hash of the body")


def canonical_request(request, signed_headers):
    lines = [
        request.method.encode(),
        # The path is encoded a second time: % becomes %25.
        urllib.parse.quote(request.path, safe="/" + _UNRESERVED).encode(),
        canonical_query(request.query),
        *(name.encode() + b":" + canonical_header_value(request, name) for name in signed_headers),
        b"",
        ";".join(signed_headers).encode(),
        hashlib.sha256(request.body).hexdigest().encode(),
    ]
    return b"\n".join(lines)


def canonical_header_value(request, name):
    return b",".join(re.sub(b" +", b" ", value) for value in request.values(name))


def query_pairs(query):
    """Decoded (name, value) pairs in the order sent. '+' is a plus sign, as always in SigV4."""
    pairs = (part.partition(b"=") for part in query.split(b"&") if part)
    return [(urllib.parse.unquote_to_bytes(name), urllib.parse.unquote_to_bytes(value)) for name, _, value in pairs]


def canonical_query(query):
    """Sorted and percent-encoded; "=" in a value is encoded twice, as the User Guide requires."""
    encoded = sorted((_encode(name), _encode(value).replace("%3D", "%253D")) for name, value in query_pairs(query))
    return "&".join(f"{name}={value}" for name, value in encoded).encode()


def _encode(octets):
    return urllib.parse.quote(octets, safe=_UNRESERVED)


def string_to_sign(authorization, amz_date, canonical):
    digest = hashlib.sha256(canonical).hexdigest()
    return "\n".join([authorization.algorithm, amz_date, authorization.scope, digest]).encode()


def check_credential(authorization, leaf, public_key):
    """Checks that the credential names this certificate, and that the algorithm fits its key."""
    if authorization.serial != str(leaf.serial_number):
        raise invalid_signature(
            f"Credential names the serial {authorization.serial!r}, the certificate's is {leaf.serial_number}"
        )
    expected = {RSA: rsa.RSAPublicKey, ECDSA: ec.EllipticCurvePublicKey}[authorization.algorithm]
    if not isinstance(public_key, expected):
        raise invalid_signature(f"{authorization.algorithm} does not fit the key type of the certificate")


def check_signature(authorization, public_key, message):
    try:
        if authorization.algorithm == RSA:
            public_key.verify(authorization.signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            public_key.verify(authorization.signature, message, ec.ECDSA(hashes.SHA256()))
    except exceptions.InvalidSignature:
        raise invalid_signature("the signature does not verify over the string to sign") from None
