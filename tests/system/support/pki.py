# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates of an organisation's own CA, with any defect that a test needs."""

import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from support import asn1

DAY = datetime.timedelta(days=1)
CURVES = {"P256": ec.SECP256R1, "P384": ec.SECP384R1, "P521": ec.SECP521R1}

_PKCS8 = serialization.PrivateFormat.PKCS8
_TRADITIONAL = serialization.PrivateFormat.TraditionalOpenSSL


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def make_key(kind="P256"):
    """A private key in memory: P256, P384, P521, or RSA and its size in bits, such as RSA2048."""
    if kind.startswith("RSA"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    return ec.generate_private_key(CURVES[kind]())


class Issuer:
    """A CA: its name, its key and its own certificate."""

    def __init__(self, key, certificate):
        self.key = key
        self.certificate = certificate

    def issue(self, public_key, common_name="web", **changes):
        """Issues a leaf certificate; `changes` are keywords of `make_certificate`."""
        changes.setdefault("usage", {"digital_signature"})
        return make_certificate(
            public_key, common_name, self.certificate.subject, self.key, **changes
        )

    def make_intermediate(self, common_name, **changes):
        key = make_key()
        changes.setdefault("usage", {"key_cert_sign", "crl_sign"})
        certificate = self.issue(key.public_key(), common_name, ca=True, **changes)
        return Issuer(key, certificate)


def make_root(common_name="test root"):
    key = make_key()
    certificate = make_certificate(
        key.public_key(), common_name, name(common_name), key, ca=True, usage={"key_cert_sign"}
    )
    return Issuer(key, certificate)


def make_certificate(
    public_key,
    common_name,
    issuer_name,
    issuer_key,
    ca=False,
    usage=None,
    serial=None,
    not_before=-DAY,
    not_after=30 * DAY,
    digest=hashes.SHA256(),
    extensions=(),
    authority=None,
):
    """Makes a certificate whose validity is given relative to now.

    Without `usage` it has no keyUsage. It carries the issuer's key identifier, as current CAs write
    it, or another `authority`. Additional `extensions` are critical.
    """
    identifier = x509.SubjectKeyIdentifier.from_public_key(public_key)
    authority = authority or x509.AuthorityKeyIdentifier.from_issuer_public_key(
        issuer_key.public_key()
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer_name)
        .public_key(public_key)
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(now() + not_before)
        .not_valid_after(now() + not_after)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(authority, critical=False)
    )
    if usage:
        builder = builder.add_extension(_key_usage(usage), critical=True)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=True)
    return builder.sign(issuer_key, digest)


def name(common_name):
    """An x509.Name with this common name only, or an empty one. Returns an x509.Name as it is."""
    if isinstance(common_name, x509.Name):
        return common_name
    if not common_name:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def as_version_1(certificate, issuer_key):
    """The certificate without version and extensions, signed again by an EC key.

    The openssl command's option for such certificates depends on its version.
    """
    (_, fields, _), *_ = asn1.elements(certificate.tbs_certificate_bytes)
    _, serial, algorithm, *others = (whole for *_, whole in asn1.elements(fields))
    signed = asn1.element(0x30, serial, algorithm, *(each for each in others if each[0] != 0xA3))
    signature = issuer_key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return x509.load_der_x509_certificate(
        asn1.element(0x30, signed, algorithm, asn1.element(0x03, b"\0", signature))
    )


def _key_usage(usage):
    every = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    ).split()
    return x509.KeyUsage(**{flag: flag in usage for flag in every})


def pem(*certificates):
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def public_pem(key):
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def uri_file(uri):
    """A file with the URI of a key, as pkcs11-provider writes it."""
    version = asn1.element(0x1A, b"PKCS#11 Provider URI v1.0")
    contents = asn1.element(0x30, version, asn1.element(0x0C, uri.encode()))
    text, label = base64.encodebytes(contents).decode(), "PKCS#11 PROVIDER URI"
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


def uri_in_file(contents):
    """The URI in such a file; its form is checked."""
    lines, label = contents.decode().splitlines(), "PKCS#11 PROVIDER URI"
    assert [lines[0], lines[-1]] == [f"-----{word} {label}-----" for word in ("BEGIN", "END")]
    ((tag, sequence, _),) = asn1.elements(base64.b64decode("".join(lines[1:-1])))
    (version, uri) = [(kind, text) for kind, text, _ in asn1.elements(sequence)]
    assert (tag, version, uri[0]) == (0x30, (0x1A, b"PKCS#11 Provider URI v1.0"), 0x0C)
    return uri[1].decode()


def pkcs8_pem(key):
    return _private(key, serialization.Encoding.PEM, _PKCS8)


def pkcs8_der(key):
    return _private(key, serialization.Encoding.DER, _PKCS8)


def traditional_pem(key):
    """The key as PKCS#1 (RSA) or SEC 1 (EC)."""
    return _private(key, serialization.Encoding.PEM, _TRADITIONAL)


def traditional_der(key):
    return _private(key, serialization.Encoding.DER, _TRADITIONAL)


def encrypted_pkcs8_pem(key, passphrase):
    """The key encrypted by PBES2 with PBKDF2 and AES-256."""
    encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, _PKCS8, encryption)


def pkcs12_file(key, certificate, others=(), passphrase=None):
    encryption = (
        serialization.BestAvailableEncryption(passphrase.encode())
        if passphrase is not None
        else serialization.NoEncryption()
    )
    return pkcs12.serialize_key_and_certificates(
        b"web", key, certificate, list(others) or None, encryption
    )


def merged_pkcs12(*files):
    """Merges PKCS#12 files without a MAC that have one passphrase.

    The openssl command writes one key per file; Java and NSS write several.
    """
    safes = b"".join(_safes(file) for file in files)
    data = asn1.element(0x06, bytes.fromhex("2a864886f70d010701"))
    content = asn1.explicit(0, asn1.element(0x04, asn1.element(0x30, safes)))
    return asn1.element(0x30, asn1.integer(3), asn1.element(0x30, data, content))


def _safes(file):
    """The contents of a file's SEQUENCE of safes (AuthenticatedSafe)."""
    for number in (0, 1, 1, 0, 0):
        file = list(asn1.elements(file))[number][1]
    return file


def _private(key, encoding, form):
    return key.private_bytes(encoding, form, serialization.NoEncryption())
