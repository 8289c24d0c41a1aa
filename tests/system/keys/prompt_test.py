#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A secret without a source is read from the terminal, if the program runs in its foreground."""

import json
import os
import signal
import time
import unittest

from support import misbehaving, pki, program, token, tpm
from support.cases import each, expand
from support.system_test import MEMBERS, MintTest, make_folder
from support.terminal import BACKSPACE, CTRL_U, ENTER, IN_THE_BACKGROUND, Terminal

KEY = "pkcs11:token=test;object=web"
PASSPHRASE = "correct horse 3917"
AUTH = "auth-2236"

PIN_PROMPT = "credmint: PIN for token 'test': "
CONTEXT_PROMPT = "credmint: context-specific PIN for token 'test': "
FILE_PROMPT = "credmint: passphrase for web.key: "
REFUSED = "credmint: that PIN was refused\r\n"
REFUSED_ALREADY = "credmint: that PIN was refused already\r\n"


class PromptTest(MintTest):
    def start(self, *arguments, env=None, **more):
        return Terminal(self, arguments, self.folder, {**self.env, **(env or {})}, **more)

    def start_mint(self, *flags, **more):
        return self.start(*self.arguments(*flags), **more)

    def answer(self, terminal, *typed, prompt=PIN_PROMPT):
        """Types the lines, one at each prompt."""
        for line in typed:
            terminal.wait_for(prompt)
            terminal.type(line + ENTER)

    def end_well(self, terminal):
        """The program must succeed and print only its JSON; returns the terminal's output."""
        result = terminal.finish()
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        self.assertEqual(set(json.loads(result.stdout)), MEMBERS)
        return self.end_silently(terminal)

    def end_badly(self, terminal, status, message, hint=None):
        result = terminal.finish()
        self.check_failure(result, status, message, hint)
        for secret in self.secrets:
            self.assertNotIn(secret, result.stderr)
        return self.end_silently(terminal)

    def end_silently(self, terminal):
        """The terminal must echo again and show no secret; returns the terminal's output."""
        self.assertTrue(terminal.echoes(), "the terminal was left without echo")
        shown = terminal.shown.decode()
        for secret in self.secrets:
            self.assertNotIn(secret, shown)
        return shown


class TokenPromptTest(PromptTest):
    """A token behind OpenSC's spy, which logs calls."""

    KEY_FLAGS = ()

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        public_key = cls.original.generate("EC:prime256v1", flags=cls.KEY_FLAGS)
        cls.leaf = cls.root.issue(public_key)

    def setUp(self):
        super().setUp()
        self.token = self.original.copy(self.folder / "t")
        self.log = self.folder / "spy"
        self.env = token.spied(self.token.env, self.log)
        self.pin = self.secret(token.PIN)
        self.write("web.pem", pki.pem(self.leaf))

    def flags(self, *more, uri=KEY):
        key = ("--certificate", "web.pem", "--private-key", uri)
        return (*key, "--pkcs11-lib", token.SPY, *more)

    def logins(self):
        return token.calls(self.log).count("C_Login")

    def start_and_answer(self, *typed, flags=()):
        terminal = self.start_mint(*self.flags(*flags))
        self.answer(terminal, *typed)
        return terminal

    def wrong(self, number):
        return self.secret(f"wrong-pin-{number}")


class TokenNearItsLock(PromptTest):
    """The token's PIN flags are read before each try, and the final try is not used."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.token = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.token.generate("EC:prime256v1"))

    def setUp(self):
        super().setUp()
        self.log = self.folder / "calls"
        self.pin = self.secret(token.PIN)
        self.write("web.pem", pki.pem(self.leaf))

    def start_with(self, *faults, flags=()):
        self.env = misbehaving.environment(self.token.env, *faults, log=self.log)
        key = ("--certificate", "web.pem", "--private-key", KEY)
        return self.start_mint(*key, "--pkcs11-lib", misbehaving.module(), *flags)

    def logins(self):
        return misbehaving.calls(self.log).count("C_Login")

    def test_nobody_is_asked_before_the_final_try(self):
        shown = self.end_badly(
            self.start_with("pin-final-try"), program.KEY, "none is sent", "--allow-final-try"
        )
        self.assertEqual((shown, self.logins()), ("", 0))

    def test_the_final_try_takes_permission(self):
        terminal = self.start_with("pin-final-try", flags=("--allow-final-try",))
        self.answer(terminal, self.pin)
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")

    def test_nobody_is_asked_when_it_is_locked(self):
        shown = self.end_badly(self.start_with("pin-locked"), program.KEY, "PIN is locked")
        self.assertEqual((shown, self.logins()), ("", 0))

    def test_nobody_is_asked_again_after_it_locked(self):
        terminal = self.start_with("login=CKR_PIN_LOCKED")
        self.answer(terminal, self.pin)
        shown = self.end_badly(terminal, program.KEY, "CKR_PIN_LOCKED")
        self.assertEqual((shown, self.logins()), (f"{PIN_PROMPT}\r\n", 1))

    def test_nobody_is_asked_where_the_pin_is_typed_at_the_token(self):
        self.assertEqual(self.end_well(self.start_with("protected-path")), "")


class TokenPin(TokenPromptTest):
    def test_right(self):
        shown = self.end_well(self.start_and_answer(self.pin))
        self.assertEqual(shown, f"{PIN_PROMPT}\r\n")
        self.assertEqual(self.logins(), 1)

    def test_wrong_then_right(self):
        shown = self.end_well(self.start_and_answer(self.wrong(1), self.pin))
        self.assertEqual(shown, f"{PIN_PROMPT}\r\n{REFUSED}{PIN_PROMPT}\r\n")
        self.assertEqual(self.logins(), 2)

    def test_three_wrong(self):
        terminal = self.start_and_answer(*map(self.wrong, range(3)))
        shown = self.end_badly(terminal, program.KEY, "refused the PIN")
        self.assertEqual(shown, f"{PIN_PROMPT}\r\n" + f"{REFUSED}{PIN_PROMPT}\r\n" * 2)
        self.assertEqual(self.logins(), 3)

    def test_a_pin_that_was_refused_is_not_sent_again(self):
        shown = self.end_well(self.start_and_answer(self.wrong(1), self.wrong(1), self.pin))
        prompts = f"{PIN_PROMPT}\r\n{REFUSED}{PIN_PROMPT}\r\n{REFUSED_ALREADY}{PIN_PROMPT}\r\n"
        self.assertEqual(shown, prompts)
        self.assertEqual(self.logins(), 2)

    def test_the_same_wrong_pin_three_times_is_sent_once(self):
        terminal = self.start_and_answer(*[self.wrong(1)] * 3)
        shown = self.end_badly(terminal, program.KEY, "what was typed for token 'test' was refused")
        self.assertEqual(shown.count(PIN_PROMPT), 3)
        self.assertEqual(self.logins(), 1)

    def test_certificate_and_key_on_the_token_need_one_prompt(self):
        self.token.write_certificate(self.leaf)
        terminal = self.start_mint("--certificate", KEY, "--pkcs11-lib", token.SPY)
        self.answer(terminal, self.pin)
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")

    def test_sign_string(self):
        terminal = self.start("sign-string", "--private-key", KEY, "--pkcs11-lib", token.SPY)
        self.answer(terminal, self.pin)
        result = terminal.finish()
        self.assertEqual((result.status, result.stderr), (program.SUCCESS, ""), str(result))
        self.assertRegex(result.stdout, rb'\A"[0-9a-f]{120,}"\Z')
        self.assertEqual(self.end_silently(terminal), f"{PIN_PROMPT}\r\n")

    def test_allow_final_try_asks_too(self):
        terminal = self.start_and_answer(self.pin, flags=("--allow-final-try",))
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")

    def test_read_certificate_data(self):
        uri = "pkcs11:token=test;object=hidden"
        terminal = self.start(
            *("read-certificate-data", "--certificate", uri, "--pkcs11-lib", token.SPY)
        )
        self.answer(terminal, self.pin)
        shown = self.end_badly(terminal, program.CERTIFICATE, "no certificate on token 'test'")
        self.assertEqual(shown, f"{PIN_PROMPT}\r\n")

    def test_stdin_is_left_alone(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        with open(writer, "wb") as end:
            end.write(b"a message")
        terminal = self.start_mint(*self.flags(), stdin=reader)
        self.answer(terminal, self.pin)
        self.end_well(terminal)
        self.assertEqual(os.read(reader, 99), b"a message")


@expand
class Editing(TokenPromptTest):
    @each(
        backspace=f"x{BACKSPACE}{token.PIN[:-1]}yz{BACKSPACE * 2}{token.PIN[-1]}",
        other_backspace=f"x\x08{token.PIN}",
        backspace_at_the_start=f"{BACKSPACE * 3}{token.PIN}",
        backspace_of_a_character_of_two_bytes=f"é{BACKSPACE}{token.PIN}",
        ctrl_u=f"something else{CTRL_U}{token.PIN}",
        ctrl_u_after_an_arrow_key=f"\x1b[A{CTRL_U}{token.PIN}",
        ctrl_u_after_too_much="x" * 300 + CTRL_U + token.PIN,
    )
    def test(self, typed):
        terminal = self.start_mint(*self.flags())
        terminal.wait_for(PIN_PROMPT)
        terminal.type(typed + ENTER)
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")


@expand
class NoAnswer(TokenPromptTest):
    def refuse(self, typed, message):
        terminal = self.start_mint(*self.flags())
        terminal.wait_for(PIN_PROMPT)
        terminal.type(typed)
        shown = self.end_badly(terminal, program.KEY, message)
        self.assertEqual(shown, f"{PIN_PROMPT}\r\n")
        self.assertEqual(self.logins(), 0)

    @each(ctrl_c="\x03", ctrl_d="\x04", ctrl_backslash="\x1c", in_the_midst="12\x03")
    def test_cancelled(self, typed):
        self.refuse(typed, "cancelled at the terminal")

    def test_cancelled_after_a_wrong_one(self):
        terminal = self.start_and_answer(self.wrong(1))
        terminal.wait_for(PIN_PROMPT)
        terminal.type("\x03")
        self.end_badly(terminal, program.KEY, "cancelled at the terminal")
        self.assertEqual(self.logins(), 1)

    def test_too_long(self):
        self.refuse("x" * 256 + ENTER, "longer than 255 bytes")

    @each(arrow="12\x1b[A" + ENTER, nul="12\x0034" + ENTER)
    def test_with_control_characters(self, typed):
        self.refuse(typed, "holds control characters")


@expand
class Signals(TokenPromptTest):
    SIGNALS = {name: getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")}

    @each(**SIGNALS)
    def test_ends_it_by(self, number):
        terminal = self.start_mint(*self.flags())
        terminal.wait_for(PIN_PROMPT)
        self.assertFalse(terminal.echoes())
        terminal.process.send_signal(number)
        result = terminal.finish()
        self.assertEqual((result.status, result.stdout, result.stderr), (-number, b"", ""))
        self.assertEqual(self.end_silently(terminal), f"{PIN_PROMPT}\r\n")

    @each(**SIGNALS)
    def test_ignored_does_not_end_it(self, number):
        terminal = self.start_mint(
            *self.flags(), preexec=lambda: signal.signal(number, signal.SIG_IGN)
        )
        terminal.wait_for(PIN_PROMPT)
        terminal.process.send_signal(number)
        self.answer(terminal, self.pin)
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")


class HangUp(TokenPromptTest):
    def hang_up(self, **more):
        """Runs a program whose terminal is closed; returns its Run."""
        terminal = self.start_mint(*self.flags(), **more)
        terminal.wait_for(PIN_PROMPT)
        terminal.hang_up()
        hung_up = time.monotonic()
        result = terminal.finish()
        self.assertLess(time.monotonic() - hung_up, 1)
        self.assertEqual(self.logins(), 0)
        return result

    def test_ends_it(self):
        result = self.hang_up()
        self.assertEqual((result.status, result.stdout), (-signal.SIGHUP, b""), str(result))

    def test_ends_it_even_under_nohup(self):
        result = self.hang_up(preexec=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.check_failure(result, program.KEY, "the terminal hung up")


class NoPrompt(TokenPromptTest):
    def refuse_at_once(self, result):
        self.check_failure(result, program.KEY, "token 'test' needs a PIN", "--passin")
        self.assertLess(result.seconds, 5)
        self.assertEqual(self.logins(), 0)

    def test_without_a_terminal(self):
        self.refuse_at_once(self.run_program(*self.arguments(*self.flags())))

    def test_in_the_background(self):
        terminal = self.start_mint(*self.flags(), wrapper=IN_THE_BACKGROUND)
        self.refuse_at_once(terminal.finish())
        self.assertEqual(terminal.shown, b"")

    def test_with_passin(self):
        terminal = self.start_mint(*self.flags("--passin", f"pass:{self.pin}"))
        self.assertEqual(self.end_well(terminal), "")

    def test_with_a_wrong_passin(self):
        terminal = self.start_mint(*self.flags("--passin", f"pass:{self.wrong(1)}"))
        self.assertEqual(self.end_badly(terminal, program.KEY, "refused the PIN"), "")
        self.assertEqual(self.logins(), 1)

    def test_with_a_passin_that_holds_nothing(self):
        terminal = self.start_mint(*self.flags("--passin", "env:PIN"))
        self.assertEqual(self.end_badly(terminal, program.KEY, "PIN is not set"), "")

    def test_with_a_wrong_pin_in_the_uri(self):
        uri = f"{KEY}?pin-value={self.wrong(1)}"
        terminal = self.start_mint(*self.flags(uri=uri))
        self.assertEqual(self.end_badly(terminal, program.KEY, "refused the PIN"), "")
        self.assertEqual(self.logins(), 1)

    def test_for_a_token_that_is_not_there(self):
        terminal = self.start_mint(*self.flags(uri="pkcs11:token=absent;object=web"))
        self.assertEqual(self.end_badly(terminal, program.KEY, "no token"), "")


class ContextPin(TokenPromptTest):
    """A key that requires the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)."""

    KEY_FLAGS = ("--always-auth",)

    def test_reuse_pin_asks_once(self):
        terminal = self.start_and_answer(self.pin, flags=("--reuse-pin",))
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")

    def test_reuse_pin_takes_the_pin_that_was_accepted(self):
        terminal = self.start_and_answer(self.wrong(1), self.pin, flags=("--reuse-pin",))
        self.end_well(terminal)
        self.assertEqual(self.logins(), 3)

    def test_it_is_asked_for_by_itself(self):
        terminal = self.start_and_answer(self.pin)
        self.answer(terminal, self.pin, prompt=CONTEXT_PROMPT)
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n{CONTEXT_PROMPT}\r\n")

    def test_it_is_asked_for_beside_passin(self):
        terminal = self.start_mint(*self.flags("--passin", f"pass:{self.pin}"))
        self.answer(terminal, self.pin, prompt=CONTEXT_PROMPT)
        self.assertEqual(self.end_well(terminal), f"{CONTEXT_PROMPT}\r\n")

    def test_it_is_not_asked_for_beside_context_passin(self):
        terminal = self.start_and_answer(
            self.pin, flags=("--context-passin", f"pass:{self.pin}")
        )
        self.assertEqual(self.end_well(terminal), f"{PIN_PROMPT}\r\n")

    def test_a_wrong_one_is_asked_for_once(self):
        terminal = self.start_and_answer(self.pin)
        self.answer(terminal, self.wrong(1), prompt=CONTEXT_PROMPT)
        shown = self.end_badly(terminal, program.KEY, "PIN")
        self.assertEqual(shown, f"{PIN_PROMPT}\r\n{CONTEXT_PROMPT}\r\n")


class KeyFile(PromptTest):
    def setUp(self):
        super().setUp()
        key = pki.make_key()
        self.write("web.pem", pki.pem(self.root.issue(key.public_key())))
        self.write("web.key", pki.encrypted_pkcs8_pem(key, self.secret(PASSPHRASE)))
        self.flags = ("--certificate", "web.pem", "--private-key", "web.key")

    def test_third_passphrase_opens_it(self):
        terminal = self.start_mint(*self.flags)
        self.answer(terminal, "a", "b", PASSPHRASE, prompt=FILE_PROMPT)
        again = f"credmint: that passphrase was refused\r\n{FILE_PROMPT}\r\n"
        self.assertEqual(self.end_well(terminal), f"{FILE_PROMPT}\r\n" + again * 2)

    def test_three_wrong_ones_are_the_end(self):
        terminal = self.start_mint(*self.flags)
        self.answer(terminal, "a", "b", "c", prompt=FILE_PROMPT)
        shown = self.end_badly(terminal, program.KEY, "web.key: it cannot be decrypted")
        self.assertEqual(shown.count(FILE_PROMPT), 3)


class TpmKey(PromptTest):
    """A TPM locks all of its keys after a few wrong tries."""

    PROMPT = "credmint: auth value for web.key: "

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.key, public_key = cls.tpm.make_key_file(tpm.EC_P256, f"user-auth:{AUTH}")
        cls.leaf = cls.root.issue(public_key)

    def setUp(self):
        super().setUp()
        self.secret(AUTH)
        self.env = self.tpm.env
        self.write("web.pem", pki.pem(self.leaf))
        self.write("web.key", self.key)
        self.flags = ("--certificate", "web.pem", "--private-key", "web.key")

    def start_and_answer(self, typed):
        terminal = self.start_mint(*self.flags)
        terminal.wait_for(": ")
        terminal.type(typed + ENTER)
        return terminal

    def test_right(self):
        self.end_well(self.start_and_answer(AUTH))

    def test_a_wrong_one_is_asked_for_once(self):
        before = self.tpm.wrong_tries()
        terminal = self.start_and_answer(self.secret("wrong-auth"))
        shown = self.end_badly(terminal, program.KEY, "refused the auth value")
        self.assertEqual(shown.count("auth value for "), 1)
        self.assertEqual(self.tpm.wrong_tries(), before + 1)


class TpmHandle(PromptTest):
    """A TPM does not reveal whether a persistent key has an auth value, but counts wrong ones."""

    KEYS = {"with": "0x81000001", "without": "0x81000002", "noda": "0x81000003"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        noda = tpm.SIGNING + "|noda"
        made = {
            "with": cls.tpm.make_persistent(cls.KEYS["with"], auth=AUTH),
            "without": cls.tpm.make_persistent(cls.KEYS["without"]),
            "noda": cls.tpm.make_persistent(cls.KEYS["noda"], attributes=noda),
        }
        cls.leaves = {name: cls.root.issue(key) for name, key in made.items()}

    def setUp(self):
        super().setUp()
        self.secret(AUTH)
        self.env = self.tpm.env
        self.tries_before = self.tpm.wrong_tries()

    def flags(self, name):
        self.write("web.pem", pki.pem(self.leaves[name]))
        return ("--certificate", "web.pem", "--private-key", f"handle:{self.KEYS[name]}")

    def start_and_answer(self, name, typed, *flags):
        terminal = self.start_mint(*self.flags(name), *flags)
        terminal.wait_for(" (Enter if it has none): ")
        terminal.type(typed + ENTER)
        return terminal

    def assert_tries(self, more):
        self.assertEqual(self.tpm.wrong_tries(), self.tries_before + more)

    def test_is_asked_for_before_an_empty_one_costs_a_try(self):
        shown = self.end_well(self.start_and_answer("with", AUTH))
        self.assertEqual(shown.count("auth value for "), 1)
        self.assert_tries(0)

    def test_enter_says_that_there_is_none(self):
        self.end_well(self.start_and_answer("without", ""))
        self.assert_tries(0)

    def test_a_wrong_one_is_asked_for_once(self):
        terminal = self.start_and_answer("with", self.secret("wrong-auth"))
        shown = self.end_badly(terminal, program.KEY, "refused the auth value")
        self.assertEqual(shown.count("auth value for "), 1)
        self.assert_tries(1)

    def test_a_cancelled_prompt_costs_no_try(self):
        terminal = self.start_mint(*self.flags("with"))
        terminal.wait_for(": ")
        terminal.type("\x03")
        self.end_badly(terminal, program.KEY, "cancelled at the terminal")
        self.assert_tries(0)

    def test_nobody_is_asked_where_wrong_ones_are_not_counted(self):
        self.assertEqual(self.end_well(self.start_mint(*self.flags("noda"))), "")

    def test_nobody_is_asked_who_says_that_there_is_none(self):
        terminal = self.start_mint(*self.flags("without"), "--no-tpm-key-password")
        self.assertEqual(self.end_well(terminal), "")

    def test_nobody_is_asked_where_an_option_gives_it(self):
        terminal = self.start_mint(*self.flags("with"), "--passin", f"pass:{AUTH}")
        self.assertEqual(self.end_well(terminal), "")

    def test_without_a_terminal_the_empty_one_is_used(self):
        self.mint(*self.flags("without"))


if __name__ == "__main__":
    unittest.main()
