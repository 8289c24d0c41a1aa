#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""import-certificate into an NV index, read by tpm2-tools, and used to mint."""

import re
import unittest

from support import openssl, pki, program, tpm
from support.processes import run_tool
from support.system_test import MintTest, make_folder
from support.tpm_proxy import TpmProxy

KEY = "handle:0x81000002"
INDEX = "0x01900002"
OWNER_AUTH = "owner-31415926"
NV_LOCKED = 0x148
CHANGES = ("NV_DefineSpace", "NV_UndefineSpace", "NV_Write")
ATTRIBUTES = "ownerwrite|ownerread|authread|no_da|written"


class NvImportTest(MintTest):
    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, make_folder(self) / "t")
        self.public_key = self.tpm.make_persistent("0x81000002")
        self.env = dict(self.tpm.env)
        self.leaf = self.issue()
        self.secret(OWNER_AUTH)

    def through_a_proxy(self):
        """Lets the later runs reach the TPM through a proxy, which is returned."""
        proxy = TpmProxy(self, self.tpm, make_folder(self) / "p")
        self.env = dict(proxy.env)
        return proxy

    def issue(self, name="new.pem", key=None, **changes):
        leaf = self.root.issue(key or self.public_key, **changes)
        self.write(name, pki.pem(leaf))
        return leaf

    def arguments_of(self, *more, file="new.pem", to=f"nv:{INDEX}"):
        return (
            *("import-certificate", "--certificate", file, "--private-key", KEY),
            *("--to", to, *more),
        )

    def imports(self, *more, **names):
        printed = self.succeed(*self.arguments_of(*more, **names))
        self.assertEqual(printed.decode(), f"nv:{INDEX}\n")
        self.assertEqual(self.tpm.loaded(), [])

    def refuse(self, status, message, *more, hint=None, tries=0, **names):
        before = self.tpm.wrong_tries()
        self.fail_with(status, message, *self.arguments_of(*more, **names), hint=hint)
        self.assertEqual(self.tpm.wrong_tries() - before, tries)
        self.assertEqual(self.tpm.loaded(), [])

    def read(self, index=INDEX):
        """The contents, read by tpm2-tools with the empty auth value of the index."""
        path = self.folder / "read"
        self.tpm.tool("nvread", "-Q", "-C", index, "-o", path, index)
        return path.read_bytes()

    def facts(self):
        """(attributes, size) of the index."""
        shown = self.tpm.tool("nvreadpublic", INDEX)
        attributes = re.search(r"attributes:\s+friendly: (\S+)", shown)[1]
        return attributes, int(re.search(r"size: (\d+)", shown)[1])

    def indices(self):
        return self.tpm.tool("getcap", "handles-nv-index").split()


class Import(NvImportTest):
    def test_a_new_index(self):
        self.imports()
        der = pki.der(self.leaf)
        self.assertEqual(self.read(), der)
        attributes, size = self.facts()
        self.assertEqual(size, len(der))
        self.assertEqual(sorted(attributes.split("|")), sorted(ATTRIBUTES.split("|")))
        shown = run_tool(
            *(openssl.OPENSSL, "x509", "-inform", "DER", "-in", self.folder / "read"),
            *("-noout", "-subject"),
        )
        self.assertIn(b"CN = web", shown)
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)

    def test_only_the_owner_writes_it(self):
        self.tpm.tool("changeauth", "-Q", "-c", "o", OWNER_AUTH)
        self.imports("--owner-passin", f"pass:{OWNER_AUTH}")
        self.assertEqual(self.read(), pki.der(self.leaf))
        path = self.write("x", "x")
        for arguments in (("-C", INDEX), ("-C", "o")):
            with self.assertRaises(Exception):
                self.tpm.tool("nvwrite", "-Q", *arguments, "-i", path, INDEX)
        self.assertEqual(self.read(), pki.der(self.leaf))
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)

    def test_longer_than_one_piece_with_its_issuers(self):
        """swtpm takes 1024 bytes at once."""
        above = self.root.make_intermediate("above" * 12)
        key = pki.make_key("P384")
        certificate = above.issue(
            key.public_key(), "below" * 12, ca=True, usage={"key_cert_sign", "crl_sign"}
        )
        leaf = pki.Issuer(key, certificate).issue(self.public_key)
        self.write("new.pem", pki.pem(leaf))
        self.write("chain.pem", pki.pem(self.root.certificate, above.certificate, certificate))
        self.imports("--chain", "chain.pem")
        contents = b"".join(map(pki.der, (leaf, certificate, above.certificate)))
        self.assertEqual(self.read(), contents)
        self.assertGreater(len(contents), 1024)
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)


class Renewal(NvImportTest):
    def setUp(self):
        super().setUp()
        self.imports()
        self.old = self.leaf
        self.leaf = self.issue()

    def test_the_same_again_writes_nothing(self):
        self.write("old.pem", pki.pem(self.old))
        proxy = self.through_a_proxy()
        self.imports(file="old.pem")
        self.assertFalse(set(CHANGES) & set(proxy.names()))
        self.assertEqual(self.read(), pki.der(self.old))

    def test_a_new_certificate(self):
        self.imports()
        contents = self.read()
        self.assertEqual(contents.rstrip(b"\0"), pki.der(self.leaf).rstrip(b"\0"))
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)
        self.assertEqual(self.last_request()["serial"], str(self.leaf.serial_number))

    def test_a_longer_one(self):
        self.leaf = self.issue(common_name="w" * 60)
        self.imports()
        self.assertEqual(self.read(), pki.der(self.leaf))
        self.assertEqual(self.facts()[1], len(pki.der(self.leaf)))

    def test_a_shorter_one(self):
        self.leaf = self.issue(common_name="w")
        self.imports()
        self.assertEqual(self.read().rstrip(b"\0"), pki.der(self.leaf).rstrip(b"\0"))
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)

    def test_one_that_tpm2_tools_wrote(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        self.tpm.write_nv(INDEX, pki.der(self.old), size=1500)
        self.imports()
        self.assertEqual(self.read(), pki.der(self.leaf))

    def test_another_keys_certificate_needs_force(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        foreign = pki.der(self.root.issue(pki.make_key().public_key()))
        self.tpm.write_nv(INDEX, foreign)
        self.refuse(program.USAGE, "it holds a certificate of another key", hint="--force")
        self.assertEqual(self.read(), foreign)
        self.imports("--force")
        self.assertEqual(self.read().rstrip(b"\0"), pki.der(self.leaf).rstrip(b"\0"))

    def test_anything_else_is_never_replaced(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        secret = b"somebody's data" * 20
        self.tpm.write_nv(INDEX, secret)
        for flags in ((), ("--force",)):
            self.refuse(program.USAGE, "something other than certificates", *flags)
        self.assertEqual(self.read(), secret)

    def test_a_counter_is_never_replaced(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        self.tpm.tool(
            *("nvdefine", "-Q", "-C", "o", "-s", "8", INDEX),
            *("-a", "ownerread|ownerwrite|authread|no_da|nt=counter"),
        )
        self.refuse(program.USAGE, "it holds no certificate", "--force")
        self.assertEqual(self.facts()[1], 8)

    def test_other_attributes_are_kept(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        attributes = "ownerread|ownerwrite"
        self.tpm.write_nv(INDEX, pki.der(self.old), attributes=attributes, size=900)
        self.imports()
        self.assertEqual(self.facts(), ("ownerwrite|ownerread|written", 900))
        self.leaf = self.issue()
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        self.tpm.write_nv(INDEX, pki.der(self.old), attributes=attributes, size=1500)
        self.refuse(program.USAGE, "was defined with other attributes")

    def test_after_a_kill_between_definition_and_writing(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        self.tpm.tool("nvdefine", "-Q", "-C", "o", "-s", "1500", "-a", tpm.READABLE, INDEX)
        self.imports()
        self.assertEqual(self.read(), pki.der(self.leaf))

    def test_after_a_kill_between_two_pieces(self):
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        der = pki.der(self.leaf)
        self.tpm.write_nv(INDEX, der[:100], size=len(der))
        self.imports()
        self.assertEqual(self.read(), der)


class Interrupted(NvImportTest):
    """The TPM refuses a step, or the connection ends, as in a kill or a loss of power."""

    def test_a_new_index_that_cannot_be_written_is_removed(self):
        before = self.indices()
        self.through_a_proxy().answer("NV_Write", NV_LOCKED, times=1)
        self.refuse(program.KEY, "writing the certificate to nv:0x01900002")
        self.assertEqual(self.indices(), before)

    def test_the_earlier_certificate_is_put_back(self):
        self.imports()
        old = self.read()
        self.issue(common_name="w" * 60)
        proxy = self.through_a_proxy()
        proxy.answer("NV_Write", NV_LOCKED, times=1)
        self.refuse(program.KEY, "; the earlier contents were put back")
        self.assertEqual(self.read(), old)
        self.assertEqual(self.facts()[1], len(old))
        self.assertEqual(proxy.count("NV_DefineSpace"), 2)

    def test_one_command_replaces_a_certificate_of_the_same_size(self):
        self.imports()
        old = self.read()
        self.tpm.tool("nvundefine", "-Q", "-C", "o", INDEX)
        self.tpm.write_nv(INDEX, old, size=900)
        self.leaf = self.issue(common_name="w" * 60)
        for point in ("cut", "cut_answer"):
            proxy = self.through_a_proxy()
            getattr(proxy, point)("NV_Write", *((4,) if point == "cut_answer" else ()))
            self.run_program(*self.arguments_of())
            self.assertEqual([name for name in proxy.names() if name in CHANGES], ["NV_Write"])
            wanted = old if point == "cut" else pki.der(self.leaf)
            self.assertEqual(self.read()[: len(wanted)], wanted)
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY, env=self.tpm.env)

    def test_the_next_run_finishes_what_was_cut_off_at_any_step(self):
        self.imports()
        self.leaf = self.issue(common_name="w" * 60)
        for step in CHANGES:
            proxy = self.through_a_proxy()
            proxy.cut_answer(step, 4)
            self.run_program(*self.arguments_of())
            self.assertIn(step, proxy.names())
        self.env = dict(self.tpm.env)
        self.imports()
        self.assertEqual(self.read().rstrip(b"\0"), pki.der(self.leaf).rstrip(b"\0"))
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)

    def test_the_contents_are_read_back(self):
        proxy = self.through_a_proxy()
        path = self.write("other", b"x" * 20)

        def spoil():
            self.tpm.tool("nvwrite", "-Q", "-C", "o", "-i", path, INDEX)

        proxy.between("NV_Read", spoil)
        before = self.indices()
        self.refuse(program.KEY, "the TPM shows other contents than were written")
        self.assertEqual(self.indices(), before)


class Refusals(NvImportTest):
    def test_owner_auth_missing(self):
        self.tpm.tool("changeauth", "-Q", "-c", "o", OWNER_AUTH)
        self.refuse(
            program.KEY, "the owner hierarchy needs an auth value", hint="--owner-passin"
        )
        self.assertNotIn(INDEX[3:], " ".join(self.indices()).lower())

    def test_owner_auth_wrong(self):
        self.tpm.tool("changeauth", "-Q", "-c", "o", OWNER_AUTH)
        proxy = self.through_a_proxy()
        self.refuse(
            program.KEY, "refused the auth value", "--owner-passin", f"pass:{self.secret('wrong-9')}"
        )
        self.assertEqual([name for name in proxy.names() if name in CHANGES], ["NV_DefineSpace"])
        self.assertFalse(proxy.saw(b"wrong-9"))
        self.assertNotIn("c00002", " ".join(self.indices()).lower())

    def test_lockout(self):
        self.tpm.set_lockout(1)
        self.tpm.make_persistent("0x81000003", auth="auth-1")
        other = self.root.issue(self.tpm.public_key("0x81000003"))
        self.write("other.pem", pki.pem(other))
        self.mint_fails(
            program.KEY, "", "--certificate", "other.pem", "--private-key", "handle:0x81000003",
            "--passin", f"pass:{self.secret('wrong-8')}",
        )
        proxy = self.through_a_proxy()
        self.refuse(program.KEY, "lockout", "--owner-passin", f"pass:{OWNER_AUTH}", hint="wait")
        self.assertFalse({*CHANGES, "StartAuthSession"} & set(proxy.names()))
        self.assertNotIn("c00002", " ".join(self.indices()).lower())

    def test_too_large(self):
        issuers = []
        issuer = self.root
        for name in "abcd":
            issuer = issuer.make_intermediate(name * 60)
            issuers.append(issuer.certificate)
        self.write("new.pem", pki.pem(issuer.issue(self.public_key), *reversed(issuers)))
        self.refuse(program.USAGE, "this TPM has at most 2048 in an index", hint="leave out issuers")

    def test_a_full_tpm(self):
        self.fill()
        before = self.indices()
        self.refuse(program.KEY, "the TPM has no room for it", hint="in a file")
        self.assertEqual(self.indices(), before)

    def fill(self):
        size, number = 2048, 0x01800000
        while size > 16:
            try:
                self.tpm.tool(
                    *("nvdefine", "-Q", "-C", "o", "-s", size, "-a", tpm.READABLE, hex(number))
                )
                number += 1
            except Exception:
                size //= 2

    def test_a_full_tpm_keeps_the_earlier_certificate(self):
        self.imports()
        old = self.read()
        self.fill()
        self.issue(common_name="w" * 60)
        self.refuse(program.KEY, "the TPM has no room for it; the earlier contents were put back")
        self.assertEqual(self.read(), old)
        self.mint("--certificate", f"nv:{INDEX}", "--private-key", KEY)

    def test_certificates_that_the_service_refuses(self):
        before = self.indices()
        self.issue(not_before=-9 * pki.DAY, not_after=-pki.DAY)
        self.refuse(program.CERTIFICATE, "it expired on")
        self.issue(usage={"key_agreement"})
        self.refuse(program.CERTIFICATE, "does not include digitalSignature")
        self.issue(key=pki.make_key().public_key())
        self.refuse(program.CERTIFICATE, "the private key does not belong to it")
        self.write("new.pem", "garbage")
        self.refuse(program.CERTIFICATE, "it is not a certificate that can be read")
        self.assertEqual(self.indices(), before)

    def test_references(self):
        self.refuse(program.USAGE, "gets no auth value of its own", to=f"nv:{INDEX}?pass")
        self.refuse(program.KEY, "does not name an NV index", to="nv:0x81000002")


if __name__ == "__main__":
    unittest.main()
