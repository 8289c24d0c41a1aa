# SPDX-License-Identifier: Apache-2.0
"""The X.509 rules of Roles Anywhere: a request's certificates, the leaf, the path to an anchor.

No library builds the path, so that each broken link has its reason. Certificates signed with
RSASSA-PSS, or with an algorithm unknown to this python3-cryptography, are refused for that reason.
"""

import base64
import datetime
import re

from cryptography import exceptions, x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from refusal import access_denied, insufficient_certificate, invalid_input

MAX_CHAIN = 5
MAX_CERTIFICATE_BYTES = 16 * 1024

_RSASSA_PSS = x509.ObjectIdentifier("1.2.840.113549.1.1.10")
# id-ecPublicKey followed by a SEQUENCE; a named curve would be an OBJECT IDENTIFIER
_WRITTEN_OUT_CURVE = bytes.fromhex("06072a8648ce3d020130")
_UNREADABLE = (ValueError, x509.DuplicateExtension, x509.InvalidVersion, x509.UnsupportedGeneralNameType)
_PEM = re.compile(b"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_UNDERSTOOD_IF_CRITICAL = {
    x509.BasicConstraints.oid,
    x509.KeyUsage.oid,
    x509.ExtendedKeyUsage.oid,  # the service documents no rule for it
    x509.SubjectAlternativeName.oid,
}


def load_pem(path):
    """All certificates of a PEM file."""
    with open(path, "rb") as file:
        return [x509.load_pem_x509_certificate(block) for block in _PEM.findall(file.read())]


def decode_certificate(text, place):
    """Decodes a certificate from padded base64 of DER without any other characters."""
    try:
        der = base64.b64decode(text, validate=True)
        if base64.b64encode(der) != text:
            raise ValueError("not canonical base64")
        if len(der) > MAX_CERTIFICATE_BYTES:
            raise ValueError(f"{len(der)} bytes, more than {MAX_CERTIFICATE_BYTES}")
        certificate = x509.load_der_x509_certificate(der)
        # These are parsed lazily: read them here to find defects.
        _ = certificate.subject, certificate.issuer, certificate.extensions
        return certificate
    except _UNREADABLE as error:
        raise access_denied(
            f"The certificate in {place} could not be read.", f"{place} holds no certificate: {error}"
        ) from None


def decode_chain(text):
    parts = text.split(b",")
    if len(parts) > MAX_CHAIN:
        raise invalid_input(
            f"X-Amz-X509-Chain must have at most {MAX_CHAIN} certificates.",
            f"{len(parts)} certificates in X-Amz-X509-Chain, at most {MAX_CHAIN} are allowed",
        )
    return [decode_certificate(part, "X-Amz-X509-Chain") for part in parts]


def public_key(certificate):
    if _WRITTEN_OUT_CURVE in certificate.tbs_certificate_bytes:
        raise insufficient_certificate("the leaf's key has explicit EC parameters")
    try:
        return certificate.public_key()
    except (ValueError, exceptions.UnsupportedAlgorithm) as error:
        raise insufficient_certificate(f"the leaf's key is of a type that cannot be judged here: {error}") from None


def check_leaf(leaf, now):
    defects = common_defects(leaf, now)
    constraints, usage = _extension(leaf, x509.BasicConstraints), _extension(leaf, x509.KeyUsage)
    if constraints and constraints.ca:
        defects.append("it is a CA certificate")
    if not usage or not usage.digital_signature:
        defects.append("its keyUsage lacks digitalSignature")
    if defects:
        raise insufficient_certificate(f"the leaf {name_of(leaf)} is refused: {', '.join(defects)}")


def ca_defects(certificate, now, intermediates_below):
    defects = common_defects(certificate, now)
    constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    if not constraints or not constraints.ca:
        defects.append("it is not a CA (basicConstraints)")
    elif constraints.path_length is not None and intermediates_below > constraints.path_length:
        defects.append(f"its path length is {constraints.path_length}")
    if not usage or not usage.key_cert_sign:
        defects.append("its keyUsage lacks keyCertSign")
    return defects


def common_defects(certificate, now):
    """The defects of a certificate that matter anywhere in a path, as phrases."""
    defects = []
    if certificate.version != x509.Version.v3:
        defects.append("it is not an X.509 v3 certificate")
    begin, end = validity(certificate)
    if now < begin:
        defects.append(f"it is not valid before {begin:%Y-%m-%dT%H:%M:%SZ}")
    if now > end:
        defects.append(f"it expired at {end:%Y-%m-%dT%H:%M:%SZ}")
    hash_algorithm = signature_hash(certificate)
    if hash_algorithm is None:
        defects.append("it is signed with an algorithm that cannot be judged here")
    elif hash_algorithm.digest_size < 32:
        defects.append(f"it is signed with {hash_algorithm.name}, weaker than SHA-256")
    if _WRITTEN_OUT_CURVE in certificate.tbs_certificate_bytes:
        defects.append("its key has explicit EC parameters")
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in _UNDERSTOOD_IF_CRITICAL:
            defects.append(f"its critical extension {extension.oid.dotted_string} is not understood")
    return defects


def validity(certificate):
    if hasattr(certificate, "not_valid_before_utc"):
        return certificate.not_valid_before_utc, certificate.not_valid_after_utc
    dates = certificate.not_valid_before, certificate.not_valid_after
    return tuple(date.replace(tzinfo=datetime.timezone.utc) for date in dates)


def signature_hash(certificate):
    """The hash of the certificate's signature, or None if this module cannot verify it."""
    if certificate.signature_algorithm_oid == _RSASSA_PSS:
        return None
    try:
        return certificate.signature_hash_algorithm
    except exceptions.UnsupportedAlgorithm:
        return None


def find_path(leaf, offered, anchors, now):
    """The path [leaf, …, anchor], or None, and the reasons why other links were rejected."""
    broken_links = []
    return _climb([leaf], offered, anchors, now, broken_links), broken_links


def _climb(path, offered, anchors, now, broken_links):
    subject = path[-1]
    issuers = [each for each in anchors + offered if each.subject == subject.issuer and each not in path]
    if not issuers:
        broken_links.append(f"no certificate of {subject.issuer.rfc4514_string()!r}, the issuer of {name_of(subject)}")
    for issuer in issuers:
        below = sum(each.subject != each.issuer for each in path[1:])
        defects = ca_defects(issuer, now, below)
        if not is_signed_by(subject, issuer):
            defects.append(f"its key did not sign {name_of(subject)}")
        if defects:
            broken_links.append(f"the issuer {name_of(issuer)} is refused: {', '.join(defects)}")
        elif issuer in anchors:
            return path + [issuer]
        elif found := _climb(path + [issuer], offered, anchors, now, broken_links):
            return found
    return None


def is_signed_by(certificate, issuer):
    hash_algorithm = signature_hash(certificate)
    if hash_algorithm is None:
        return False
    try:
        key = issuer.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            scheme = (padding.PKCS1v15(), hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            scheme = (ec.ECDSA(hash_algorithm),)
        else:
            return False
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, *scheme)
        return True
    except (ValueError, exceptions.InvalidSignature, exceptions.UnsupportedAlgorithm):
        return False


def chain_notes(leaf, chain, path, anchors):
    """Notes on what a careful client does not send. The service accepts it all."""
    notes = []
    for position, certificate in enumerate(chain):
        if fault := _misplaced(certificate, leaf, chain[:position], path, anchors):
            notes.append(f"chain certificate {position + 1} {fault}: {name_of(certificate)}")
    links = (path or [])[1:-1]
    if [each for each in dict.fromkeys(chain) if each in links] != links:
        notes.append("chain is not in order, the leaf's issuer first and then upward")
    return notes


def _misplaced(certificate, leaf, earlier, path, anchors):
    if certificate in earlier:
        return "is a repetition"
    if certificate == leaf:
        return "is the leaf"
    if certificate.subject == certificate.issuer and is_signed_by(certificate, certificate):
        return "is a root"
    if certificate in anchors:
        return "is a trust anchor"
    if path and certificate not in path:
        return "is unrelated to the leaf"
    return None


def name_of(certificate):
    return repr(certificate.subject.rfc4514_string() or f"serial {certificate.serial_number}")


def _extension(certificate, kind):
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
