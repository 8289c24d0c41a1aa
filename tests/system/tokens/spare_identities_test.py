#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A role with several identities: the next is used while the device of the first is lost.

The emulator says which certificate signed each request. The logs of the modules say which device was
used. Each identity has a module of its own: the first one's misbehaves, the second one's is OpenSC's
spy. The tokens are two, except where a PIN could be sent to the same one twice.
"""

import datetime
import json
import re
import signal
import time
import unittest

from support import emulator, misbehaving, pki, program, token, tpm
from support.cases import each, expand
from support.manager import Manager
from support.ports import dead_port
from support.serve import Server, wait_until
from support.system_test import MintTest, make_folder

WRONG = "wrong-31415926"
LOST = "token-removed"


class SpareTest(MintTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t", "a")
        cls.original.add_token("b")
        cls.leaves = {
            name: cls.root.issue(cls.original.generate("EC:prime256v1", token=name), name)
            for name in ("a", "b")
        }

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.log, self.spy = self.folder / "calls", self.folder / "spy"
        self.secret(WRONG)
        for name, leaf in self.leaves.items():
            self.write(f"{name}.pem", pki.pem(leaf))
            self.write(f"{name}.pin", self.secret(token.PIN))
        self.spy.touch()
        self.env = {
            **misbehaving.environment(token.spied(self.token.env, self.spy), log=self.log),
            "MISBEHAVING_MODULE_FILE": str(self.folder / "control/faults"),
        }
        self.misbehave()
        self.configure()

    def misbehave(self, *faults):
        """Sets the faults of the first module, for running processes too."""
        (self.folder / "control").mkdir(exist_ok=True)
        self.write("control/faults.new", ",".join(faults)).rename(self.folder / "control/faults")

    def identity(self, name, **changes):
        settings = {
            "certificate": f"{name}.pem",
            "private-key": f"pkcs11:token={name};object=web",
            "pkcs11-lib": misbehaving.module() if name == "a" else token.SPY,
            "passin": f"file:{name}.pin",
            **{setting.replace("_", "-"): value for setting, value in changes.items()},
        }
        lines = [f"{setting} = {json.dumps(value)}" for setting, value in settings.items()]
        return "\n".join([f"[identity.hsm-{name}]", *lines, ""])

    def configure(self, *identities, order='["hsm-a", "hsm-b"]', roles=("web",), more="", top=""):
        """Writes c.toml. `roles` have the same identities."""
        identities = identities or (self.identity("a"), self.identity("b"))
        sections = [
            f"{top}\n[defaults]\nendpoint = \"{self.service.url}\"\n"
            f"trust-anchor-arn = \"{emulator.TRUST_ANCHOR_ARN}\"\n"
            f"profile-arn = \"{emulator.PROFILE_ARN}\"\n"
            f"role-arn = \"{emulator.ROLE_ARN}\"\nidentity = {order}\n{more}\n",
            *identities,
            *(f"[role.{role}]\n" for role in roles),
        ]
        self.write("c.toml", "\n".join(sections), 0o644)

    def flags(self, *more):
        return ("--config", "c.toml", *more)

    def used(self):
        """The names of the certificates of all requests so far, in order.

        Those of other tests may be among them.
        """
        names = {str(leaf.serial_number): name for name, leaf in self.leaves.items()}
        return [names.get(str(record["serial"]), "?") for record in self.service.requests()]

    def logins(self):
        """How often each module was logged in to."""
        return [
            calls.count("C_Login") for calls in (misbehaving.calls(self.log), token.calls(self.spy))
        ]

    def forget_calls(self):
        self.log.write_text("")
        self.spy.write_text("")

    def take_away(self, label):
        """Removes the folder of a token; returns a function that brings it back."""
        (folder,) = (
            entry
            for entry in (self.token.folder / "objects").iterdir()
            if label.encode().ljust(32) in (entry / "token.object").read_bytes()
        )
        hidden = self.folder / f"away-{label}"
        folder.rename(hidden)
        return lambda: hidden.rename(folder)


class MintOnceTest(SpareTest):
    def mints_with(self, name, *flags, within=None, **more):
        """Mints with one request, which this certificate signed; nothing is on stderr."""
        earlier = len(self.used())
        began = time.monotonic()
        output = self.succeed("credential-process", *self.flags(*flags), **more)
        if within is not None:
            self.assertLess(time.monotonic() - began, within)
        self.assertEqual(self.used()[earlier:], [name])
        return json.loads(output)

    def refuses(self, message, *flags, status=program.KEY, requests=0):
        """Mints nothing, and leaves the second module alone."""
        earlier = len(self.used())
        result = self.fail_with(status, message, "credential-process", *self.flags(*flags))
        self.assertEqual(len(self.used()), earlier + requests)
        self.assertEqual(token.calls(self.spy), [], str(result))
        return result


@expand
class CredentialProcess(MintOnceTest):
    def test_the_first_is_used_and_the_second_left_alone(self):
        self.mints_with("a")
        self.assertEqual(self.logins(), [1, 0])
        self.assertEqual(token.calls(self.spy), [])

    @each(
        token_removed=LOST,
        no_device="initialize=CKR_DEVICE_ERROR",
        crash_at_the_start="segfault=C_Initialize",
        crash_in_a_signature="abort=C_Sign",
        exit_in_a_signature="exit=C_Sign",
        device_error_in_a_signature="sign=CKR_DEVICE_ERROR",
    )
    def test_the_second_is_used_after(self, fault):
        self.misbehave(fault)
        self.mints_with("b")
        self.assertEqual(self.logins()[1], 1)
        self.misbehave()
        self.mints_with("a")

    def test_the_second_is_used_without_the_token_of_the_first(self):
        bring_back = self.take_away("a")
        self.mints_with("b")
        self.assertEqual(self.logins(), [0, 1])
        bring_back()
        self.mints_with("a")

    @each("C_Initialize", "C_GetSlotList", "C_Sign")
    def test_a_module_that_hangs_has_its_part_of_the_time(self, call):
        self.misbehave(f"hang={call}")
        began = time.monotonic()
        self.mints_with("b", "--key-timeout", "4", within=4)
        self.assertGreater(time.monotonic() - began, 1.9)

    def test_the_order_counts(self):
        self.configure(order='["hsm-b", "hsm-a"]')
        self.mints_with("b")
        self.assertEqual(misbehaving.calls(self.log), [])

    def test_debug_says_it(self):
        self.misbehave(LOST)
        run = self.run_program("credential-process", *self.flags("--debug"))
        self.assertEqual(run.status, program.SUCCESS, str(run))
        self.assertRegex(run.stderr, r"identity hsm-a is lost: .*no token")

    def test_a_lost_tpm(self):
        program.need_back_end("handle")
        gone = f"swtpm:port={dead_port(self)}"
        first = self.identity("a", private_key="handle:0x81000001", tcti=gone)
        first = "\n".join(line for line in first.splitlines() if "pkcs11-lib" not in line) + "\n"
        self.configure(first, self.identity("b"))
        self.mints_with("b")

    def test_a_tpm_as_the_second(self):
        device = tpm.Tpm(self, make_folder(self) / "t")
        leaf = self.root.issue(device.make_persistent("0x81000001"), "t")
        self.write("b.pem", pki.pem(leaf))
        self.leaves = {**self.leaves, "tpm": leaf}
        spare = '[identity.tpm]\ncertificate = "b.pem"\nprivate-key = "handle:0x81000001"\n'
        self.configure(self.identity("a"), f'{spare}tcti = "{device.tcti}"\n', order='["hsm-a", "tpm"]')
        self.misbehave(LOST)
        self.mints_with("tpm")
        self.misbehave()
        self.mints_with("a")

    def test_three_in_order(self):
        key = pki.make_key()
        leaf = self.root.issue(key.public_key(), "c")
        self.leaves = {**self.leaves, "file": leaf}
        self.write("c.pem", pki.pem(leaf))
        self.write("c.key", pki.pkcs8_pem(key))
        third = '[identity.file]\ncertificate = "c.pem"\nprivate-key = "c.key"\n'
        self.configure(
            self.identity("a"), self.identity("b"), third, order='["hsm-a", "hsm-b", "file"]'
        )
        self.misbehave(LOST)
        self.mints_with("b")
        self.take_away("b")
        self.mints_with("file")


@expand
class Refusals(MintOnceTest):
    """The second is not used, and its token sees no login."""

    def test_a_refused_pin(self):
        self.write("a.pin", WRONG)
        self.refuses("identity hsm-a: ")
        self.assertEqual(self.logins(), [1, 0])

    def test_a_refused_pin_of_the_same_token(self):
        """The second names the same token by another module, with the same PIN."""
        self.write("a.pin", WRONG)
        same = {"certificate": "a.pem", "private_key": "pkcs11:token=a;object=web"}
        twin = self.identity("b", passin="file:a.pin", **same)
        self.configure(self.identity("a"), twin)
        self.refuses("identity hsm-a: ")
        self.assertEqual(self.logins(), [1, 0])

    @each(
        locked=("pin-locked", "locked"),
        crash_in_a_login=("segfault=C_Login", "the PIN counts as refused"),
        no_user_pin=("login=CKR_PIN_EXPIRED", "CKR_PIN_EXPIRED"),
    )
    def test_of_a_pin(self, case):
        fault, message = case
        self.misbehave(fault)
        self.refuses(message)
        self.assertEqual(self.logins()[1], 0)

    def test_a_hang_in_a_login(self):
        self.misbehave("hang=C_Login")
        self.refuses("the PIN counts as refused", "--key-timeout", "2")

    @each(
        no_pin_file=({"passin": "file:./absent.pin"}, "absent.pin"),
        no_key=({"private_key": "pkcs11:token=a;object=absent"}, "no private key on token 'a'"),
        no_module=({"pkcs11_lib": "/absent/module.so"}, "/absent/module.so"),
        other_certificate=({"certificate": "b.pem"}, "does not belong"),
    )
    def test_of_a_setting(self, case):
        changes, message = case
        self.configure(self.identity("a", **changes), self.identity("b"))
        status = program.CERTIFICATE if "certificate" in changes else program.KEY
        self.refuses(message, status=status)

    def test_by_the_service(self):
        self.start_own_service().fail("403")
        self.configure()
        self.refuses("identity hsm-a: creating a session", status=program.SERVICE, requests=1)

    def test_of_the_second_after_a_loss(self):
        self.misbehave(LOST)
        self.write("b.pin", WRONG)
        message = re.compile(
            "^credmint: identity hsm-b: .*refused the PIN.*; identity hsm-a is lost: .*no token"
        )
        self.fail_with(program.KEY, message, "credential-process", *self.flags())
        self.assertEqual(self.logins(), [0, 1])

    def test_of_both(self):
        self.misbehave(LOST)
        self.take_away("b")
        result = self.fail_with(program.KEY, "hsm-b", "credential-process", *self.flags())
        self.assertIn("; identity hsm-a is lost: ", result.stderr)
        self.assertEqual(self.logins(), [0, 0])

    def test_a_flag_about_the_key_leaves_the_spares_out(self):
        """Its PIN is meant for the first token."""
        self.misbehave(LOST)
        self.write("other.pin", self.secret(token.PIN))
        self.refuses("no token", "--passin", "file:other.pin")
        self.misbehave()
        self.mints_with("a", "--passin", "file:other.pin")


class Cache(MintOnceTest):
    def setUp(self):
        super().setUp()
        run = self.folder / "run"
        run.mkdir(mode=0o700)
        self.env["XDG_RUNTIME_DIR"] = str(run)
        self.configure(more="cache = true")

    def test_what_the_second_minted_is_served_without_a_device(self):
        self.misbehave(LOST)
        minted = self.mints_with("b")
        self.forget_calls()
        again = json.loads(self.succeed("credential-process", *self.flags()))
        self.assertEqual(again, minted)
        self.assertEqual(misbehaving.calls(self.log), [])
        self.assertEqual(token.calls(self.spy), [])
        self.assertEqual(self.used()[-1:], ["b"])

    def test_a_renewed_certificate_of_the_second_counts(self):
        first = self.mints_with("a")
        leaf = self.root.issue(self.original.public_key(token="b"), "b2")
        self.write("b.pem", pki.pem(leaf))
        self.assertNotEqual(self.mints_with("a"), first)

    def test_an_absent_certificate_of_the_second_does_no_harm(self):
        (self.folder / "b.pem").unlink()
        self.mints_with("a")


@expand
class Doctor(MintOnceTest):
    """Its status is that of a mint."""

    def doctor(self, *flags, role="web"):
        """Returns the checks, and the identities of those that have a verdict."""
        run = self.run_program("doctor", *self.flags(*flags), "--json")
        self.assertEqual(run.stderr, "", str(run))
        report = json.loads(run.stdout)
        minted = self.run_program("credential-process", *self.flags("--role", role))
        self.assertEqual(run.status, minted.status, f"{run}\n{minted}")
        return report["checks"]

    @staticmethod
    def identities(checks, verdict):
        found = {tuple(one.get("identities", ())) for one in checks if one["verdict"] == verdict}
        return sorted(name for names in found for name in names)

    @staticmethod
    def choice(checks):
        return [(one["verdict"], one["text"]) for one in checks if one["subject"] == "identity"]

    def test_all_is_well(self):
        checks = self.doctor("--login")
        self.assertEqual(self.identities(checks, "fail"), [])
        self.assertEqual(
            self.choice(checks), [("ok", "a mint uses hsm-a; if its device is lost, hsm-b")]
        )
        names = {tuple(one["identities"]) for one in checks if one["subject"] == "signature"}
        self.assertEqual(names, {("hsm-a",), ("hsm-b",)})

    @each(token=LOST, module="initialize=CKR_DEVICE_ERROR", crash="abort=C_GetSlotList")
    def test_the_first_is_lost(self, fault):
        self.misbehave(fault)
        checks = self.doctor()
        self.assertNotIn("fail", [one["verdict"] for one in checks])
        self.assertIn("hsm-a", self.identities(checks, "warn"))
        self.assertNotIn("hsm-b", self.identities(checks, "warn"))
        self.assertEqual(
            self.choice(checks),
            [("warn", "a mint uses hsm-b, because the device of hsm-a is lost")],
        )

    def test_the_second_mints_while_the_first_is_lost(self):
        self.misbehave(LOST)
        checks = self.doctor("--mint")
        self.assertEqual(self.used()[-2:], ["b", "b"])
        self.assertIn("ok", [one["verdict"] for one in checks if one["subject"] == "mint"])

    def test_the_second_is_lost(self):
        self.take_away("b")
        checks = self.doctor()
        self.assertNotIn("fail", [one["verdict"] for one in checks])
        self.assertIn("hsm-b", self.identities(checks, "warn"))

    def test_both_are_lost(self):
        self.misbehave(LOST)
        self.take_away("b")
        checks = self.doctor()
        self.assertEqual(set(self.identities(checks, "fail")), {"hsm-a", "hsm-b"})
        self.assertEqual(self.choice(checks), [])

    def test_the_pin_of_the_first_is_refused(self):
        self.write("a.pin", WRONG)
        checks = self.doctor("--login")
        self.assertEqual(self.identities(checks, "fail"), ["hsm-a"])

    def test_a_role_with_the_first_alone_fails(self):
        self.misbehave(LOST)
        text = (self.folder / "c.toml").read_text() + '[role.solo]\nidentity = "hsm-a"\n'
        self.write("c.toml", text, 0o644)
        checks = self.doctor(role="solo")
        self.assertIn("hsm-a", self.identities(checks, "fail"))

    def test_a_report_for_people_names_the_identities(self):
        run = self.run_program("doctor", *self.flags())
        self.assertRegex(run.stdout.decode(), r"(?m)^ok    token        hsm-b: 'b' \(SoftHSM")


class ServeTest(SpareTest):
    LIFETIME_SECONDS = 2

    def setUp(self):
        super().setUp()
        self.start_own_service(lifetime=self.LIFETIME_SECONDS)
        self.configure()

    def serve(self, *flags):
        self.manager = Manager(self, self.folder)
        more = ("--port", "0", "--token-file", "token", "--status-port", "0")
        return Server(self, *self.flags(*more, *flags), env=self.manager.env)

    def wait_for(self, name, mints=3):
        """Waits for so many requests in a row that this certificate signed."""
        wait_until(lambda: self.used()[-mints:] == [name] * mints)

    def lines(self, server):
        run = server.end(signal.SIGTERM)
        self.assertEqual(run.status, program.SUCCESS, str(run))
        return [line for line in run.stderr.splitlines() if not line.startswith("hint: ")]

    def assert_lines(self, server, *patterns):
        lines = self.lines(server)
        self.assertEqual(len(lines), len(patterns), lines)
        for line, pattern in zip(lines, patterns):
            self.assertRegex(line, pattern)


LOSS = r"^credmint: warning: role {}: identity hsm-a is lost, and hsm-b is used instead: \S.*no token"
BACK = r"^credmint: role {}: identity hsm-a is back, and used again$"


class Serve(ServeTest):
    def test_it_goes_on_with_the_second_and_back(self):
        server = self.serve()
        self.wait_for("a", 1)
        self.assertEqual(server.metrics().get("spare_identity_in_use", role="web"), 0)
        self.misbehave(LOST)
        self.wait_for("b")
        self.assertEqual(server.health(), (200, "ok\nweb: uses the identity hsm-b\n"))
        self.assertEqual(server.metrics().get("spare_identity_in_use", role="web"), 1)
        self.manager.wait_for_status(lambda status: status.endswith(", with the identity hsm-b"))
        self.assertEqual(server.container("web").status, 200)
        self.misbehave()
        self.wait_for("a")
        wait_until(lambda: server.health() == (200, "ok\n"))
        self.assertEqual(server.metrics().get("spare_identity_in_use", role="web"), 0)
        self.assert_lines(server, LOSS.format("web"), BACK.format("web"))

    def test_the_certificate_is_that_of_the_one_in_use(self):
        leaf = self.root.issue(
            self.original.public_key(token="b"), "b2", not_after=99 * pki.DAY
        )
        self.write("b.pem", pki.pem(leaf))
        self.leaves = {**self.leaves, "b": leaf}
        server = self.serve()
        self.wait_for("a", 1)
        name = "certificate_not_after_timestamp_seconds"
        for faults, used in (((), "a"), ((LOST,), "b")):
            self.misbehave(*faults)
            self.wait_for(used)
            end = self.leaves[used].not_valid_after.replace(tzinfo=datetime.timezone.utc)
            self.assertEqual(server.metrics().get(name, role="web"), end.timestamp())

    def test_it_starts_with_the_second(self):
        self.misbehave(LOST)
        server = self.serve()
        self.wait_for("b")
        self.assert_lines(server, LOSS.format("web"))

    def test_a_refused_pin_of_the_second_does_not_keep_the_first_away(self):
        self.misbehave(LOST)
        self.write("b.pin", WRONG)
        server = self.serve()
        wait_until(lambda: self.logins()[1] > 0)
        time.sleep(3)
        self.assertEqual(self.logins()[1], 1)
        self.misbehave()
        self.wait_for("a")
        self.assert_lines(
            server,
            r"^credmint: role web: identity hsm-b: .*refused the PIN.*; identity hsm-a is lost: ",
            "^credmint: role web: there are new credentials$",
        )
        self.assertEqual(self.logins()[1], 1)

    def test_a_refused_pin_of_the_first_waits_for_sighup(self):
        self.write("a.pin", WRONG)
        server = self.serve()
        wait_until(lambda: server.health()[0] == 503)
        wait_until(lambda: "refused" in server.health()[1])
        time.sleep(2)
        self.assertEqual((self.used(), self.logins()), ([], [1, 0]))
        self.write("a.pin", token.PIN)
        server.process.send_signal(signal.SIGHUP)
        self.wait_for("a", 1)
        self.assertEqual(self.logins()[1], 0)

    def test_a_refused_pin_is_not_sent_again_for_a_spare_on_the_same_token(self):
        """Another role has sent it. Its own first identity, on the second token, is lost."""
        self.take_away("b")
        self.write("a.pin", WRONG)
        twin = self.identity("a", allow_weak_key=True).replace("hsm-a", "twin")
        text = '[role.first]\nidentity = "hsm-a"\n[role.second]\nidentity = ["hsm-b", "twin"]\n'
        self.configure(self.identity("a"), self.identity("b"), twin, text, roles=())
        server = self.serve()
        wait_until(lambda: "first: KeyUnusable (PIN refused" in server.health()[1])
        wait_until(lambda: server.metrics().get("refreshes_total", role="second"))
        time.sleep(3)
        self.assertEqual(self.logins(), [1, 0])
        self.assertEqual(self.used(), [])

    def test_sighup_changes_the_order(self):
        server = self.serve()
        self.wait_for("a", 1)
        self.configure(order='["hsm-b", "hsm-a"]')
        server.process.send_signal(signal.SIGHUP)
        self.wait_for("b")
        self.configure(order='"hsm-a"')
        server.process.send_signal(signal.SIGHUP)
        self.wait_for("a")
        self.assert_lines(server)

    def test_roles_share_the_identities(self):
        self.misbehave(LOST)
        self.configure(roles=("web", "backup"))
        server = self.serve()
        wait_until(lambda: len(self.used()) >= 6)
        self.assertEqual(set(self.used()), {"b"})
        self.assertEqual(self.logins(), [0, 1])
        lines = self.lines(server)
        self.assertEqual(len(lines), 2, lines)
        for role in ("web", "backup"):
            self.assertEqual(len([line for line in lines if f"role {role}: identity" in line]), 1)

    def test_a_first_that_hangs_delays_all_roles_once(self):
        roles = tuple(f"r{number}" for number in range(6))
        self.misbehave("hang=C_GetSlotList")
        self.configure(roles=roles, top="key-timeout = 2")
        began = time.monotonic()
        self.serve()
        wait_until(lambda: len(self.used()) >= len(roles))
        self.assertLess(time.monotonic() - began, 2 * 2.9)


class Update(ServeTest):
    def test_it_goes_on_with_the_second_and_back(self):
        manager = Manager(self, self.folder)
        started = program.start(
            ("update", *self.flags("--profile", "web")), self.folder, {**self.env, **manager.env}
        )
        self.addCleanup(started.process.kill)
        self.wait_for("a", 1)
        self.misbehave(LOST)
        self.wait_for("b")
        manager.wait_for_status(lambda status: status.endswith(", with the identity hsm-b"))
        self.misbehave()
        self.wait_for("a")
        started.process.send_signal(signal.SIGTERM)
        run = started.finish()
        lines = [line for line in run.stderr.splitlines() if not line.startswith("hint: ")]
        self.assertEqual(len(lines), 2, str(run))
        self.assertRegex(lines[0], LOSS.format("web"))
        self.assertRegex(lines[1], BACK.format("web"))


if __name__ == "__main__":
    unittest.main()
