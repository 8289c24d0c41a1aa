#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""renew by CMP: `openssl cmp` is the CA, which checks what it is asked."""

import datetime
import ipaddress
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from support import openssl, pki, ports, program, token, tpm
from support.card_test import WithCard
from support.cases import each, expand
from support.cmp import CmpServer, Relay
from support.processes import run_tool
from support.serve import wait_until
from support.system_test import MintTest, make_folder

SERIAL = 0x7F0001
DAY = datetime.timedelta(days=1)
URI = "pkcs11:token=test;object=web"
HANDLE = "handle:0x81000002"


def parsed(message):
    """The elements of a message, as the `openssl` command shows them."""
    return run_tool(openssl.OPENSSL, "asn1parse", "-inform", "DER", stdin=message).decode()


class CmpTest(MintTest):
    """A CA whose root signs the answers of its CMP server."""

    def setUp(self):
        super().setUp()
        self.write("ca.pem", pki.pem(self.root.certificate))

    def issue(self, public_key, days=30, **changes):
        """A certificate for the key. The server wants all to have one serial number."""
        issuer = changes.pop("issuer", self.root)
        return issuer.issue(public_key, serial=SERIAL, not_after=days * DAY, **changes)

    def ca(self, issued, *options, signer=None, anchor=None):
        anchor = anchor or self.root.certificate
        return CmpServer(self, issued, signer or self.root, anchor, *options)

    def arguments_of(self, url, *flags, key="web.key", certificate="web.pem", ca="ca.pem"):
        trusted = ("--cmp-ca", ca) if ca else ()
        return (
            *("renew", "--certificate", certificate, "--private-key", key, "--force"),
            *("--cmp", url, *trusted, *flags),
        )

    def renew(self, url, *flags, **places):
        return self.succeed(*self.arguments_of(url, *flags, **places))


class CmpWithFiles(CmpTest):
    def setUp(self):
        super().setUp()
        self.make_pair("P256")

    def make_pair(self, kind):
        """web.key, web.pem, which has five days left, and what the CA would issue next."""
        self.key = pki.make_key(kind)
        self.present = self.issue(self.key.public_key(), days=5)
        self.next = self.issue(self.key.public_key(), days=60)
        self.write("web.key", pki.pkcs8_pem(self.key))
        self.write("web.pem", pki.pem(self.present))

    def installed(self):
        return x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())

    def refuse(self, status, message, url, *flags, hint=None, **places):
        """Renews, which must fail and leave the present certificate in place."""
        self.fail_with(status, message, *self.arguments_of(url, *flags, **places), hint=hint)
        self.assertEqual(self.installed(), self.present)


@expand
class Renew(CmpWithFiles):
    @each("P256", "P384", "RSA2048", "RSA3072")
    def test_key(self, kind):
        self.make_pair(kind)
        self.renew(self.ca(self.next).url)
        self.assertEqual(self.installed(), self.next)
        self.mint("--certificate", "web.pem", "--private-key", "web.key")

    def test_the_request_says_what_the_certificate_said(self):
        """Subject and names go into the template, and the present certificate into the control
        oldCertID, as `openssl asn1parse` sees."""
        names = x509.SubjectAlternativeName([x509.DNSName("web.example")])
        self.present = self.issue(self.key.public_key(), days=5, extensions=[names])
        self.write("web.pem", pki.pem(self.present))
        relay = Relay(self, self.ca(self.next))
        self.renew(relay.url)
        (path, kind, first), (_, _, confirmation) = relay.requests
        self.assertEqual((path, kind), ("/pkix/", "application/pkixcmp"))
        shown = parsed(first)
        self.assertIn("cont [ 7 ]", shown)  # the body: kur
        self.assertIn("id-regCtrl-oldCertID", shown)
        # Once each in the template, and once in the present certificate, which is sent along.
        for extension in ("X509v3 Subject Alternative Name", "X509v3 Key Usage"):
            self.assertEqual(shown.count(extension), 2, shown)
        self.assertIn(f"INTEGER           :{SERIAL:X}", shown)
        self.assertEqual(first.count(b"web.example"), 2)
        self.assertIn(pki.der(self.present), first)  # so that the CA can check the signature
        self.assertIn("cont [ 24 ]", parsed(confirmation))  # certConf

    def test_a_ca_that_takes_its_time(self):
        self.renew(self.ca(self.next, "-poll_count", "2", "-check_after", "1").url)
        self.assertEqual(self.installed(), self.next)

    def test_with_an_issuer(self):
        """The chain comes with the answer, whose signer the present chain vouches for."""
        below = self.root.make_intermediate("below", usage={"key_cert_sign", "digital_signature"})
        self.present = self.issue(self.key.public_key(), days=5, issuer=below)
        self.next = self.issue(self.key.public_key(), days=60, issuer=below)
        self.write("web.pem", pki.pem(self.present, below.certificate))
        server = self.ca(self.next, signer=below)
        self.renew(server.url, ca=None)
        self.assertEqual(
            (self.folder / "web.pem").read_bytes(), pki.pem(self.next, below.certificate)
        )
        self.mint("--certificate", "web.pem", "--private-key", "web.key")

    def test_another_name_answers(self):
        key = pki.make_key()
        registrar = pki.Issuer(key, self.root.issue(key.public_key(), "registrar"))
        server = self.ca(self.next, signer=registrar)
        self.refuse(
            *(program.SERVICE, "the answer is not from CN=test root", server.url),
            hint="give it as the recipient",
        )
        self.renew(server.url, "--cmp-recipient", "/CN=registrar")
        self.assertEqual(self.installed(), self.next)


    def test_https(self):
        """TLS has CAs of its own."""
        key = pki.make_key()
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        host = pki.make_root("tls")
        certificate = host.issue(key.public_key(), "host", extensions=[names])
        tls = (
            self.write("host.pem", pki.pem(certificate)),
            self.write("host.key", pki.pkcs8_pem(key)),
        )
        self.write("tls.pem", pki.pem(host.certificate))
        relay = Relay(self, self.ca(self.next), tls=tls)
        self.refuse(program.NETWORK, "connecting to 127.0.0.1:", relay.url, hint="--ca-bundle FILE")
        self.refuse(
            *(program.SERVICE, "the answer is not signed", relay.url, "--ca-bundle", "tls.pem"),
            ca="tls.pem",
        )
        self.renew(relay.url, "--ca-bundle", "tls.pem")
        self.assertEqual(self.installed(), self.next)


@expand
class Refuse(CmpWithFiles):
    def test_a_certificate_of_another_key(self):
        """The CA hears of it, so that it can take the certificate back."""
        relay = Relay(self, self.ca(self.issue(pki.make_key().public_key())))
        message = "the CA's certificate is for another key"
        self.refuse(program.SERVICE, message, relay.url)
        _, (_, _, confirmation) = relay.requests
        self.assertIn("cont [ 24 ]", parsed(confirmation))  # certConf
        self.assertIn(message.encode(), confirmation)

    def test_a_weak_certificate(self):
        weak = self.issue(self.key.public_key(), digest=hashes.SHA1())
        message = "the CA's certificate CN=web is of no use: it is signed with"
        self.refuse(program.SERVICE, message, self.ca(weak).url)

    def test_a_certificate_that_has_expired(self):
        old = self.issue(self.key.public_key(), days=-1, not_before=-9 * DAY)
        message = "the CA's certificate CN=web is of no use: it expired on"
        self.refuse(program.SERVICE, message, self.ca(old).url)

    def test_a_refusal(self):
        server = self.ca(
            *(self.next, "-pkistatus", "2", "-failure", "19", "-statusstring", "no such template")
        )
        message = "the CA refuses: no such template (badCertTemplate)"
        self.refuse(program.SERVICE, message, server.url)

    @each("-send_error", "-send_unprot_err")
    def test_an_error(self, option):
        server = self.ca(self.next, "-send_error", option)
        self.refuse(program.SERVICE, "the CA refuses: error processing message", server.url)

    def test_an_unprotected_answer(self):
        server = self.ca(self.next, "-send_unprotected")
        self.refuse(program.SERVICE, "the answer is not protected", server.url)

    def test_an_answer_of_another_ca(self):
        """It has the name of ours, and its client may ask."""
        impostor = pki.make_root()
        server = self.ca(self.next, signer=impostor)
        message = "the answer is not signed by a trusted certificate of CN=test root"
        self.refuse(program.SERVICE, message, server.url, hint="give the certificate of the CA")

    def test_an_answer_of_another_client(self):
        """Everybody with a certificate of the CA could answer otherwise."""
        key = pki.make_key()
        client = pki.Issuer(key, self.root.issue(key.public_key(), "client"))
        message = "the answer is not from CN=test root"
        self.refuse(program.SERVICE, message, self.ca(self.next, signer=client).url)

    def test_an_earlier_answer(self):
        """A recorded answer belongs to another transaction."""
        server = self.ca(self.next)
        relay = Relay(self, server)
        self.renew(relay.url)
        self.write("web.pem", pki.pem(self.present))
        replayed = relay.answers[0]
        again = Relay(self, server, lambda _: (200, "application/pkixcmp", replayed))
        message = "the answer belongs to another request"
        self.refuse(program.SERVICE, message, again.url)

    def test_an_answer_that_was_changed(self):
        def change(answer):
            at = answer.rfind(b"test root")  # in the certificate that was issued, or after it
            return 200, "application/pkixcmp", answer[:at] + b"T" + answer[at + 1 :]

        self.refuse(program.SERVICE, "the answer", Relay(self, self.ca(self.next), change).url)

    def test_a_lost_confirmation(self):
        """The CA may take back a certificate that nobody confirmed."""
        answers = []

        def change(answer):
            answers.append(answer)
            return (200, "application/pkixcmp", answer) if len(answers) == 1 else (503, "", b"")

        relay = Relay(self, self.ca(self.next), change)
        self.refuse(program.SERVICE, "answers with status 503", relay.url)

    def test_a_ca_that_does_not_decide(self):
        server = self.ca(self.next, "-poll_count", "99", "-check_after", "60")
        self.refuse(
            *(program.NETWORK, "the CA has not decided yet", server.url, "--timeout", "2"),
            hint="run it again when the CA has approved the request",
        )

    def test_told_to_end_while_the_ca_waits(self):
        relay = Relay(self, self.ca(self.next, "-poll_count", "99", "-check_after", "60"))
        arguments = (*self.arguments_of(relay.url), "--watch", "--timeout", "1h")
        started = program.start(arguments, self.folder, self.env)
        self.addCleanup(started.process.kill)
        wait_until(lambda: len(relay.answers) == 2)  # kup that says to wait, and pollRep
        started.process.terminate()
        run = started.finish()
        self.assertEqual(run.status, program.SUCCESS, str(run))
        self.assertIn("the CA has not decided yet, and the program is told to end", run.stderr)
        self.assertEqual(self.installed(), self.present)

    def test_an_unknown_path(self):
        server = self.ca(self.next)
        self.refuse(
            *(program.SERVICE, "the server answers with status 404", server.url + "other"),
            hint="check the URL",
        )

    @each(
        status=b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        page=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>hello</html>",
        der=b"HTTP/1.1 200 OK\r\nContent-Type: application/pkixcmp\r\n\r\n\x30\x03\x02\x01\x02",
        nothing=b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        text=b"hello\r\n",
        end=b"",
        huge=b"HTTP/1.1 200 OK\r\n\r\n" + b"0" * 2_000_000,
    )
    def test_an_answer_that_is_no_cmp(self, answer):
        port = ports.answering_port(self, answer)
        result = self.run_program(*self.arguments_of(f"http://127.0.0.1:{port}/pkix/"))
        self.assertIn(result.status, (program.SERVICE, program.NETWORK), str(result))
        self.check_failure(result, result.status, f"CMP with http://127.0.0.1:{port}/pkix/: ")
        self.assertEqual(self.installed(), self.present)

    def test_a_silent_server(self):
        url = f"http://127.0.0.1:{ports.silent_port(self)}/"
        self.refuse(program.NETWORK, "no answer within 1 s", url, "--timeout", "1")

    def test_a_slow_server(self):
        def change(answer):
            time.sleep(2)
            return 200, "application/pkixcmp", answer

        relay = Relay(self, self.ca(self.next), change)
        self.refuse(program.NETWORK, "no answer within 1 s", relay.url, "--timeout", "1")

    def test_nobody_there(self):
        url = f"http://127.0.0.1:{ports.dead_port(self)}/"
        self.refuse(program.NETWORK, "connection refused", url)

    def test_nobody_to_trust(self):
        """The present certificate came without its issuer."""
        self.refuse(
            *(program.CERTIFICATE, "no certificate of the CA is known", self.ca(self.next).url),
            ca=None,
            hint="give the certificate of the CA",
        )

    def test_a_file_without_cas(self):
        self.write("none.pem", pki.pkcs8_pem(self.key))
        message = "--cmp-ca: none.pem holds no certificate"
        self.refuse(program.CERTIFICATE, message, "http://127.0.0.1:1/", ca="none.pem")
        self.write("open.pem", pki.pem(self.root.certificate), mode=0o666)
        self.refuse(program.LOCAL_IO, "--cmp-ca: ", "http://127.0.0.1:1/", ca="open.pem")

    @each(scheme="ldap://ca.example/", text="ca.example", name="http://user:secret@ca.example/")
    def test_a_wrong_url(self, url):
        self.refuse(program.USAGE, "--cmp: ", url)

    def test_a_command_as_well(self):
        message = "--cmp excludes --exec"
        self.refuse(program.USAGE, message, "http://127.0.0.1:1/", "--exec", "true")

    def test_a_flag_of_cmp_alone(self):
        identity = ("--certificate", "web.pem", "--private-key", "web.key")
        self.fail_with(
            *(program.USAGE, "--cmp-ca needs --cmp", "renew", *identity, "--exec", "true"),
            *("--cmp-ca", "ca.pem"),
        )

    def test_a_wrong_name(self):
        named = ("--cmp-recipient", "CN=x")
        self.refuse(program.USAGE, "--cmp-recipient: ", "http://127.0.0.1:1/", *named)


class TokenKeys(WithCard, CmpTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")

    def check(self, kind):
        public_key = self.card.generate(kind)
        present, renewed = (self.issue(public_key, days=days) for days in (5, 60))
        self.card.write_certificate(present)
        server = self.ca(renewed)
        self.renew(server.url, *self.flags, key=URI, certificate=URI)
        _, records = self.mint_with_records("--certificate", URI, *self.flags)
        self.assertEqual(records[-1]["reason"], "accepted")
        self.assertEqual(self.stored(), pki.der(renewed))

    def stored(self):
        """The certificate that pkcs11-tool finds, in DER."""
        return run_tool(
            *(token.PKCS11_TOOL, "--module", token.MODULE, "--token-label", "test"),
            *("--read-object", "--type", "cert", "--label", "web"),
            env=self.card.env,
        )

    def test_ec(self):
        self.check("EC:prime256v1")

    def test_rsa(self):
        self.check("rsa:2048")


class TpmKeys(CmpTest):
    def check(self, algorithm):
        chip = tpm.Tpm(self, make_folder(self) / "t")
        self.env = dict(chip.env)
        public_key = chip.make_persistent("0x81000002", algorithm)
        present, renewed = (self.issue(public_key, days=days) for days in (5, 60))
        self.write("web.pem", pki.pem(present))
        self.renew(self.ca(renewed).url, key=HANDLE)
        self.assertEqual((self.folder / "web.pem").read_bytes(), pki.pem(renewed))
        self.mint("--certificate", "web.pem", "--private-key", HANDLE)
        self.assertEqual(chip.loaded(), [])

    def test_ec(self):
        self.check("ecc256")

    def test_rsa(self):
        self.check("rsa2048")

    def test_fixed_scheme(self):
        """A key that signs with SHA-256 alone."""
        self.check("rsa2048:rsassa-sha256:null")


if __name__ == "__main__":
    unittest.main()
