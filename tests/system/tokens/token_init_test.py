#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""token init makes a token of a free slot, judged by pkcs11-tool."""

import re
import unittest

from support import misbehaving, program, token
from support.cases import each, expand
from support.processes import run_tool
from support.system_test import SystemTest
from support.terminal import ENTER, Terminal

URI = "pkcs11:token=new"
USER_PIN = "new-user-1234"
SO_PIN = "new-officer-5678"


class TokenTest(SystemTest):
    def setUp(self):
        super().setUp()
        token.need_softhsm()
        program.need_back_end("pkcs11")
        (self.folder / "objects").mkdir()
        self.write("softhsm2.conf", f"directories.tokendir = {self.folder}/objects\n")
        self.plain = {"SOFTHSM2_CONF": str(self.folder / "softhsm2.conf")}
        self.env = self.plain
        self.write("pin", self.secret(USER_PIN))
        self.write("so-pin", self.secret(SO_PIN))
        self.sources = ("--so-passin", "file:so-pin", "--passin", "file:pin")
        self.module = ("--pkcs11-lib", token.MODULE)

    def misbehave(self, *faults):
        log = self.folder / "calls"
        log.unlink(missing_ok=True)
        self.env = misbehaving.environment(self.plain, *faults, log=log)
        self.module = ("--pkcs11-lib", misbehaving.module(), "--key-paths", str(log))
        return log

    def init(self, uri=URI):
        return self.succeed("token", "init", uri, *self.sources, *self.module).decode().strip()

    def refuse(self, status, message, uri=URI, hint=None):
        arguments = ("token", "init", uri, *self.sources, *self.module)
        return self.fail_with(status, message, *arguments, hint=hint)

    def pkcs11_tool(self, *arguments):
        return run_tool(
            token.PKCS11_TOOL, "--module", token.MODULE, *arguments, env=self.plain
        ).decode()

    def labels(self):
        """The labels of the initialised tokens."""
        return re.findall(r"token label +: (.*\S)", self.pkcs11_tool("--list-slots"))


@expand
class Init(TokenTest):
    def test_both_pins_are_those_that_were_given(self):
        printed = self.init()
        self.assertRegex(printed, r"\Apkcs11:.*serial=[0-9a-f]+;token=new\?module-path=")
        self.assertEqual(self.labels(), ["new"])
        shown = self.pkcs11_tool("--list-slots")
        self.assertRegex(shown, "token flags +:.* token initialized, PIN initialized")
        login = ("--token-label", "new", "--login")
        self.pkcs11_tool(*login, "--pin", USER_PIN, "--list-objects")
        self.pkcs11_tool(
            *(*login, "--login-type", "so", "--so-pin", SO_PIN),
            *("--init-pin", "--new-pin", USER_PIN),
        )

    def test_the_printed_uri_names_the_token(self):
        printed = self.init()
        self.init("pkcs11:token=second")
        listed = self.succeed("list", printed, "--passin", "file:pin").decode()
        self.assertIn("token 'new'", listed)
        self.assertNotIn("token 'second'", listed)

    def test_each_pin_goes_out_once(self):
        log = self.misbehave()
        self.init()
        calls = misbehaving.calls(log)
        for function in ("C_InitToken", "C_Login", "C_InitPIN"):
            self.assertEqual(calls.count(function), 1, function)

    def test_a_label_of_any_letters(self):
        self.init("pkcs11:token=B%C3%A4cker%20%26%20Co")
        self.assertEqual(self.labels(), ["Bäcker & Co"])

    def test_a_label_of_32_bytes(self):
        self.init("pkcs11:token=" + "x" * 32)
        self.assertEqual(self.labels(), ["x" * 32])

    def test_without_a_key_process(self):
        self.module += ("--no-key-process",)
        self.init()
        self.assertEqual(self.labels(), ["new"])

    def test_slot_by_number(self):
        ((number,),) = [re.findall(r"\(0x([0-9a-f]+)\)", self.pkcs11_tool("--list-slots"))]
        self.refuse(program.KEY, "no free slot", f"{URI};slot-id={int(number, 16) + 1}")
        self.init(f"{URI};slot-id={int(number, 16)}")

    def test_typed_at_the_terminal(self):
        arguments = ("token", "init", URI, *self.module)
        person = Terminal(self, arguments, self.folder, self.env)
        for pin, who in ((SO_PIN, "security officer"), (USER_PIN, "user")):
            for again in ("", ", again"):
                person.wait_for(f"PIN for the {who} of the new token{again}: ")
                person.type(pin + ENTER)
        self.assertEqual(person.finish().status, program.SUCCESS)
        self.assertNotIn(SO_PIN.encode(), person.shown)
        self.pkcs11_tool("--token-label", "new", "--login", "--pin", USER_PIN, "--list-objects")

    def test_typed_differently(self):
        person = Terminal(self, ("token", "init", URI, *self.module), self.folder, self.env)
        person.wait_for("new token: ")
        person.type(SO_PIN + ENTER)
        person.wait_for("again: ")
        person.type(SO_PIN + "x" + ENTER)
        run = person.finish()
        self.assertEqual(run.status, program.USAGE)
        self.assertIn("the two PINs that were typed differ", run.stderr)
        self.assertEqual(self.labels(), [])


@expand
class Refusals(TokenTest):
    def test_an_initialised_token_is_never_touched(self):
        self.init()
        self.pkcs11_tool(
            *("--token-label", "new", "--login", "--pin", USER_PIN, "--keypairgen"),
            *("--key-type", "EC:prime256v1", "--label", "web", "--id", "01"),
        )
        log = self.misbehave()
        self.refuse(program.USAGE, "there is a token 'new' already", hint="not touched")
        self.assertNotIn("C_InitToken", misbehaving.calls(log))
        self.assertNotIn("C_Login", misbehaving.calls(log))
        shown = self.pkcs11_tool(*"--token-label new --login -O --pin".split(), USER_PIN)
        self.assertIn("Private Key Object", shown)

    @each(
        no_label=("pkcs11:", "gives the token no label"),
        an_object=("pkcs11:token=new;object=web", "names an object"),
        a_key=("pkcs11:token=new;type=private", "names an object"),
        too_long=("pkcs11:token=" + "x" * 33, "too long"),
        a_file=("web.pem", "is not in a device"),
        a_tpm=("handle:0x81000001", "the TPM cannot be changed in this way"),
    )
    def test_uri(self, case):
        uri, message = case
        if uri.startswith("handle:"):
            program.need_back_end("handle")
        result = self.run_program("token", "init", uri, *self.sources, *self.module)
        self.assertIn(result.status, (program.USAGE, program.KEY))
        self.check_failure(result, result.status, message)
        self.assertEqual(self.labels(), [])

    def test_a_serial_that_no_free_token_has(self):
        self.refuse(program.KEY, "no free slot that the URI means", f"{URI};serial=1234")

    @each(
        short=("pin", "1", "the user PIN is too short or too long: the token wants 4 to 255"),
        long=("so-pin", "1" * 256, "the SO PIN is too short or too long"),
        empty=("pin", "", "the PIN is empty"),
    )
    def test_pin(self, case):
        name, text, message = case
        self.write(name, text + "\n")
        self.refuse(program.USAGE, message)
        self.assertEqual(self.labels(), [])

    def test_pins_that_nobody_gives(self):
        self.sources = ("--passin", "file:pin")
        self.refuse(program.KEY, "--so-passin is missing", hint="file:PATH")
        self.sources = ("--so-passin", "file:so-pin")
        self.refuse(program.KEY, "--passin is missing", hint="file:PATH")

    def test_one_source_for_both(self):
        self.sources = ("--so-passin", "file:pin", "--passin", "file:pin")
        self.refuse(program.USAGE, "--so-passin and --passin name the same source")

    @each(unreadable="file:absent", no_source="1234-5678")
    def test_a_bad_source(self, source):
        self.sources = ("--so-passin", self.secret(source), "--passin", "file:pin")
        result = self.run_program("token", "init", URI, *self.sources, *self.module)
        self.assertIn("credmint: --so-passin: ", result.stderr)
        self.assertEqual(self.labels(), [])


@expand
class Faults(TokenTest):
    """Tokens that have a secret of their maker, and such as fail half-way."""

    @each(
        wrong=("CKR_PIN_INCORRECT", "the token refused the SO PIN", "sent once"),
        locked=("CKR_PIN_LOCKED", "the token's SO PIN is locked", None),
    )
    def test_the_so_pin_is_tried_once(self, case):
        code, message, hint = case
        log = self.misbehave(f"C_InitToken={code}")
        self.refuse(program.KEY, message, hint=hint)
        calls = misbehaving.calls(log)
        self.assertEqual((calls.count("C_InitToken"), calls.count("C_Login")), (1, 0))

    def test_no_so_pin_is_sent_if_it_could_lock_the_token(self):
        log = self.misbehave("so-pin-final-try")
        self.refuse(program.KEY, "one more wrong SO PIN would lock", hint="--allow-final-try")
        self.assertNotIn("C_InitToken", misbehaving.calls(log))
        self.sources += ("--allow-final-try",)
        self.init()

    def test_a_token_that_another_process_initialised_meanwhile_is_not_cleared(self):
        log = self.misbehave("initialised-meanwhile")
        self.refuse(program.USAGE, "another process has initialised the token meanwhile")
        self.assertNotIn("C_InitToken", misbehaving.calls(log))

    def test_the_login_of_the_officer_is_tried_once(self):
        log = self.misbehave("C_Login=CKR_PIN_INCORRECT")
        self.refuse(program.KEY, "refused the SO PIN")
        self.assertEqual(misbehaving.calls(log).count("C_Login"), 1)

    def test_a_refused_user_pin(self):
        self.misbehave("C_InitPIN=CKR_PIN_INVALID")
        self.refuse(program.KEY, "the token is there now, without a user PIN")
        self.refuse(program.USAGE, "there is a token 'new' already, which has no user PIN")

    def test_a_module_that_dies_half_way(self):
        self.misbehave("abort=C_InitPIN")
        self.refuse(program.KEY, "")
        self.env, self.module = self.plain, ("--pkcs11-lib", token.MODULE)
        self.refuse(
            *(program.USAGE, "there is a token 'new' already, which has no user PIN"),
            hint="pkcs11-tool --init-pin",
        )
        self.pkcs11_tool(  # what the hint says
            *("--token-label", "new", "--login", "--login-type", "so", "--so-pin", SO_PIN),
            *("--init-pin", "--new-pin", USER_PIN),
        )
        self.pkcs11_tool("--token-label", "new", "--login", "--pin", USER_PIN, "--list-objects")

    def test_no_free_slot(self):
        self.misbehave("token-removed")
        self.refuse(program.KEY, "no free slot")


if __name__ == "__main__":
    unittest.main()
