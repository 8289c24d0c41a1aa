#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A TPM that refuses commands, is busy, is reset or disconnects.

The message names the fault, a refused command is not repeated, and nothing is left loaded.
"""

import os
import re
import struct
import unittest

from support import pki, processes, program, tpm
from support.cases import each, expand
from support.system_test import MintTest, make_folder
from support.tpm_proxy import TpmProxy, receive

HANDLE = "0x81000001"
KEY = f"handle:{HANDLE}"
KEY_WITH_AUTH = "handle:0x81000002?pass"
KEY_WITH_UNCOUNTED_AUTH = "handle:0x81000003?pass"
AUTH = "auth-27182818"
WRONG = "wrong-31415926"
RESOURCE_MANAGER = r"device:/dev/tpmrm0 or tabrmd"

# tpm2-tss itself repeats a command that gets one of these response codes.
RETRY = 0x922
RESENT = {"retry": RETRY, "yielded": 0x908, "testing": 0x90A}
SENDS_OF_THE_TSS = 5
WAITS = 4


class FaultyTpmTest(MintTest):
    """A TPM with three persistent keys and two key files. The program uses it through a proxy."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        keys = {
            KEY: cls.tpm.make_persistent(HANDLE),
            KEY_WITH_AUTH: cls.tpm.make_persistent("0x81000002", auth=AUTH),
            KEY_WITH_UNCOUNTED_AUTH: cls.tpm.make_persistent(
                "0x81000003", auth=AUTH, attributes=tpm.SIGNING + "|noda"
            ),
        }
        cls.files = {}
        for name, options in (("open.tss2", ()), ("auth.tss2", (f"user-auth:{AUTH}",))):
            cls.files[name], keys[name] = cls.tpm.make_key_file(tpm.EC_P256, *options)
        cls.leaves = {key: pki.pem(cls.root.issue(public)) for key, public in keys.items()}

    def setUp(self):
        super().setUp()
        self.tpm.set_lockout(32)
        self.tpm.tool("dictionarylockout", "-c")
        self.proxy = TpmProxy(self, self.tpm, self.folder / "p")
        self.env = self.proxy.env
        self.secret(AUTH)
        self.secret(WRONG)
        for name, contents in self.files.items():
            self.write(name, contents)

    def flags(self, key, auth=None):
        self.write("web.pem", self.leaves[key])
        passin = ("--passin", f"pass:{auth}") if auth else ()
        return ("--certificate", "web.pem", "--private-key", key, *passin)

    def signatures_tried(self):
        """The number of Sign commands, without those that got TPM_RC_RETRY."""
        return len([code for code in self.proxy.response_codes("Sign") if code != RETRY])

    def mint_with(self, key, auth=None):
        self.mint(*self.flags(key, auth))
        self.assertEqual(self.tpm.loaded(), [])

    def refuse(self, message, key=KEY, auth=None, hint=None):
        self.mint_fails_locally(program.KEY, message, *self.flags(key, auth), hint=hint)
        self.assertEqual(self.tpm.loaded(), [])


@expand
class NoSlot(FaultyTpmTest):
    CODES = {
        "objects": (0x902, "the TPM has no free object slot"),
        "memory": (0x904, "the TPM has no free object slot"),
        "through a resource manager": (0xC0902, "the TPM has no free object slot"),
        "sessions": (0x903, "the TPM has no free session slot"),
        "session handles": (0x905, "the TPM has no free session slot"),
    }

    @each(**CODES)
    def test_waits_and_then_explains(self, case):
        code, message = case
        self.proxy.answer("Load", code)
        self.refuse(message, "open.tss2", hint=RESOURCE_MANAGER)
        self.assertEqual(self.proxy.count("Load"), 1 + WAITS)

    def test_one_becomes_free_in_time(self):
        self.proxy.answer("Load", 0x902, times=WAITS)
        self.mint_with("open.tss2")
        self.assertEqual(self.proxy.count("Load"), 1 + WAITS)

    def test_for_a_persistent_key(self):
        self.proxy.answer("Sign", 0x902)
        self.refuse("the TPM has no free object slot", hint=RESOURCE_MANAGER)
        self.assertEqual(self.proxy.count("Sign"), 1 + WAITS)

    def test_for_the_session(self):
        self.proxy.answer("StartAuthSession", 0x903)
        self.refuse("the TPM has no free session slot", KEY_WITH_AUTH, AUTH, hint=RESOURCE_MANAGER)

    def test_held_by_others(self):
        """This needs no rule of the proxy, because the TPM has only three slots."""
        context = self.tpm.folder / "other"
        for _ in range(3):
            self.tpm.tool("createprimary", "-Q", "-G", "ecc", "-c", context)
        self.addCleanup(self.tpm.tool, "flushcontext", "-t")
        self.mint_fails_locally(
            *(program.KEY, "the TPM has no free object slot", *self.flags("open.tss2")),
            hint=RESOURCE_MANAGER,
        )
        self.assertEqual(len(self.tpm.loaded()), 3)


@expand
class Busy(FaultyTpmTest):
    @each(**RESENT)
    def test_the_tss_sends_again(self, code):
        self.proxy.answer("Sign", code, times=SENDS_OF_THE_TSS - 1)
        self.mint_with(KEY)
        self.assertEqual(self.proxy.count("Sign"), SENDS_OF_THE_TSS)

    @each(**RESENT)
    def test_for_longer_than_the_tss_tries(self, code):
        self.proxy.answer("Sign", code, times=WAITS * SENDS_OF_THE_TSS)
        self.mint_with(KEY)

    @each(**RESENT, cancelled=0x909, nv_rate=0x920, nv_unavailable=0x923, by_manager=0xC0922)
    def test_for_good(self, code):
        self.proxy.answer("Sign", code)
        self.refuse("the TPM is busy and does not begin a command", hint="try again")
        sends = SENDS_OF_THE_TSS if code in RESENT.values() else 1
        self.assertEqual(self.proxy.count("Sign"), sends * (1 + WAITS))

    @each(cancelled=0x909, nv_rate=0x920, nv_unavailable=0x923)
    def test_for_a_moment(self, code):
        self.proxy.answer("Sign", code, times=1)
        self.mint_with(KEY)


@expand
class RefusedAuthValues(FaultyTpmTest):
    """The proxy counts commands: a refused auth value is not sent a second time."""

    def refuse_once(self, message, key, auth=None, hint=None):
        self.refuse(message, key, auth, hint)
        self.assertEqual(self.signatures_tried(), 1, self.proxy.response_codes("Sign"))

    @each("auth.tss2", KEY_WITH_AUTH)
    def test_counted(self, key):
        self.refuse_once("the TPM refused the auth value (31 more wrong tries lock it)", key, WRONG)
        self.assertEqual(self.tpm.wrong_tries(), 1)
        self.assertEqual(self.proxy.count("GetCapability"), 1)

    def test_the_last_but_one(self):
        self.tpm.set_lockout(2)
        self.refuse_once("(1 more wrong try locks it)", KEY_WITH_AUTH, WRONG)

    def test_the_last(self):
        self.tpm.set_lockout(1)
        self.refuse_once("(that was the last try, it is locked now)", KEY_WITH_AUTH, WRONG)

    def test_the_count_cannot_be_read(self):
        self.proxy.answer("GetCapability", 0x12F)
        self.refuse_once("refused the auth value (it counts wrong tries)", "auth.tss2", WRONG)

    def test_the_count_is_something_else(self):
        self.proxy.answer("GetCapability", 0, bytes.fromhex("00 00000006 00000000"))
        self.refuse_once("refused the auth value (it counts wrong tries)", "auth.tss2", WRONG)

    def test_uncounted(self):
        message = re.compile("the TPM refused the auth value$")
        self.refuse_once(message, KEY_WITH_UNCOUNTED_AUTH, WRONG)
        self.assertEqual((self.tpm.wrong_tries(), self.proxy.count("GetCapability")), (0, 0))

    def test_none_given(self):
        key = KEY_WITH_AUTH.removesuffix("?pass")
        self.leaves[key] = self.leaves[KEY_WITH_AUTH]
        self.refuse_once("has an auth value and none was given", key, hint="31 more wrong tries")

    def test_the_right_one_costs_no_question(self):
        self.mint_with("auth.tss2", AUTH)
        self.assertEqual(self.proxy.count("GetCapability"), 0)
        self.assertFalse(self.proxy.saw(AUTH.encode()))

    @each(right=(KEY_WITH_AUTH, AUTH), wrong=(KEY_WITH_AUTH, WRONG), empty=(KEY, None))
    def test_lockout(self, case):
        self.tpm.set_lockout(1)
        self.refuse("that was the last try", KEY_WITH_AUTH, WRONG)
        self.proxy.commands.clear()
        self.refuse(
            "the TPM is in dictionary-attack lockout (1 wrong tries, 1 are allowed)",
            *case,
            hint=re.compile("one try every 1000 seconds.*tpm2_dictionarylockout -c.*losses of power"),
        )
        self.assertEqual(self.signatures_tried(), 1)


@expand
class States(FaultyTpmTest):
    """States that the TPM reports. No command is sent twice."""

    CODES = {
        "not started": (0x100, "the TPM is not started", "tpm2_startup -c"),
        "failure mode": (0x101, "the TPM is in failure mode", "power cycle .*tpm2_gettestresult"),
        "disabled": (0x120, "the TPM has this command disabled", None),
        "upgrade": (0x12D, "in the midst of a firmware upgrade", "finish the upgrade"),
        "reboot": (0x130, "the TPM must be reset", "restart the machine"),
        "unknown command": (0x143, "the TPM does not know this command", None),
        "locality": (0x907, "does not allow this from the locality in use", "another locality"),
        "through a resource manager": (0xC0101, "the TPM is in failure mode", "power cycle"),
        "other": (0x12E, "(0x12e)", None),
    }

    @each(**CODES)
    def test_at_sign(self, case):
        code, message, hint = case
        self.proxy.answer("Sign", code)
        self.refuse(message, "open.tss2", hint=hint and re.compile(hint))
        self.assertEqual(self.proxy.count("Sign"), 1)

    @each(**CODES)
    def test_from_the_first_command_on(self, case):
        code, message, hint = case
        for name in ("CreatePrimary", "ReadPublic"):
            self.proxy.answer(name, code)
        self.refuse(message, "open.tss2", hint=hint and re.compile(hint))
        self.refuse(message, KEY, hint=hint and re.compile(hint))

    def test_a_disabled_hierarchy_is_named(self):
        """The owner hierarchy of the TPM is really disabled for this test."""
        self.tpm.tool("hierarchycontrol", "-C", "o", "shEnable", "clear")
        self.addCleanup(self.tpm.tool, "hierarchycontrol", "-C", "p", "shEnable", "set")
        self.refuse("the owner hierarchy is disabled", "open.tss2", hint="tpm2_hierarchycontrol")

    def test_an_answer_to_another_question(self):
        """The TPM returns handles instead of properties, and more than there can be properties."""
        handles = struct.pack(">BII", 0, 1, 254) + struct.pack(">I", 0x40000001) * 254
        self.proxy.answer("GetCapability", 0, handles)
        result = self.run_program("list", "--tpm")
        self.check_failure(result, program.KEY, "asking the TPM what it is", None)

    def test_not_started(self):
        """The TPM has really been powered up and waits for TPM2_Startup."""
        self.proxy.before("CreatePrimary", lambda _server: self.tpm.power_cycle())
        flags = self.flags("open.tss2")
        self.mint_fails_locally(program.KEY, "not started", *flags, hint="tpm2_startup -c")
        self.tpm.tool("startup", "-c")


class Resets(FaultyTpmTest):
    """After a reset the loaded objects are gone. They are loaded again, once."""

    def power_cycle(self, server):
        self.tpm.power_cycle()
        server.sendall(struct.pack(">HIIH", 0x8001, 12, 0x144, 0))  # TPM2_Startup(CLEAR)
        receive(server)

    def test_between_load_and_signature(self):
        self.proxy.before("Sign", self.power_cycle)
        self.mint_with("open.tss2")
        self.assertEqual((self.proxy.count("Load"), self.signatures_tried()), (2, 2))

    def test_between_load_and_signature_with_an_auth_value(self):
        self.proxy.before("Sign", self.power_cycle)
        self.mint_with("auth.tss2", AUTH)
        self.assertEqual(self.proxy.count("Load"), 2)

    def test_of_the_session_of_a_persistent_key(self):
        self.proxy.before("Sign", self.power_cycle)
        self.mint_with(KEY_WITH_AUTH, AUTH)
        # Each time the first session is for the key at the storage root key's handle, which cannot
        # decrypt.
        self.assertEqual(self.proxy.count("StartAuthSession"), 2 * 2)

    def test_another_key_has_taken_the_place_of_a_persistent_one(self):
        handle = "0x81000009"
        public_key = self.tpm.make_persistent(handle, auth=AUTH)
        self.write("web.pem", pki.pem(self.root.issue(public_key)))

        def replace():
            self.tpm.power_cycle()
            self.tpm.tool("startup", "-c")
            self.tpm.tool("evictcontrol", "-Q", "-C", "o", "-c", handle)
            self.tpm.make_persistent(handle, auth=AUTH)

        self.proxy.between("Sign", replace)
        flags = ("--certificate", "web.pem", "--private-key", f"handle:{handle}?pass")
        message = f"another key has taken the place of TPM key {handle}"
        self.mint_fails_locally(program.KEY, message, *flags, "--passin", f"pass:{AUTH}")

    def test_again_after_that(self):
        """The key is loaded again for the signature, and then once more for the whole mint."""
        self.proxy.before("Sign", self.power_cycle, times=4)
        self.refuse(
            "the TPM was reset and no longer holds what was loaded",
            *("open.tss2", None),
            hint="another program flushes objects that are not its own",
        )
        self.assertEqual((self.proxy.count("Load"), self.signatures_tried()), (4, 4))


@expand
class Line(FaultyTpmTest):
    def fail_on_the_line(self, key="open.tss2"):
        """Mints, which must fail with a lost connection. Loaded objects cannot be flushed then."""
        self.mint_fails_locally(
            *(program.KEY, "the connection to the TPM failed", *self.flags(key)),
            hint="run it again",
        )
        self.tpm.tool("flushcontext", "-t")

    @each("CreatePrimary", "Load", "FlushContext", "Sign")
    def test_cut_in_mid_command(self, name):
        self.proxy.cut(name)
        if name != "FlushContext":
            return self.fail_on_the_line()
        result = self.run_program(*self.arguments(*self.flags("open.tss2")))
        self.assertEqual(result.status, program.KEY, str(result))
        self.tpm.tool("flushcontext", "-t")

    @each(nothing=0, half_a_header=5, header=10, half=30)
    def test_cut_in_mid_answer(self, size):
        self.proxy.cut_answer("Sign", size)
        self.fail_on_the_line()

    @each(nothing=0, half_a_header=5, header=10, half=30)
    def test_cut_in_mid_answer_of_a_persistent_key(self, size):
        self.proxy.cut_answer("ReadPublic", size)
        self.fail_on_the_line(KEY)


@expand
class NoConnection(FaultyTpmTest):
    MISSING = "No such file or directory"

    def refuse_at(self, tcti, message, hint, **more):
        flags = (*self.flags(KEY), "--tcti", tcti)
        self.mint_fails_locally(program.KEY, message, *flags, hint=hint, **more)

    def test_no_device(self):
        path = self.folder / "tpmrm0"
        message = f"cannot open the TPM (device:{path}): {self.MISSING}"
        self.refuse_at(f"device:{path}", message, "is there a TPM?")

    def test_the_default_device_is_the_resource_manager(self):
        if os.path.exists("/dev/tpmrm0"):
            self.skipTest("this machine has a TPM")
        self.env = {}
        message = f"cannot open the TPM (device:/dev/tpmrm0): {self.MISSING}"
        self.mint_fails_locally(program.KEY, message, *self.flags(KEY), hint="is there a TPM?")

    def test_a_device_that_is_not_for_us(self):
        path = self.write("tpmrm0", b"", mode=0o000)
        message = f"cannot open the TPM (device:{path}): Permission denied"
        self.refuse_at(
            f"device:{path}",
            message,
            "members of the group tss may use it",
            preexec=processes.obey_file_modes,
        )

    def test_nobody_listens(self):
        path = self.folder / "nobody"
        message = f"cannot open the TPM (swtpm:path={path}): {self.MISSING}"
        self.refuse_at(f"swtpm:path={path}", message, "device:/dev/tpmrm0")

    def test_swtpm_without_its_control_socket(self):
        (self.tpm.folder / "s.ctrl").rename(self.tpm.folder / "s.away")
        self.addCleanup((self.tpm.folder / "s.away").rename, self.tpm.folder / "s.ctrl")
        hint = f"its control socket {self.tpm.folder}/s.ctrl is missing: start swtpm with --ctrl"
        self.fail_with(
            *(program.KEY, "cannot open the TPM", "sign-string", "--private-key", KEY),
            *("--tcti", self.tpm.tcti),
            hint=hint,
        )

    def test_a_peer_that_closes_its_socket_is_no_crash(self):
        """The proxy may close the connection when it cannot reach the TPM's control socket."""
        (self.tpm.folder / "s.ctrl").rename(self.tpm.folder / "s.away")
        self.addCleanup((self.tpm.folder / "s.away").rename, self.tpm.folder / "s.ctrl")
        run = self.run_program("sign-string", "--private-key", KEY)
        self.assertNotIn("crashed", run.stderr)

    @each("nonsense:x", "swtpm:nonsense=1", "mssim:host=127.0.0.1,port=1")
    def test_no_way(self, tcti):
        self.refuse_at(tcti, f"cannot open the TPM ({tcti}): ", "device:/dev/tpmrm0")

    @each(
        *("device:/none", "swtpm:path=/none", "mssim:host=127.0.0.1,port=1"),
        *("tabrmd:bus_type=nonsense", "pcap:device:/none", "pcap:pcap:swtpm:path=/none"),
    )
    def test_from_the_environment(self, tcti):
        self.env = {"TPM2TOOLS_TCTI": tcti}
        self.mint_fails_locally(
            program.KEY, f"cannot open the TPM ({tcti}): ", *self.flags(KEY), hint="--tcti"
        )


if __name__ == "__main__":
    unittest.main()
