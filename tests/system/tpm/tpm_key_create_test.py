#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""key create and key delete in a TPM, judged by tpm2-tools and tpm2-openssl."""

import stat
import struct
import unittest

from cryptography.hazmat.primitives import serialization

from support import openssl, program, tpm, tss2
from support.cases import each, expand
from support.processes import run_tool
from support.terminal import ENTER, Terminal
from support.tpm_key_test import (
    AUTH,
    HANDLE,
    OWNER_AUTH,
    PARENT_AUTH,
    SIGNING,
    TYPES,
    UNDER_POLICY,
    URI,
    WRONG,
    KeyTest,
)
from support.tpm_policy import Policy

PARENT = "0x81000010"
COUNTED = SIGNING.replace("noda|", "")

AUTH_FAIL, BAD_AUTH, RETRY, NV_SPACE, NV_DEFINED = 0x88E, 0x8A2, 0x922, 0x14B, 0x14C
WITHOUT_NUMBER = 0x8BF  # of the session to which a code belongs
NODA = 0x400


@expand
class Handles(KeyTest):
    @each(*TYPES)
    def test_type(self, key_type):
        self.assertEqual(self.create(URI, key_type=key_type), URI + "\n")
        self.assertEqual(self.persistent(), [HANDLE])
        self.assert_is(self.tpm.public_key(HANDLE), key_type)
        self.assertEqual(self.attributes(), SIGNING)
        self.certify(URI)
        self.mint_with(URI)

    def test_any_hash(self):
        """No scheme is fixed."""
        self.create(URI)
        shown = self.tpm.tool("readpublic", "-c", HANDLE)
        self.assertIn("scheme:\n  value: null", shown)
        self.assertIn(b"Verified OK", self.sign_with_tool(HANDLE))

    def test_listed(self):
        printed = self.create(URI).strip()
        self.assertIn(printed.encode(), self.succeed("list", "--tpm"))

    def test_two_keys(self):
        self.create(URI)
        self.create("handle:81000003")
        keys = [self.tpm.public_key(handle) for handle in (HANDLE, "0x81000003")]
        self.assertNotEqual(*(key.public_numbers() for key in keys))

    def test_a_handle_in_use(self):
        self.tpm.make_persistent(HANDLE)
        before = self.tpm.public_key(HANDLE).public_numbers()
        proxy = self.use_proxy()
        message = f"the TPM has a key at {HANDLE} already"
        self.refuse(program.USAGE, message, URI, hint="never overwritten")
        self.assertEqual(self.tpm.public_key(HANDLE).public_numbers(), before)
        self.assertEqual(proxy.count("Create") + proxy.count("CreatePrimary"), 0)

    def test_a_handle_that_another_program_takes_meanwhile(self):
        self.use_proxy().answer("EvictControl", NV_DEFINED)
        self.refuse(program.KEY, "another program has just put a key at this handle", URI)

    @each(
        storage=("0x81000001", "storage root key"),
        platform=("0x81800000", "is for keys of the platform"),
        last=("0x81ffffff", "is for keys of the platform"),
    )
    def test_a_handle_that_is_not_for_such_keys(self, case):
        handle, message = case
        self.refuse(program.USAGE, message, f"handle:{handle}", hint="0x81")

    @each("handle:0x01c00002", "handle:", "handle:0x40000001", "handle:web")
    def test_no_handle(self, uri):
        self.refuse(program.KEY, "does not name a persistent TPM handle", uri)

    def test_no_room(self):
        self.use_proxy().answer("EvictControl", NV_SPACE)
        self.refuse(program.KEY, "no room for one more persistent key", URI, hint="key file")

    def test_room_for_real(self):
        """Until the TPM has none left."""
        for number in range(2, 128):
            arguments = ("key", "create", f"handle:0x810000{number:02x}", "--type", "ec-p256")
            result = self.run_program(*arguments)
            if result.status != program.SUCCESS:
                break
        self.check_failure(result, program.KEY, "no room for one more persistent key")
        self.assertEqual(len(self.persistent()), number - 2)
        self.assertEqual(self.tpm.loaded(), [])

    def test_types_that_the_tpm_does_not_know(self):
        self.refuse(
            *(program.KEY, "the TPM cannot make rsa-4096 keys", URI),
            key_type="rsa-4096",
            hint="it can make ec-p256, ec-p384",
        )
        self.refuse(program.USAGE, "no TPM makes 'ed25519' keys", URI, key_type="ed25519")

    def test_ml_dsa(self):
        message = "OpenSSL 3.0" if openssl.version() < (3, 5) else "keys in a TPM are not supported"
        for place in ((URI,), ("--out", "key.pem")):
            self.refuse(program.KEY, message, *place, key_type="ml-dsa-65", hint="EC or RSA")

    def test_another_key_than_wanted(self):
        """A command that is changed on the way to the TPM."""
        proxy = self.use_proxy()

        def without_noda(request):
            wanted = struct.pack(">I", 0x00040472)
            self.assertEqual(request.count(wanted), 1)
            return request.replace(wanted, struct.pack(">I", 0x00040472 & ~NODA))

        proxy.change("Create", without_noda)
        message = "a key that is with the attributes 0x40072 instead of 0x40472"
        self.refuse(program.KEY, message, URI)
        self.assertEqual(proxy.count("EvictControl"), 0)

    def test_a_killed_connection_leaves_nothing(self):
        self.use_proxy().cut("EvictControl")
        arguments = ("key", "create", URI, "--type", "ec-p256")
        self.fail_with(program.KEY, "the connection to the TPM failed", *arguments)
        self.assertEqual(self.persistent(), [])


@expand
class Files(KeyTest):
    def contents(self, name="key.pem"):
        return (self.folder / name).read_bytes()

    def rewritten(self, **fields):
        """The file as the tests' own writer makes it from the same parts."""
        public, private = tss2.parts(tss2.to_der(self.contents()))
        return tss2.KeyFile(public, private, **fields).pem()

    @each(*TYPES)
    def test_type(self, key_type):
        printed = self.create("--out", "key.pem", key_type=key_type)
        self.assertEqual(printed, "key.pem\n")
        self.assertEqual(self.contents(), self.rewritten())
        self.assertEqual(stat.S_IMODE((self.folder / "key.pem").stat().st_mode), 0o600)
        self.assertEqual(self.attributes_in_file(), SIGNING)
        self.assertEqual(self.persistent(), [])
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.assert_is(self.public_key_by_tpm2_openssl(), key_type)

    def public_key_by_tpm2_openssl(self):
        pem = run_tool(
            *(openssl.OPENSSL, "pkey", "-provider", "tpm2", "-provider", "default"),
            *("-in", self.folder / "key.pem", "-pubout"),
            env={"TPM2OPENSSL_TCTI": self.tpm.tcti},
        )
        return serialization.load_pem_public_key(pem)

    def test_loaded_by_tpm2_tools(self):
        self.create("--out", "key.pem")
        public, private = tss2.parts(tss2.to_der(self.contents()))
        paths = self.write("u", public), self.write("r", private)
        primary, key = self.folder / "primary", self.folder / "key"
        self.tpm.tool("createprimary", "-Q", *tpm.ECC_PRIMARY, "-c", primary)
        self.tpm.tool("load", "-Q", "-C", primary, "-u", paths[0], "-r", paths[1], "-c", key)
        self.tpm.tool("flushcontext", "-t")
        self.assertIn(b"Verified OK", self.sign_with_tool(key))

    @each("file", "link", "folder")
    def test_something_is_there(self, kind):
        if kind == "file":
            self.write("key.pem", "precious")
        elif kind == "link":
            (self.folder / "key.pem").symlink_to("nowhere")
        else:
            (self.folder / "key.pem").mkdir()
        proxy = self.use_proxy()
        place = ("--out", "key.pem")
        self.refuse(program.LOCAL_IO, "key.pem: File exists", *place, hint="never overwritten")
        self.assertEqual(proxy.commands, [])
        if kind == "file":
            self.assertEqual(self.contents(), b"precious")

    def test_a_folder_that_does_not_exist(self):
        self.refuse(program.LOCAL_IO, "no/key.pem: No such file", "--out", "no/key.pem")

    def test_an_umask(self):
        self.succeed(
            *("key", "create", "--out", "key.pem", "--type", "ec-p256"),
            wrapper=("/bin/sh", "-c", 'umask 0377; exec "$@"', "sh"),
        )
        self.assertEqual(stat.S_IMODE((self.folder / "key.pem").stat().st_mode), 0o400)

    def test_another_key_than_wanted(self):
        proxy = self.use_proxy()
        wanted, other = (struct.pack(">I", 0x00040472 & ~flag) for flag in (0, NODA))
        proxy.change("Create", lambda request: request.replace(wanted, other))
        message = "creating key key.pem: the TPM made a key that is with the attributes"
        self.refuse(program.KEY, message, "--out", "key.pem")

    def test_cleared_owner(self):
        """The key belongs to its TPM."""
        self.create("--out", "key.pem")
        self.certify("key.pem")
        self.tpm.tool("clear", "-Q")
        self.mint_fails_locally(
            *(program.KEY, "does not belong to this TPM"),
            *("--certificate", "web.pem", "--private-key", "key.pem"),
        )


@expand
class Parents(KeyTest):
    """A storage key with an auth value, whose wrong tries are counted."""

    def setUp(self):
        super().setUp()
        self.tpm.make_parent(PARENT, PARENT_AUTH)
        self.parent = ("--parent", PARENT)
        self.given = (*self.parent, "--parent-passin", f"pass:{PARENT_AUTH}")

    def test_a_file(self):
        proxy = self.use_proxy()
        self.create("--out", "key.pem", *self.given)
        self.assertFalse(proxy.saw(PARENT_AUTH.encode()))
        public, private = tss2.parts(tss2.to_der((self.folder / "key.pem").read_bytes()))
        expected = tss2.KeyFile(public, private, parent=int(PARENT, 0)).pem()
        self.assertEqual((self.folder / "key.pem").read_bytes(), expected)
        flags = ("--parent-passin", f"pass:{PARENT_AUTH}")
        self.certify("key.pem", *flags)
        self.mint_with("key.pem", *flags)

    def test_a_handle(self):
        self.create(URI, *self.given)
        self.assertEqual(self.attributes(), SIGNING)
        self.certify(URI)
        self.mint_with(URI)

    def test_a_wrong_value_is_sent_once(self):
        proxy = self.use_proxy()
        place = ("--out", "key.pem", *self.parent, "--parent-passin", f"pass:{WRONG}")
        message = f"using TPM key {PARENT} as the key's parent: the TPM refused"
        self.refuse(program.KEY, message, *place)
        self.assertEqual(self.tpm.wrong_tries(), 1)
        codes = [code for code in proxy.response_codes("Create") if code != RETRY]
        self.assertEqual([code & WITHOUT_NUMBER for code in codes], [AUTH_FAIL])

    def test_a_missing_value(self):
        message = f"TPM key {PARENT} needs an auth value"
        self.refuse(program.KEY, message, URI, *self.parent, hint="--parent-passin")
        self.assertEqual(self.tpm.wrong_tries(), 1)

    def test_in_lockout(self):
        self.tpm.set_lockout(1)
        with self.assertRaises(AssertionError):
            self.tpm.tool("create", "-C", PARENT, "-P", WRONG, "-u", "u", "-r", "r")
        self.tpm.tool("flushcontext", "-t")
        self.assertEqual(self.tpm.wrong_tries(), 1)
        proxy = self.use_proxy()
        for value in (PARENT_AUTH, WRONG):
            flags = (*self.parent, "--parent-passin", f"pass:{value}")
            message = "in dictionary-attack lockout (1 wrong tries, 1 are allowed)"
            self.refuse(program.KEY, message, URI, *flags)
        self.assertEqual(self.tpm.wrong_tries(), 1)
        self.assertEqual(set(proxy.names()), {"GetCapability", "ReadPublic", "TestParms"})
        self.create(URI)

    def test_not_a_parent(self):
        self.tpm.make_persistent(HANDLE)
        place = ("--out", "key.pem", "--parent")
        self.refuse(program.KEY, f"{HANDLE} is no storage key", *place, HANDLE, hint="restricted")
        self.refuse(program.KEY, "no parent key at handle 0x81000011", *place, "0x81000011")
        for wrong in ("0x01c00002", "web", "0x40000001"):
            self.refuse(program.USAGE, "not the handle of a persistent parent", *place, wrong)


@expand
class Owners(KeyTest):
    def setUp(self):
        super().setUp()
        self.set_owner_auth()

    @each(handle=URI, file=("--out", "key.pem"))
    def test_given(self, place):
        place = (place,) if isinstance(place, str) else place
        proxy = self.use_proxy()
        self.write("owner", OWNER_AUTH)
        self.create(*place, "--owner-passin", "file:owner")
        self.assertFalse(proxy.saw(OWNER_AUTH.encode()))
        if place == (URI,):
            self.assertEqual(self.persistent(), [HANDLE])

    def test_the_file_is_used_with_the_same_value(self):
        self.create("--out", "key.pem", "--owner-passin", f"pass:{OWNER_AUTH}")
        flags = ("--parent-passin", f"pass:{OWNER_AUTH}")
        self.certify("key.pem", *flags)
        self.mint_with("key.pem", *flags)

    @each(handle=URI, file=("--out", "key.pem"))
    def test_wrong(self, place):
        place = (place,) if isinstance(place, str) else place
        proxy = self.use_proxy()
        message = "using the owner hierarchy: the TPM refused the auth value"
        self.refuse(program.KEY, message, *place, "--owner-passin", f"pass:{WRONG}")
        codes = [code for code in proxy.response_codes("CreatePrimary") if code != 0]
        self.assertEqual([code & WITHOUT_NUMBER for code in codes], [BAD_AUTH])
        self.assertEqual(proxy.count("Create") + proxy.count("EvictControl"), 0)
        self.assertEqual(self.tpm.wrong_tries(), 0)

    def test_missing(self):
        message = "the owner hierarchy needs an auth value and none was given"
        self.refuse(program.KEY, message, URI, hint="--owner-passin")

    def test_wrong_below_a_parent(self):
        """Only the last command needs it."""
        self.tpm.tool("changeauth", "-Q", "-c", "o", "-p", OWNER_AUTH)
        self.tpm.make_parent(PARENT, attributes=tpm.STORAGE + "|noda")
        self.set_owner_auth()
        proxy = self.use_proxy()
        flags = ("--parent", PARENT, "--owner-passin", f"pass:{WRONG}")
        self.refuse(program.KEY, "using the owner hierarchy: the TPM refused", URI, *flags)
        self.assertEqual(proxy.count("EvictControl"), 1)
        self.create("--out", "key.pem", "--parent", PARENT)


@expand
class AuthValues(KeyTest):
    def test_at_a_handle(self):
        proxy = self.use_proxy()
        self.write("auth", AUTH)
        self.assertEqual(self.create(URI, "--auth", "file:auth"), URI + "\n")
        self.assertFalse(proxy.saw(AUTH.encode()))
        self.assertEqual(self.attributes(), COUNTED)
        self.assertIn(b"Verified OK", self.sign_with_tool(HANDLE, "-p", AUTH))
        self.certify(URI, "--passin", "file:auth")
        self.mint_with(URI, "--passin", "file:auth")
        self.assertEqual(self.tpm.wrong_tries(), 0)

    def test_another_value_is_refused_and_counted(self):
        self.create(URI, "--auth", f"pass:{AUTH}")
        with self.assertRaises(AssertionError):
            self.sign_with_tool(HANDLE)
        self.assertEqual(self.tpm.wrong_tries(), 1)

    def test_not_counted(self):
        self.create(URI, "--auth", f"pass:{AUTH}", "--noda")
        self.assertEqual(self.attributes(), SIGNING)
        with self.assertRaises(AssertionError):
            self.sign_with_tool(HANDLE)
        self.assertEqual(self.tpm.wrong_tries(), 0)

    def test_in_a_file(self):
        proxy = self.use_proxy()
        self.create("--out", "key.pem", "--auth", f"pass:{AUTH}")
        self.assertFalse(proxy.saw(AUTH.encode()))
        contents = (self.folder / "key.pem").read_bytes()
        public, private = tss2.parts(tss2.to_der(contents))
        expected = tss2.KeyFile(public, private, empty_auth=None).pem()
        self.assertEqual(contents, expected)
        self.assertEqual(self.attributes_in_file(), COUNTED)
        self.certify("key.pem", "--passin", f"pass:{AUTH}")
        self.mint_with("key.pem", "--passin", f"pass:{AUTH}")

    def test_with_owner_and_parent(self):
        """Every value is encrypted, whichever session carries it."""
        self.tpm.make_parent(PARENT, PARENT_AUTH)
        self.set_owner_auth()
        proxy = self.use_proxy()
        self.create(
            *(URI, "--auth", f"pass:{AUTH}", "--owner-passin", f"pass:{OWNER_AUTH}"),
            *("--parent", PARENT, "--parent-passin", f"pass:{PARENT_AUTH}"),
        )
        for value in (AUTH, OWNER_AUTH, PARENT_AUTH):
            self.assertFalse(proxy.saw(value.encode()))
        self.certify(URI, "--passin", f"pass:{AUTH}")
        self.mint_with(URI, "--passin", f"pass:{AUTH}")

    def test_a_long_value(self):
        """Longer than the digest that the TPM keeps."""
        long = self.secret("long-" + "x" * 45)
        self.create(URI, "--auth", f"pass:{long}")
        self.assertIn(b"Verified OK", self.sign_with_tool(HANDLE, "-p", long))
        self.certify(URI, "--passin", f"pass:{long}")
        self.mint_with(URI, "--passin", f"pass:{long}")

    def test_a_value_that_is_too_long(self):
        value = self.secret("y" * 65)
        self.refuse(program.KEY, "has 65 bytes", URI, "--auth", f"pass:{value}")

    def test_an_empty_value(self):
        flags = ("--auth", "pass:")
        self.refuse(program.USAGE, "--auth: the auth value is empty", URI, *flags, hint="omit")


@expand
class Pcrs(KeyTest):
    def extend(self, pcr=16):
        self.tpm.tool("pcrextend", f"{pcr}:sha256={'01' * 32}")

    def check_file(self, policy, **fields):
        contents = (self.folder / "key.pem").read_bytes()
        public, private = tss2.parts(tss2.to_der(contents))
        expected = tss2.KeyFile(public, private, policy=policy.commands, **fields).pem()
        self.assertEqual(contents, expected)
        self.assertIn(policy.digest, public)

    @each(one=(16,), two=(0, 16), many=(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 23))
    def test_bound(self, numbers):
        self.extend()
        listed = ",".join(map(str, numbers))
        self.create("--out", "key.pem", "--pcr", f"sha256:{listed}")
        self.assertEqual(self.attributes_in_file(), UNDER_POLICY)
        self.check_file(Policy().pcr(self.tpm, *numbers))
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.extend()
        self.mint_fails_locally(
            *(program.KEY, "are no longer those that the key is bound to"),
            *("--certificate", "web.pem", "--private-key", "key.pem"),
        )
        self.assertEqual(self.tpm.loaded(), [])

    def test_several_banks(self):
        self.create("--out", "key.pem", "--pcr", "sha1:0,16+sha256:7")
        self.certify("key.pem")
        self.mint_with("key.pem")
        self.extend(16)
        self.mint_with("key.pem")
        self.tpm.tool("pcrextend", f"16:sha1={'01' * 20}")
        self.mint_fails_locally(
            *(program.KEY, "PCR 0, 16 (sha1) and 7 (sha256) are no longer"),
            *("--certificate", "web.pem", "--private-key", "key.pem"),
        )

    def test_with_an_auth_value(self):
        self.create("--out", "key.pem", "--pcr", "sha256:16", "--auth", f"pass:{AUTH}")
        policy = Policy().pcr(self.tpm, 16).auth_value()
        self.check_file(policy, empty_auth=None)
        self.assertEqual(self.attributes_in_file(), UNDER_POLICY.replace("noda|", ""))
        self.certify("key.pem", "--passin", f"pass:{AUTH}")
        self.mint_with("key.pem", "--passin", f"pass:{AUTH}")
        place = ("--certificate", "web.pem", "--private-key", "key.pem")
        message = "refused the auth value"
        self.mint_fails_locally(program.KEY, message, *place, "--passin", f"pass:{WRONG}")
        self.assertEqual(self.tpm.wrong_tries(), 1)
        self.extend()
        self.mint_fails_locally(program.KEY, "no longer", *place, "--passin", f"pass:{AUTH}")

    @each("sha256", "sha256:", "sha256:0,", "sha256:24", "sha256:-1", "md5:0", "sha256:0+", "0,7")
    def test_no_pcrs(self, text):
        place = ("--out", "key.pem", "--pcr", text)
        self.refuse(program.USAGE, "these are no PCRs", *place, hint="sha256:0,7")

    def test_a_bank_that_the_tpm_does_not_have(self):
        self.tpm.tool("pcrallocate", "-Q", "sha1:none+sha256:all")
        self.tpm.tool("shutdown", "--clear")
        self.tpm.power_cycle()
        self.tpm.tool("startup", "-c")
        message = "the TPM has no PCR 0 (sha1)"
        self.refuse(program.USAGE, message, "--out", "key.pem", "--pcr", "sha1:0")

    def test_a_handle(self):
        message = "--pcr: a handle does not tell the policy of its key"
        self.refuse(program.USAGE, message, URI, "--pcr", "sha256:7", hint="--out")


@expand
class Delete(KeyTest):
    def setUp(self):
        super().setUp()
        self.tpm.make_persistent("0x81000003")
        self.create(URI)

    def delete(self, *flags, uri=URI):
        printed = self.succeed("key", "delete", uri, *flags).decode()
        self.assertEqual(self.tpm.loaded(), [])
        return printed

    def refuse_deletion(self, status, message, *flags, hint=None):
        before = self.persistent()
        result = self.fail_with(status, message, "key", "delete", *flags, hint=hint)
        self.assertEqual((self.persistent(), self.tpm.loaded()), (before, []))
        return result

    def test_the_key_goes(self):
        self.assertEqual(self.delete("--yes"), f"deleted  {URI}\n")
        self.assertEqual(self.persistent(), ["0x81000003"])
        self.refuse_deletion(program.KEY, f"there is no key at handle {HANDLE}", URI, "--yes")
        self.create(URI)

    def test_without_terminal_and_yes(self):
        proxy = self.use_proxy()
        self.refuse_deletion(program.USAGE, "--yes is missing", URI, hint="--yes")
        self.assertEqual(proxy.commands, [])

    @each(yes=("yes", program.SUCCESS), no=("no", program.USAGE))
    def test_at_the_terminal(self, case):
        answer, status = case
        person = Terminal(self, ("key", "delete", URI), self.folder, self.env)
        person.wait_for(f"Delete {URI}? It cannot be made again. Type yes: ")
        person.type(answer + ENTER)
        self.assertEqual(person.finish().status, status)
        self.assertEqual(HANDLE in self.persistent(), status != program.SUCCESS)

    def test_owner(self):
        self.set_owner_auth()
        message = "the owner hierarchy needs an auth value"
        self.refuse_deletion(program.KEY, message, URI, "--yes", hint="--owner-passin")
        proxy = self.use_proxy()
        message = "using the owner hierarchy: the TPM refused the auth value"
        flags = (URI, "--yes", "--owner-passin", f"pass:{WRONG}")
        self.refuse_deletion(program.KEY, message, *flags)
        self.assertEqual(proxy.count("EvictControl"), 1)
        self.assertEqual(self.tpm.wrong_tries(), 0)
        self.delete("--yes", "--owner-passin", f"pass:{OWNER_AUTH}")
        self.assertFalse(proxy.saw(OWNER_AUTH.encode()))

    def test_a_key_with_an_auth_value(self):
        """The owner need not know it."""
        self.create("handle:0x81000004", "--auth", f"pass:{AUTH}")
        self.delete("--yes", uri="handle:0x81000004")
        self.assertEqual(self.tpm.wrong_tries(), 0)

    def test_a_storage_key(self):
        self.tpm.make_parent(PARENT)
        message = f"TPM key {PARENT}: the TPM key cannot sign"
        flags = (f"handle:{PARENT}", "--yes")
        self.refuse_deletion(program.KEY, message, *flags, hint="tpm2_evictcontrol")

    def test_a_file(self):
        self.create("--out", "key.pem")
        message = "key.pem is not in a device"
        hint = "as any other file"
        self.refuse_deletion(program.USAGE, message, "key.pem", "--yes", hint=hint)
        message = "the TPM cannot be changed in this way"
        self.refuse_deletion(program.USAGE, message, "tss2:key.pem", "--yes")

    def test_a_pin(self):
        flags = (URI, "--yes", "--passin", f"pass:{AUTH}")
        message = "--passin does not apply"
        self.refuse_deletion(program.USAGE, message, *flags, hint="--owner-passin")


@expand
class Usage(KeyTest):
    """Refused before a device is used."""

    @each(
        id=(URI, "--id", "01"),
        id_of_file=("--out", "key.pem", "--id", "01"),
        auth=("pkcs11:token=a;object=b", "--auth", f"pass:{AUTH}"),
        noda=("pkcs11:token=a;object=b", "--noda"),
        pcr=("pkcs11:token=a;object=b", "--pcr", "sha256:7"),
        parent=("pkcs11:token=a;object=b", "--parent", PARENT),
        owner_passin=("pkcs11:token=a;object=b", "--owner-passin", f"pass:{OWNER_AUTH}"),
    )
    def test_a_flag_for_other_keys(self, place):
        program.need_back_end("pkcs11")
        option = next(part for part in place if part.startswith("--") and part != "--out")
        self.refuse(program.USAGE, f"{option} does not apply to keys of", *place)

    @each(URI, "pkcs11:token=a;object=b")
    def test_two_places(self, uri):
        self.refuse(program.USAGE, "--out and a URI are given", uri, "--out", "key.pem")

    def test_no_place(self):
        self.refuse(program.USAGE, "the URI is missing", hint="--out")

    def test_a_file_as_a_place(self):
        self.refuse(program.USAGE, "key.pem is not in a device", "key.pem", hint="--out")
        self.refuse(program.USAGE, "not named by a URI", "tss2:key.pem", hint="--out")

    def test_a_pin(self):
        flags = ("--passin", f"pass:{AUTH}")
        self.refuse(program.USAGE, "--passin does not apply", URI, *flags, hint="--auth")

    def test_a_parents_value_without_a_parent(self):
        flags = ("--parent-passin", f"pass:{PARENT_AUTH}")
        self.refuse(program.USAGE, "without --parent", URI, *flags, hint="--owner-passin")

    def test_one_stream_for_two_values(self):
        flags = ("--auth", "stdin", "--owner-passin", "fd:0")
        self.refuse(program.USAGE, "--auth and --owner-passin read the same stream", URI, *flags)

    def test_a_source_that_does_not_exist(self):
        self.refuse(program.KEY, "--auth", URI, "--auth", "env:NO_SUCH_VARIABLE")
        self.refuse(program.USAGE, "--owner-passin", URI, "--owner-passin", "owner")

    def test_delete_on_a_token(self):
        program.need_back_end("pkcs11")
        self.fail_with(
            *(program.USAGE, "--owner-passin does not apply", "key", "delete"),
            *("pkcs11:token=a;object=b", "--yes", "--owner-passin", f"pass:{OWNER_AUTH}"),
        )


if __name__ == "__main__":
    unittest.main()
