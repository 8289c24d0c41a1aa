# SPDX-License-Identifier: Apache-2.0
"""Manufacturers of TPMs, and evidence that other programs make.

swtpm_setup certifies endorsement keys with a CA of its own. The attestation keys, statements and
challenges of tpm2-tools and tpm2-pytss share no code with the tested program.
"""

import base64
import json
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from support import asn1, pki
from support.processes import run_tool
from support.requirements import need

PYTSS = "/usr/lib/python3/dist-packages/tpm2_pytss"

# The attributes of the program's attestation key, and the template of tpm2_createprimary.
ATTESTING = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign"
ATTESTER = ("-C", "e", "-G", "ecc256:ecdsa-sha256:null", "-a", ATTESTING)

# Extensions for an endorsement key (TCG EK Credential Profile).
PURPOSE = x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.23.133.8.1")])
DIRECTORY_ATTRIBUTES = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("2.5.29.9"), bytes.fromhex("3000")
)
POLICY_B_SHA256 = bytes.fromhex("ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0")


class Manufacturer:
    """A CA of swtpm_localca in `folder`. `trusted` is the PEM of its root, with its issuing CA."""

    def __init__(self, folder):
        need("/usr/bin/swtpm_setup", "swtpm-tools")
        need("/usr/bin/swtpm_localca", "swtpm-tools")
        self._folder = pathlib.Path(folder)
        self._folder.mkdir()
        self._write("options", "--platform-manufacturer test", "--platform-version 1")
        self._write(
            "localca.conf",
            f"statedir = {folder}",
            f"signingkey = {folder}/key.pem",
            f"issuercert = {folder}/issuer.pem",
            f"certserial = {folder}/serial",
        )
        self._write(
            "setup.conf",
            "create_certs_tool=/usr/bin/swtpm_localca",
            f"create_certs_tool_config={folder}/localca.conf",
            f"create_certs_tool_options={folder}/options",
        )

    def _write(self, name, *lines):
        (self._folder / name).write_text("".join(f"{line}\n" for line in lines))

    def __call__(self, state):
        """Makes endorsement keys and certificates: RSA (template L-1) and P-384 (H-3)."""
        config = ("--config", self._folder / "setup.conf")
        run_tool("/usr/bin/swtpm_setup", "--tpm2", "--tpmstate", state, "--create-ek-cert", *config)

    @property
    def trusted(self):
        return self.root + self.issuer

    @property
    def root(self):
        return (self._folder / "swtpm-localca-rootca-cert.pem").read_bytes()

    @property
    def issuer(self):
        return (self._folder / "issuer.pem").read_bytes()


def model_name(manufacturer="id:54455354", model="tester", version="id:00010002"):
    """The subjectAltName of an EK certificate: a directory name with the attributes of TCG."""
    parts = b""
    for number, value in enumerate((manufacturer, model, version), 1):
        identifier = asn1.element(0x06, bytes.fromhex("6781050201")[:-1] + bytes([number]))
        text = asn1.element(0x0C, value.encode())
        parts += asn1.element(0x31, asn1.element(0x30, identifier, text))
    name = asn1.element(0x30, asn1.element(0xA4, asn1.element(0x30, parts)))
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.17"), name)


def certify(issuer, public_key, **changes):
    """An EK certificate of a test's own CA."""
    is_rsa = hasattr(public_key, "public_numbers") and hasattr(public_key.public_numbers(), "n")
    changes.setdefault("usage", {"key_encipherment" if is_rsa else "key_agreement"})
    changes.setdefault("extensions", (PURPOSE, model_name()))
    return issuer.issue(public_key, "", **changes)


def make_ek(tpm, template):
    """Makes an endorsement key by a tool's template; returns its public key."""
    public = tpm.folder / "ek.pub"
    policy = tpm.folder / "ek.policy"
    policy.write_bytes(POLICY_B_SHA256)
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|adminwithpolicy|restricted|decrypt"
    high = ("-a", attributes + "|userwithauth", "-L", policy, "-c", tpm.folder / "ek.ctx")
    if template in ("rsa", "ecc"):
        tpm.tool("createek", "-Q", "-G", template, "-c", tpm.folder / "ek.ctx", "-u", public)
    else:
        algorithm = {"high rsa": "rsa2048:null:aes128cfb", "high ecc": "ecc256:null:aes128cfb"}
        tpm.tool("createprimary", "-Q", "-C", "e", "-g", "sha256", "-G", algorithm[template], *high)
        tpm.tool("readpublic", "-Q", "-c", tpm.folder / "ek.ctx", "-o", public)
    tpm.tool("flushcontext", "-t")
    return serialization.load_pem_public_key(
        tpm.tool("print", "-t", "TPM2B_PUBLIC", "-f", "pem", public).encode()
    )


def make_attester(tpm, *options):
    """Makes the attestation key by tpm2_createprimary: (its context, its name, its public part)."""
    context, public, name = (tpm.folder / part for part in ("ak.ctx", "ak.pub", "ak.name"))
    tpm.tool("createprimary", "-Q", *(options or ATTESTER), "-c", context)
    tpm.tool("flushcontext", "-t")
    tpm.tool("readpublic", "-Q", "-c", context, "-o", public, "-n", name)
    tpm.tool("flushcontext", "-t")
    return context, name.read_bytes(), public.read_bytes()


class Forgery:
    """Evidence that tpm2-pytss makes: a key, an attestation key, and a statement about the former.

    `attester` and `key` are (algorithm, attributes). A `quote` is about PCRs instead, and a
    `creation` says how the key was made, in the same layout. With `unmarked`, the TPM signs what its
    host made up, which it does unless that begins as its own.
    """

    ATTESTER = ("ecc256:ecdsa-sha256:null", ATTESTING)
    KEY = ("ecc256", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign")

    def __init__(self, tpm, nonce, attester=ATTESTER, key=KEY, **wishes):
        need(PYTSS, "python3-tpm2-pytss")
        # pylint: disable=import-outside-toplevel
        from tpm2_pytss import ESAPI, ESYS_TR, TPM2_ALG, TPM2B_PUBLIC, TPMT_SIG_SCHEME

        scheme = TPMT_SIG_SCHEME(scheme=TPM2_ALG.NULL)
        if ":" not in attester[0]:  # the key does not say how it signs
            scheme = TPMT_SIG_SCHEME(scheme=TPM2_ALG.ECDSA)
            scheme.details.any.hashAlg = TPM2_ALG.SHA256
        with ESAPI(tpm.tcti) as esapi:

            def make(algorithm, attributes):
                template = TPM2B_PUBLIC.parse(algorithm, objectAttributes=attributes)
                handle, public, _, digest, ticket = esapi.create_primary(
                    None, template, primary_handle=ESYS_TR.ENDORSEMENT
                )
                return handle, public, digest, ticket

            attesting, attesting_public, *_ = make(*attester)
            certified, certified_public, digest, ticket = make(*key)
            if wishes.get("quote"):
                attest, signature = esapi.quote(attesting, "sha256:0", nonce, scheme)
            elif wishes.get("creation"):
                attest, signature = esapi.certify_creation(
                    attesting, certified, nonce, digest, scheme, ticket
                )
            else:
                attest, signature = esapi.certify(certified, attesting, nonce, scheme)
            if wishes.get("unmarked"):
                attest = b"\0" + bytes(attest)[1:]
                digest, ticket = esapi.hash(attest, TPM2_ALG.SHA256, ESYS_TR.ENDORSEMENT)
                signature = esapi.sign(attesting, digest, scheme, ticket)
            self.attester = attesting_public.marshal()
            self.key = certified_public.marshal()
            self.attest = bytes(attest)
            self.signature = signature.marshal()
            for handle in (attesting, certified):
                esapi.flush_context(handle)

    def file(self, *certificates):
        return attestation(certificates, self.attester, self.key, self.attest, self.signature)


def attestation(certificates, attester, key, attest, signature):
    """A file of `key attest`, from its parts."""
    return json.dumps(
        {
            "format": "credmint-key-attestation",
            "version": 1,
            "kind": "tpm",
            "ekCertificates": [_encoded(pki.der(one)) for one in certificates],
            "attestationKey": _encoded(attester),
            "key": _encoded(key),
            "attest": _encoded(attest),
            "signature": _encoded(signature),
        }
    )


def challenge(credential):
    """A challenge file from what MakeCredential makes."""
    return json.dumps(
        {"format": "credmint-key-challenge", "version": 1, "challenge": _encoded(credential)}
    )


def answer(secret):
    return json.dumps({"format": "credmint-key-answer", "version": 1, "answer": _encoded(secret)})


def _encoded(contents):
    return base64.b64encode(contents).decode()


# Before the credential, tpm2_makecredential writes a number and the version of its format.
TOOL_HEADER = bytes.fromhex("badcc0de00000001")
