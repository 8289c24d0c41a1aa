#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""renew by --exec for a certificate in a file: its CA is the openssl command."""

import os
import re
import time
import unittest

from cryptography import x509

from support import openssl, pki, program
from support.cases import each, expand
from support.issuing import OLD, STATE, RenewTest, openssl_x509
from support.processes import run_tool
from support.terminal import Terminal

SECRET = "secret-16180339"


class Renew(RenewTest):
    def test_a_certificate_that_is_due(self):
        old = self.put()
        self.renewed()
        self.assertIn("CN = web", openssl_x509(self.folder / "web.pem", "-noout", "-subject"))
        new = x509.load_pem_x509_certificate((self.folder / "web.pem").read_bytes())
        self.assertGreater(new.not_valid_after, old.not_valid_after + 20 * pki.DAY)
        self.assertEqual(
            new.public_key().public_numbers(), self.key.public_key().public_numbers()
        )
        self.mint(*self.identity)
        self.assertEqual(self.last_request()["serial"], str(new.serial_number))

    def test_the_request_is_that_of_the_present_certificate(self):
        names = x509.SubjectAlternativeName(
            [
                x509.DNSName("web.example"),
                x509.UniformResourceIdentifier("spiffe://example/web"),
                x509.DirectoryName(pki.name("beside")),
            ]
        )
        subject = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Beispiel Größe"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, "web"),
            ]
        )
        self.put(common_name=subject, extensions=(names,))
        self.renew(command=f"tee request.pem | {self.sign()}")
        request = x509.load_pem_x509_csr((self.folder / "request.pem").read_bytes())
        self.assertEqual(request.subject, subject)
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        self.assertEqual(found.value, names)
        run_tool(openssl.OPENSSL, "req", "-in", self.folder / "request.pem", "-verify", "-noout")

    def test_a_certificate_that_is_not_due(self):
        leaf = self.put(not_before=-pki.DAY, not_after=3 * pki.DAY)
        printed = self.renew(command="exit 9")
        end = leaf.not_valid_after
        due = end - (end - leaf.not_valid_before) / 3
        self.assertEqual(
            printed,
            f"not due until {due:%Y-%m-%dT%H:%M:%SZ}: CN=web, valid until {end:%Y-%m-%dT%H:%M:%SZ}\n",
        )
        self.assertEqual(self.states(), [])

    def test_before(self):
        self.put(not_before=-pki.DAY, not_after=3 * pki.DAY)
        self.assertIn("not due until", self.renew("--before", "2d", command="exit 9"))
        self.put(not_before=-2 * pki.DAY, not_after=2 * pki.DAY)
        self.renewed("--before", "2d")

    def test_before_more_than_half_of_the_validity(self):
        self.put()
        self.refuse(program.USAGE, "more than half of the validity", "exit 9", "--before", "6d")
        self.assertEqual(self.states(), [])

    def test_force(self):
        self.put(not_before=-pki.DAY, not_after=3 * pki.DAY)
        self.renewed("--force")

    def test_an_expired_certificate(self):
        self.put(not_before=-9 * pki.DAY, not_after=-pki.DAY)
        self.renewed()
        self.mint(*self.identity)

    def test_issuers_come_along_and_the_root_stays_away(self):
        above = self.root.make_intermediate("above")
        self.put()
        self.write("ca.key", pki.pkcs8_pem(above.key))
        self.write("ca.pem", pki.pem(above.certificate))
        self.write("root.pem", pki.pem(self.root.certificate))
        self.renewed(command=f"cat root.pem ca.pem; {self.sign()}")
        certificates = load_all((self.folder / "web.pem").read_bytes())
        self.assertEqual([one.subject for one in certificates], [pki.name("web"), pki.name("above")])
        self.mint_with_records(*self.identity)

    def test_the_present_issuers_stay_if_the_ca_sends_none(self):
        above = self.root.make_intermediate("above")
        self.put()
        self.write("ca.key", pki.pkcs8_pem(above.key))
        self.write("ca.pem", pki.pem(above.certificate))
        self.write("web.pem", pki.pem(above.issue(self.key.public_key(), **OLD), above.certificate))
        self.renewed()
        certificates = load_all((self.folder / "web.pem").read_bytes())
        self.assertEqual(certificates[1:], [above.certificate])

    def test_pkcs7(self):
        self.put()
        self.renewed(
            command=f"{self.sign()} | {openssl.OPENSSL} crl2pkcs7 -nocrl -certfile /dev/stdin"
        )

    def test_the_chosen_one_of_several_certificates_is_renewed(self):
        """A file with the earlier and the present certificate: the latest to end is the present."""
        old = self.put()
        later = self.root.issue(self.key.public_key(), not_before=-pki.DAY, not_after=9 * pki.DAY)
        self.write("web.pem", pki.pem(old, later))
        self.assertIn("not due until", self.renew(command="exit 9"))

    def test_what_is_remembered_is_no_secret(self):
        self.put()
        self.run_badly("exit 1")
        (state,) = self.states()
        self.assertNotIn("PRIVATE", state)
        self.assertIn(f'"certificate": "{self.folder}/web.pem"', state)
        self.assertEqual((self.folder / STATE).stat().st_mode & 0o777, 0o700)


@expand
class Command(RenewTest):
    """The command's surroundings."""

    def setUp(self):
        super().setUp()
        self.put()

    def test_it_has_no_secret_in_its_environment(self):
        self.env["THE_PASSPHRASE"] = self.secret(SECRET)
        self.env["NOTIFY_SOCKET"] = "/run/none"
        self.env["OTHER"] = "stays"
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, SECRET))
        self.renewed("--passin", "env:THE_PASSPHRASE", command=f"env > env; {self.sign()}")
        environment = (self.folder / "env").read_text()
        self.assertNotIn(SECRET, environment)
        self.assertNotIn("NOTIFY_SOCKET", environment)
        self.assertIn("OTHER=stays\n", environment)

    def test_it_has_no_other_descriptors(self):
        with open(self.folder / "web.key", "rb") as beside:
            os.set_inheritable(beside.fileno(), True)
            result = self.run_program(
                *self.arguments_of(command=f"ls /proc/self/fd > fds; {self.sign()}"),
                pass_fds=(beside.fileno(),),
            )
        self.assertEqual(result.status, program.SUCCESS, str(result))
        found = set((self.folder / "fds").read_text().split())
        self.assertLessEqual(found, {"0", "1", "2", "3"})  # 3 is the folder that ls reads

    def test_its_stderr_is_shown(self):
        result = self.run_program(*self.arguments_of(command=f"echo at work >&2; {self.sign()}"))
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, "at work\n"))

    def test_the_last_line_of_its_stderr_is_in_the_error(self):
        result = self.run_badly("echo first >&2; echo the CA is shut >&2; exit 3")
        self.assertEqual(result.status, program.SERVICE)
        self.assertEqual(
            result.stderr.splitlines(),
            [
                *("first", "the CA is shut"),
                "credmint: renewing the certificate: the command ended with status 3: the CA is shut",
                "hint: try it with a request that credmint csr makes",
            ],
        )

    def test_it_is_killed_with_all_that_it_started(self):
        started = time.monotonic()
        self.fail_with(
            *(program.NETWORK, "the command did not end within 1 s"),
            *self.arguments_of(
                "--exec-timeout", "1", command="sleep 4242 & echo $! > child; trap '' TERM; sleep 4243"
            ),
            hint="--exec-timeout",
        )
        self.assertLess(time.monotonic() - started, 10)
        child = int((self.folder / "child").read_text())
        self.assertFalse(os.path.exists(f"/proc/{child}/exe") and "sleep" in os.readlink(
            f"/proc/{child}/exe"))

    def test_it_has_no_terminal(self):
        """As with ssh, which asks there: it fails at once, and is not stopped until the time is up."""
        ask = "exec 2> /dev/null; stty -echo < /dev/tty; echo 'the password:' > /dev/tty"
        terminal = Terminal(self, self.arguments_of(command=ask), self.folder, self.env)
        result = terminal.finish()
        self.check_failure(result, program.SERVICE, "the command ended with status")
        self.assertLess(result.seconds, 10)
        self.assertEqual(terminal.shown, b"")

    def test_it_ends_with_the_program(self):
        started = program.start(
            self.arguments_of(command="echo $$ > shell; sleep 4244"), self.folder, self.env
        )
        wait_for(self.folder / "shell")
        started.process.terminate()
        started.finish()
        shell = int((self.folder / "shell").read_text())
        deadline = time.monotonic() + 5
        while os.path.exists(f"/proc/{shell}/cmdline") and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertFalse(os.path.exists(f"/proc/{shell}/cmdline"))

    def test_it_need_not_read_the_request(self):
        self.write("request", "")
        self.renew(command=f"cat > all; exec < all; {self.sign()}")

    def test_a_background_process_does_not_hold_it_up(self):
        started = time.monotonic()
        self.renewed(command=f"{self.sign()}; sleep 5 &")
        self.assertLess(time.monotonic() - started, 4)

    @each(
        nothing=("true", program.SERVICE, "the command printed nothing"),
        garbage=("echo garbage", program.SERVICE, "the command printed no certificate"),
        the_request=("cat", program.SERVICE, "the command printed no certificate"),
        without_end=("cat /dev/zero", program.SERVICE, "printed more than 262144 bytes"),
        signal=("kill -9 $$", program.SERVICE, "the command was ended by signal 9"),
        not_found=("exec 2> /dev/null; none", program.SERVICE, "the command ended with status 127"),
        cut=("head -c 300 ca.pem", program.SERVICE, "a certificate that cannot be read"),
        damaged=("sed 2s/^...../AAAAA/ ca.pem", program.SERVICE, "a certificate that cannot be read"),
    )
    def test_it_answers_with(self, case):
        command, status, message = case
        self.refuse(status, message, command)


@expand
class Refused(RenewTest):
    """Certificates that are no good. Key and certificate stay, and nothing else is left."""

    def setUp(self):
        super().setUp()
        self.put()

    def check(self, certificate, status, message, hint=None):
        self.write("answer", pki.pem(certificate))
        self.refuse(status, message, "cat answer", hint=hint)

    @each(
        expired=({"not_before": -9 * pki.DAY, "not_after": -pki.DAY}, "it expired on"),
        too_early=({"not_before": 2 * pki.DAY}, "it is not valid before"),
        earlier_end=({"not_after": pki.DAY / 2}, "which is no later than the present one"),
        no_digital_signature=({"usage": {"key_agreement"}}, "does not include digitalSignature"),
        ca=({"ca": True}, "it is a CA certificate"),
    )
    def test_certificate(self, case):
        changes, message = case
        certificate = self.root.issue(self.key.public_key(), **changes)
        self.check(certificate, program.CERTIFICATE, message)

    def test_another_key(self):
        certificate = self.root.issue(pki.make_key().public_key())
        self.check(certificate, program.CERTIFICATE, "the private key does not belong to it")

    def test_a_weaker_signature(self):
        strong = pki.make_root("strong")
        strong.key = pki.make_key("P384")
        digest = pki.hashes.SHA384()
        self.write("web.pem", pki.pem(self.root.issue(self.key.public_key(), **OLD, digest=digest)))
        self.check(
            *(self.root.issue(self.key.public_key()), program.CERTIFICATE, "has a weaker signature"),
            hint="import-certificate",
        )

    def test_sha1(self):
        key = pki.make_key("RSA2048")
        root = pki.Issuer(key, pki.make_certificate(
            key.public_key(), "rsa", pki.name("rsa"), key, ca=True, usage={"key_cert_sign"}))
        certificate = root.issue(self.key.public_key(), digest=pki.hashes.SHA1())
        self.check(certificate, program.CERTIFICATE, "sha1WithRSAEncryption")

    def test_the_present_one(self):
        self.refuse(program.CERTIFICATE, "no later than the present one", "cat web.pem")

    def test_a_place_that_cannot_be_written(self):
        self.identity = ("--certificate", "fd:0", "--private-key", "web.key")
        self.refuse(program.USAGE, "no certificate can be written to", "true")

    def test_no_command(self):
        self.fail_with(program.USAGE, "--exec or --cmp is missing", "renew", *self.identity)

    def test_a_state_folder_of_others(self):
        (self.folder / STATE).mkdir(parents=True)
        (self.folder / STATE).chmod(0o777)
        self.refuse(program.LOCAL_IO, "others may write to the folder", "true", hint="0700")

    def test_a_damaged_state(self):
        self.run_badly("exit 1")
        (path,) = (self.folder / STATE).glob("*.json")
        path.write_text("{")
        self.refuse(program.LOCAL_IO, "is damaged", "true", hint="remove it")


class Spacing(RenewTest):
    """After a failure, and between two runs at once."""

    def setUp(self):
        super().setUp()
        self.put()

    def waits(self):
        """How long the program waits until the next try, in seconds."""
        printed = self.renew(command="exit 9")
        until = re.fullmatch(
            r"not tried again until (\S+), because the last run failed\n", printed
        )[1]
        return (
            pki.datetime.datetime.fromisoformat(until.replace("Z", "+00:00")) - pki.now()
        ).total_seconds()

    def test_it_grows_and_ends_with_a_success(self):
        self.run_badly("exit 1")
        first = self.waits()
        self.assertTrue(25 < first <= 60, first)
        self.run_badly("exit 1", "--force")
        self.run_badly("exit 1", "--force")
        third = self.waits()
        self.assertTrue(115 < third <= 240, third)
        for _ in range(9):
            self.run_badly("exit 1", "--force")
        longest = self.waits()
        self.assertTrue(4000 < longest <= 8640, longest)  # a tenth of the day that is left
        self.renewed("--force")
        self.assertIn("not due until", self.renew())
        self.assertNotIn("failures", "".join(self.states()))

    def test_a_mistake_in_the_command_line_is_not_counted(self):
        self.refuse(program.USAGE, "more than half", "true", "--before", "9d")
        self.assertEqual(self.states(), [])

    def test_two_runs_at_once(self):
        first = program.start(
            self.arguments_of(command=f"touch running; while [ ! -e go ]; do sleep 0.05; done; {self.sign()}"),
            self.folder, self.env,
        )
        wait_for(self.folder / "running")
        self.assertEqual(self.renew(command="exit 9"), "another run is renewing this certificate\n")
        other = ("--certificate", f"{self.folder}/../{self.folder.name}/web.pem", *self.identity[2:])
        self.assertEqual(
            self.succeed("renew", *other, "--exec", "exit 9"),
            b"another run is renewing this certificate\n",
        )
        self.write("go", "")
        self.assertEqual(first.finish().status, program.SUCCESS)
        self.assertIn("not due until", self.renew())

    def test_a_refused_passphrase_is_not_tried_again(self):
        self.write("web.key", pki.encrypted_pkcs8_pem(self.key, SECRET))
        self.write("pass", "wrong")
        flags = ("--passin", "file:pass")
        self.refuse(program.KEY, "opening key web.key", "exit 9", *flags)
        self.write("pass", self.secret(SECRET))
        self.refuse(program.KEY, "secret was refused", self.sign(), *flags, hint="--force")
        self.renewed("--force", *flags)


def load_all(pem):
    """The certificates of a PEM file, in its order."""
    end = b"-----END CERTIFICATE-----\n"
    blocks = [block + end for block in pem.split(end) if block]
    return [x509.load_pem_x509_certificate(block) for block in blocks]


def wait_for(path):
    deadline = time.monotonic() + 10
    while not path.exists() or not path.read_bytes() and path.name == "shell":
        if time.monotonic() > deadline:
            raise AssertionError(f"{path} does not appear")
        time.sleep(0.02)


if __name__ == "__main__":
    unittest.main()
