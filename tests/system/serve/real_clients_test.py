#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""botocore and the AWS CLI get credentials by a profile with credmint as credential_process."""

import json
import shlex
import subprocess
import unittest

from support import pki, program, token, tpm
from support.processes import die_with_parent
from support.requirements import need
from support.sts import RecordingServer
from support.system_test import MintTest, make_folder

AWS = "/usr/bin/aws"
PYTHON = "/usr/bin/python3"
LABEL = "web server"  # the blank is encoded in the URI
KEY = "pkcs11:token=test;object=web%20server?pin-source=pin%20file"

BOTOCORE_SCRIPT = """
import json, botocore.session
frozen = botocore.session.Session(profile="web").get_credentials().get_frozen_credentials()
print(json.dumps(frozen._asdict()))
"""


class ClientTest(MintTest):
    """A profile `web` in a config file, with a key on a token.

    The environment has only SOFTHSM2_CONF, which corresponds to the installation of a real token.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.original = token.Token(make_folder(cls) / "t")
        cls.leaf = cls.root.issue(cls.original.generate("EC:prime256v1", LABEL))

    def setUp(self):
        super().setUp()
        self.env = self.original.copy(self.folder / "t").env
        self.write("web.pem", pki.pem(self.leaf))
        self.write("pin file", self.secret(token.PIN) + "\n")
        pin_source = f"{self.folder}/pin%20file"
        self.use_key(KEY.replace("pin%20file", pin_source), "--pkcs11-lib", token.MODULE)

    def use_key(self, key, *flags):
        """Writes the profile, quoted for a POSIX shell, which every client accepts."""
        certificate = self.folder / "web.pem"
        flags = ("--certificate", certificate, "--private-key", key, *flags)
        self.process = shlex.join(map(str, (program.path(), *self.arguments(*flags))))
        self.write(
            "config", f"[profile web]\nregion = us-east-1\ncredential_process = {self.process}\n"
        )

    def run_client(self, *command):
        """Runs a client, which must succeed; returns its stdout."""
        result = self.run_client_anyhow(*command)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def run_client_anyhow(self, *command):
        files = {
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return subprocess.run(
            command,
            cwd="/",
            env={**program.environment(self.folder), **files, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            preexec_fn=die_with_parent,
            check=False,
        )

    def assert_issued(self, access_key_id):
        """Checks that this key is from the service's last request, the only one of this test."""
        self.assertEqual(self.last_request()["reason"], "accepted")
        self.assertEqual(access_key_id, self.last_request()["access_key_id"])


class Botocore(ClientTest):
    def setUp(self):
        need("/usr/lib/python3/dist-packages/botocore", "python3-botocore")
        super().setUp()

    def credentials(self):
        return json.loads(self.run_client(PYTHON, "-c", BOTOCORE_SCRIPT))

    def test_with_a_token_key(self):
        credentials = self.credentials()
        self.assert_issued(credentials["access_key"])
        self.assertTrue(credentials["secret_key"])
        self.assertTrue(credentials["token"])

    def test_with_a_key_file_whose_name_has_a_blank_and_a_quote(self):
        key = pki.make_key()
        self.write("web.pem", pki.pem(self.root.issue(key.public_key())))
        self.use_key(self.write("the web's key", pki.pkcs8_pem(key)))
        self.assert_issued(self.credentials()["access_key"])

    def test_what_went_wrong_reaches_the_user(self):
        self.write("pin file", "wrong-31415")
        result = self.run_client_anyhow(PYTHON, "-c", BOTOCORE_SCRIPT)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("CredentialRetrievalError", result.stderr)
        self.assertIn("credmint: opening key", result.stderr)
        self.assertNotIn("wrong-31415", result.stderr)


class BotocoreWithATpm(ClientTest):
    def setUp(self):
        super().setUp()
        self.tpm = tpm.Tpm(self, self.folder / "tpm")
        leaf = self.root.issue(self.tpm.make_persistent("0x81000001"))
        self.write("web.pem", pki.pem(leaf))
        self.use_key("handle:0x81000001", "--tcti", self.tpm.tcti)

    def test_with_a_tpm_key(self):
        credentials = json.loads(self.run_client(PYTHON, "-c", BOTOCORE_SCRIPT))
        self.assert_issued(credentials["access_key"])


class AwsCli(ClientTest):
    def setUp(self):
        need(AWS, "awscli")
        super().setUp()

    def test_export_credentials(self):
        exported = self.run_client(AWS, "configure", "export-credentials", "--profile", "web")
        credentials = json.loads(exported)
        self.assert_issued(credentials["AccessKeyId"])
        self.assertTrue(credentials["SecretAccessKey"])
        self.assertTrue(credentials["SessionToken"])

    def test_call_a_service(self):
        """Runs get-caller-identity against a service that records its callers."""
        sts = RecordingServer()
        self.addCleanup(sts.stop)
        command = ("sts", "get-caller-identity", "--profile", "web", "--endpoint-url", sts.url)
        answered = json.loads(self.run_client(AWS, *command))
        self.assertEqual(answered["Account"], "111122223333")
        self.assert_issued(sts.access_key_ids[0])

    def test_what_went_wrong_reaches_the_user(self):
        self.write("pin file", "wrong-31415")
        command = ("configure", "export-credentials", "--profile", "web")
        result = self.run_client_anyhow(AWS, *command)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("credmint: opening key", result.stderr)
        self.assertNotIn("wrong-31415", result.stderr)


class OtherSdks(ClientTest):
    """The ways in which the SDKs of other languages run the same profile."""

    def run_in_shell(self, command):
        return json.loads(self.run_client("/bin/sh", "-c", command))

    def test_through_a_shell(self):
        """The SDKs for JavaScript, Java and Go do so."""
        self.assert_issued(self.run_in_shell(self.process)["AccessKeyId"])

    def test_with_stderr_mixed_into_stdout(self):
        """The SDK for C++ does so."""
        self.assert_issued(self.run_in_shell(self.process + " 2>&1")["AccessKeyId"])


if __name__ == "__main__":
    unittest.main()
