#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""`credmint list --tpm`: the contents of a TPM, with a reference to each usable object.

The output is compared with that of tpm2-tools.
"""

import json
import re
import unittest

from support import pcap, pki, program, tpm
from support.cases import each, expand
from support.system_test import MintTest, make_folder

AUTH = "auth-27182818"
OWNER_AUTH = "owner-31415926"

# {credmint's word: the attributes in tpm2_readpublic's output}
FLAGS = {
    "sign": "sign",
    "decrypt": "decrypt",
    "restricted": "restricted",
    "fixed-tpm": "fixedtpm",
    "fixed-parent": "fixedparent",
    "user-with-auth": "userwithauth",
    "no-da": "noda",
}


class ListTest(MintTest):
    """Each class has a TPM with the objects that `fill` makes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tpm = tpm.Tpm(cls, make_folder(cls) / "t")
        cls.fill()

    @classmethod
    def fill(cls):
        pass

    def setUp(self):
        super().setUp()
        self.env = dict(self.tpm.env)
        self.secret(AUTH)
        self.secret(OWNER_AUTH)

    def listed(self, *arguments, **more):
        """The only TPM in `list --json`, which must leave nothing loaded and cause no wrong try."""
        before = self.tpm.wrong_tries()
        shown = json.loads(self.succeed("list", "--json", *(arguments or ["--tpm"]), **more))
        self.assertEqual(set(shown), {"tpms"})
        (only,) = shown["tpms"]
        self.assertEqual(self.tpm.wrong_tries(), before)
        self.assertEqual(self.tpm.loaded(), [])
        return only

    def keys(self, *arguments):
        return {key["label"]: key for key in self.listed(*arguments)["keys"]}

    def certificates(self, *arguments, **more):
        return {one["label"]: one for one in self.listed(*arguments, **more)["certificates"]}

    def text(self, *arguments):
        return self.succeed("list", *(arguments or ["--tpm"])).decode()

    def properties(self, kind):
        """The properties in tpm2_getcap's output, as {name: raw value}."""
        shown = self.tpm.tool("getcap", kind)
        return dict(re.findall(r"(TPM2_PT_\w+):\n\s+raw: 0x([0-9A-Fa-f]+)", shown))


class Nothing(ListTest):
    def test_an_empty_tpm(self):
        listed = self.listed()
        self.assertEqual((listed["keys"], listed["certificates"], listed["others"]), ([], [], []))
        self.assertEqual(self.text().count("\n"), 2)

    def test_the_tpm_itself(self):
        listed, raw = self.listed(), self.properties("properties-fixed")
        manufacturer = bytes.fromhex(raw["TPM2_PT_MANUFACTURER"]).decode().strip("\0 ")
        self.assertEqual(listed["manufacturer"], manufacturer)
        high, low = (int(raw[f"TPM2_PT_FIRMWARE_VERSION_{half}"], 16) for half in "12")
        version = f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"
        self.assertEqual(listed["firmware"], version)
        revision = int(raw["TPM2_PT_REVISION"], 16) / 100
        self.assertEqual(listed["specification"], f"TPM 2.0 level 0 revision {revision:.2f}")
        self.assertEqual(self.text().splitlines()[1], "  handle:")

    def test_without_a_tpm(self):
        self.fail_with(
            program.KEY, "cannot open the TPM", "list", "--tpm", "--tcti", "device:/nonexistent/tpm"
        )

    def test_a_tpm_and_a_token_are_two_things(self):
        self.fail_with(program.USAGE, "excludes", "list", "--tpm", "pkcs11:")

    def test_without_the_flag_no_tpm_is_opened(self):
        record = self.folder / "record.pcapng"
        env = {"TPM2TOOLS_TCTI": f"pcap:{self.tpm.tcti}", "TCTI_PCAP_FILE": str(record)}
        self.run_program("list", env=env)
        self.assertFalse(record.exists())
        self.succeed("list", "--tpm", env=env)
        self.assertTrue(record.exists())


@expand
class Keys(ListTest):
    @classmethod
    def fill(cls):
        made = cls.tpm
        made.make_persistent("0x81000001")
        made.make_persistent("0x81000002", "rsa2048", auth=AUTH, attributes=f"{tpm.SIGNING}|noda")
        made.make_persistent("0x81000003", "ecc384:ecdsa-sha384")
        restricted = f"{tpm.SIGNING}|restricted"
        made.make_persistent("0x81000004", "ecc256:ecdsa-sha256:null", attributes=restricted)
        made.make_parent("0x81000010")
        cls.make_other("0x81000020", "-G", "aes128cfb")
        cls.make_other("0x81000021", "-G", "hmac")
        cls.make_other("0x81000022", "-i", cls.file("secret", b"sealed"))
        cls.make_bound("0x81000030")

    @classmethod
    def file(cls, name, contents):
        path = cls.tpm.folder / name
        path.write_bytes(contents)
        return path

    @classmethod
    def make_other(cls, handle, *arguments):
        public, private, loaded, primary = (cls.tpm.folder / name for name in "uvlp")
        tool = cls.tpm.tool
        tool("createprimary", "-Q", "-G", "ecc", "-c", primary)
        tool("flushcontext", "-t")
        tool("create", "-Q", "-C", primary, *arguments, "-u", public, "-r", private)
        tool("flushcontext", "-t")
        tool("load", "-Q", "-C", primary, "-u", public, "-r", private, "-c", loaded)
        tool("evictcontrol", "-Q", "-C", "o", "-c", loaded, handle)
        tool("flushcontext", "-t")

    @classmethod
    def make_bound(cls, handle):
        """Makes a signing key that can be used only under a policy."""
        policy = cls.file("policy", bytes(range(32)))
        attributes = "fixedtpm|fixedparent|sensitivedataorigin|sign|adminwithpolicy"
        cls.make_other(handle, "-G", "ecc256", "-a", attributes, "-L", policy)

    def test_handles_are_those_of_the_tpm(self):
        listed = self.listed()
        labels = [one["label"] for one in listed["keys"] + listed["others"]]
        handles = re.findall("0x[0-9A-Fa-f]+", self.tpm.tool("getcap", "handles-persistent"))
        self.assertEqual(sorted(labels), [handle.lower() for handle in sorted(handles)])

    def test_attributes_are_those_of_the_tpm(self):
        listed = self.listed()
        for one in listed["keys"] + listed["others"]:
            shown = self.tpm.tool("readpublic", "-c", one["label"])
            attributes = re.search(r"attributes:\n\s+value: (\S+)", shown)[1].split("|")
            expected = [flag for flag, name in FLAGS.items() if name in attributes]
            if "authorization policy:" in shown:
                expected.append("policy")
            self.assertEqual(one["flags"], expected, one["label"])

    def test_type_and_size(self):
        keys = self.keys()
        shown = {
            label: (key["type"], key["bits"], key.get("curve")) for label, key in keys.items()
        }
        self.assertEqual(shown["0x81000001"], ("EC", 256, "prime256v1"))
        self.assertEqual(shown["0x81000002"], ("RSA", 2048, None))
        self.assertEqual(shown["0x81000003"], ("EC", 384, "secp384r1"))

    def test_fixed_scheme(self):
        keys = self.keys()
        self.assertEqual(keys["0x81000003"]["scheme"], "ECDSA with SHA384")
        self.assertNotIn("scheme", keys["0x81000001"])
        self.assertIn("signs ECDSA with SHA384 only", self.text())

    def test_usable_or_why_not(self):
        keys = self.keys()
        reasons = {label: key.get("unusable") for label, key in keys.items()}
        for label in ("0x81000001", "0x81000002", "0x81000003"):
            self.assertIsNone(reasons[label])
        self.assertIn("is restricted", reasons["0x81000004"])
        self.assertIn("cannot sign", reasons["0x81000010"])
        self.assertIn("under a policy", reasons["0x81000030"])
        self.assertIn("not usable: the TPM key is restricted", self.text())

    def test_the_words_about_use_are_true(self):
        for label, key in self.keys().items():
            status = program.KEY if key.get("unusable") or label == "0x81000002" else 0
            result = self.run_program("sign-string", "--private-key", key["uri"], stdin=b"x")
            self.assertEqual(result.status, status, str(result))

    def test_what_is_no_key_has_no_reference(self):
        others = {one["label"]: one for one in self.listed()["others"]}
        types = {label: one["type"] for label, one in others.items()}
        self.assertEqual(
            types,
            {
                "0x81000020": "symmetric key",
                "0x81000021": "keyed-hash key",
                "0x81000022": "sealed data",
            },
        )
        text = self.text()
        for label in types:
            self.assertFalse("uri" in others[label])
            self.assertIn(f"{types[label]} '{label}'", text)
            self.assertNotIn(f"handle:{label}", text)

    def test_every_reference_stands_on_a_line_of_its_own(self):
        lines = [line.strip() for line in self.text().splitlines()]
        for key in self.keys().values():
            self.assertIn(key["uri"], lines)

    def test_one_handle(self):
        self.assertEqual(list(self.keys("handle:0x81000002")), ["0x81000002"])
        self.fail_with(
            program.KEY,
            "the TPM has nothing at 0x81000099",
            *("list", "handle:0x81000099"),
            hint="credmint list --tpm",
        )

    @each("handle:", "nv:")
    def test_the_scheme_alone_means_all(self, uri):
        self.assertEqual(self.listed(uri), self.listed())

    def test_an_auth_value_is_neither_asked_for_nor_sent(self):
        record = self.folder / "record.pcapng"
        self.listed(
            *("--tpm", "--passin", f"pass:{AUTH}", "--tcti", f"pcap:{self.tpm.tcti}"),
            env={"TCTI_PCAP_FILE": str(record)},
        )
        self.assertNotIn(AUTH.encode(), record.read_bytes())
        self.assertEqual(set(pcap.commands(record)), {"GetCapability", "ReadPublic"})

    def test_nothing_at_a_handle(self):
        self.fail_with(
            program.KEY,
            "there is no key at handle 0x81000099",
            *("sign-string", "--private-key", "handle:0x81000099"),
            hint="credmint list --tpm",
        )

    @each("0x81000001", "81000001")
    def test_a_handle_without_its_scheme(self, typed):
        self.fail_with(
            program.LOCAL_IO,
            "No such file or directory",
            *("sign-string", "--private-key", typed),
            hint=f"if that is no file, write handle:{typed}",
        )


@expand
class Certificates(ListTest):
    @classmethod
    def fill(cls):
        public_key = cls.tpm.make_persistent("0x81000001")
        cls.leaf = leaf = cls.root.issue(public_key, "web.example", serial=0x51)
        write = cls.tpm.write_nv
        write("0x01c00002", pki.der(leaf), size=1500)
        write("0x01c00003", pki.pem(cls.root.issue(pki.make_key().public_key(), "elsewhere")))
        write("0x01c00004", pki.der(leaf), "authread|ownerwrite", auth=AUTH)
        write("0x01c00005", pki.der(leaf), "authread|no_da|ownerwrite", auth=AUTH)
        write("0x01c00006", pki.der(leaf), "policyread|ownerwrite")
        write("0x01c00007", b"something else")
        write("0x01c00008", None, size=100)
        write("0x01c00009", pki.der(leaf), f"{tpm.READABLE}|read_stclear")
        cls.tpm.tool("nvreadlock", "-Q", "-C", "o", "0x01c00009")
        write("0x01c0000a", pki.der(leaf) + pki.der(cls.root.certificate))
        write("0x01c0000b", b"\x30\x08" + b"\x30\x00" * 2 + b"\x03\x02\x00\x01")
        cls.tpm.tool(
            *("nvdefine", "-Q", "-C", "o", "-s", "8"),
            *("-a", "ownerread|ownerwrite|authread|nt=1", "0x01c0000c"),
        )

    def test_indices_with_certificates(self):
        readable = {label for label, one in self.certificates().items() if "error" not in one}
        self.assertEqual(readable, {f"0x01c0000{digit}" for digit in "23ab"})

    def test_facts(self):
        shown = self.certificates()["0x01c00002"]
        self.assertEqual(shown["uri"], "nv:0x01c00002")
        self.assertEqual(shown["subject"], "CN=web.example")
        self.assertEqual(shown["serial"], "51")
        self.assertEqual(shown["notAfter"], self.leaf.not_valid_after.isoformat() + "Z")
        text = self.text()
        self.assertIn("subject CN=web.example", text)
        self.assertIn("it cannot be read\n", text[text.index("nv:0x01c0000b") :])

    def test_which_key_belongs_to_which_certificate(self):
        certificates = self.certificates()
        self.assertEqual(certificates["0x01c00002"]["key"], "handle:0x81000001")
        self.assertIsNone(certificates["0x01c00003"]["key"])
        owned = ["nv:0x01c00002", "nv:0x01c0000a"]
        self.assertEqual(self.keys()["0x81000001"]["certificates"], owned)

    def test_several_in_one_index(self):
        listed = [one for one in self.listed()["certificates"] if one["label"] == "0x01c0000a"]
        self.assertEqual(
            [(one["subject"], one["unique"]) for one in listed],
            [("CN=web.example", False), ("CN=test root", False)],
        )

    def test_why_one_cannot_be_read(self):
        errors = {
            label: one["error"] for label, one in self.certificates().items() if "error" in one
        }
        reasons = {
            "0x01c00004": "it was not tried",
            "0x01c00005": "has an auth value and none was given",
            "0x01c00006": "neither with its own auth value nor with the owner's",
            "0x01c00009": "is locked against reading",
        }
        self.assertEqual(set(errors), set(reasons))
        text = self.text()
        for label, reason in reasons.items():
            self.assertIn(reason, errors[label])
            self.assertIn(f"it cannot be read: {errors[label]}", text)

    def test_one_index(self):
        self.assertEqual(list(self.certificates("nv:0x01c00002")), ["0x01c00002"])
        self.fail_with(
            program.KEY, "the TPM has nothing at 0x01c00099", *("list", "nv:0x01c00099")
        )

    def test_what_is_shown_mints(self):
        listed = self.certificates()["0x01c00002"]
        self.mint("--certificate", listed["uri"], "--private-key", listed["key"])
        self.assertEqual(self.last_request()["serial"], str(0x51))

    def test_in_lockout_too(self):
        self.tpm.set_lockout(1)
        self.addCleanup(self.tpm.set_lockout, 32)
        self.addCleanup(self.tpm.tool, "dictionarylockout", "-c")
        certificate = ("--certificate", "nv:0x01c00004?pass", "--passin", "pass:wrong")
        self.fail_with(program.KEY, "refused", "read-certificate-data", *certificate)
        self.fail_with(program.KEY, "lockout", "read-certificate-data", *certificate)
        self.assertIn("subject", self.certificates()["0x01c00002"])


class WithAnOwner(ListTest):
    @classmethod
    def fill(cls):
        cls.leaf = cls.root.issue(pki.make_key().public_key())
        cls.tpm.write_nv("0x01c00002", pki.der(cls.leaf), "ownerread|ownerwrite")
        cls.tpm.tool("changeauth", "-c", "o", OWNER_AUTH)

    def test_the_owner_may_read(self):
        self.assertIn("none was given", self.certificates()["0x01c00002"]["error"])
        for flags in (("--tpm",), ("nv:",)):
            shown = self.certificates(*flags, "--parent-passin", f"pass:{OWNER_AUTH}")
            self.assertEqual(shown["0x01c00002"]["subject"], "CN=web")


class Many(ListTest):
    """More handles than one response of the TPM can hold."""

    HANDLES_IN_AN_ANSWER = 64

    @classmethod
    def fill(cls):
        cls.leaf = cls.root.issue(cls.tpm.make_persistent("0x81000001"))
        for number in range(cls.HANDLES_IN_AN_ANSWER + 2):
            cls.tpm.tool("nvdefine", "-Q", "-C", "o", "-s", "1", f"0x{0x01800000 + number:08x}")
        cls.tpm.write_nv("0x01c00002", pki.der(cls.leaf))

    def test_the_last_one_is_shown(self):
        record = self.folder / "record.pcapng"
        shown = self.certificates(
            *("--tpm", "--tcti", f"pcap:{self.tpm.tcti}"), env={"TCTI_PCAP_FILE": str(record)}
        )
        self.assertEqual(shown["0x01c00002"]["key"], "handle:0x81000001")
        # One for persistent handles, two for NV indices, two for properties.
        self.assertEqual(pcap.commands(record).count("GetCapability"), 5)


if __name__ == "__main__":
    unittest.main()
