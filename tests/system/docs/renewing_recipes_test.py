#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the shell blocks of docs/guide/renewing.md unchanged, with a small EST server."""

import base64
import http.server
import ssl
import threading
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from support import documents, pki, recipes
from support.cases import each, expand

TEXT = documents.read("guide/renewing.md")
SECTIONS = documents.sections(TEXT)
RECIPES = recipes.of(TEXT)


class EstServer:
    """Answers /.well-known/est/simplereenroll for clients with a certificate of the recipe's CA."""

    def __init__(self, test, home):
        key = serialization.load_pem_private_key((home / "ca/ca.key").read_bytes(), None)
        issuer = pki.Issuer(key, x509.load_pem_x509_certificate((home / "ca/ca.pem").read_bytes()))
        names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        own = pki.make_key()
        (home / "est.pem").write_bytes(
            pki.pem(issuer.issue(own.public_key(), "localhost", extensions=(names,)))
            + pki.pkcs8_pem(own)
        )
        (home / "est-ca.pem").write_bytes((home / "ca/ca.pem").read_bytes())
        self.clients = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):  # pylint: disable=no-self-argument
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                request = x509.load_der_x509_csr(base64.b64decode(body))
                self.clients.append(handler.connection.getpeercert()["serialNumber"])
                issued = issuer.issue(request.public_key(), request.subject, not_after=90 * pki.DAY)
                answer = base64.encodebytes(
                    pkcs7.serialize_certificates([issued], serialization.Encoding.DER)
                )
                wanted = handler.path == "/.well-known/est/simplereenroll"
                handler.send_response(200 if wanted and request.is_signature_valid else 400)
                handler.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
                handler.send_header("Content-Length", str(len(answer)))
                handler.end_headers()
                handler.wfile.write(answer)

            def log_message(handler, *_):  # pylint: disable=no-self-argument
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(home / "est.pem")
        context.load_verify_locations(home / "ca/ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        self._server = http.server.HTTPServer(("localhost", 0), Handler)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        test.addClassCleanup(self._server.server_close)
        test.addClassCleanup(self._server.shutdown)


@expand
class Recipes(recipes.InOneHome):
    SECTIONS = RECIPES

    @each(**recipes.by_name(RECIPES))
    def test_recipe(self, wanted):
        self.run_up_to(wanted)
        if "EST" in wanted.title:
            serials = [int(serial, 16) for serial in self.est.clients]
            self.assertEqual(serials, [self.before.serial_number])
            self.assertGreater(self.now().not_valid_after, self.before.not_valid_after)

    def run_section(self, section):
        cls = type(self)
        if "EST" in section.title:
            cls.before = self.now()
            cls.est = EstServer(cls, self.home)
            cls.env["EST"] = cls.est.url
        super().run_section(section)

    def now(self):
        """The certificate that is in place."""
        return x509.load_pem_x509_certificate((self.home / "web.pem").read_bytes())


class Marks(unittest.TestCase):
    def test_what_was_not_run_is_marked_and_nothing_else(self):
        marked = [section.title for section in SECTIONS if recipes.is_marked(section)]
        self.assertEqual(
            marked, ["step-ca", "HashiCorp Vault", "AWS Private CA", "certmonger and FreeIPA"]
        )
        self.assertEqual(
            [section.title for section in RECIPES], ["Your own CA, by openssl", "EST, by curl"]
        )


if __name__ == "__main__":
    unittest.main()
