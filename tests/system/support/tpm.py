# SPDX-License-Identifier: Apache-2.0
"""A software TPM (swtpm) for one test, on a Unix socket of its own.

tpm2-tools and tpm2-openssl, which share no code with the tested program, make its keys.
"""

import pathlib
import re
import socket
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from support import openssl, program, tss2
from support.processes import ENDING_WITH_PARENT, run_tool
from support.requirements import in_library_folder, need

SWTPM = "/usr/bin/swtpm"
SIGNING = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"
SIGNING_UNDER_POLICY = "fixedtpm|fixedparent|sensitivedataorigin|sign"
READABLE = "ownerread|ownerwrite|authread|no_da"
STORAGE = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt"


def need_swtpm():
    need(SWTPM, "swtpm")
    need("/usr/bin/tpm2_getcap", "tpm2-tools")
    need(in_library_folder("ossl-modules/tpm2.so"), "tpm2-openssl")


class Tpm:
    """A running TPM that keeps its state in `folder` and ends with `owner`, a test or a class.

    `manufacture(state)` fills the folder of the state first (endorsement.py).
    """

    def __init__(self, owner, folder, manufacture=None):
        need_swtpm()
        program.need_back_end("handle")
        self.folder = pathlib.Path(folder)
        self._state = self.folder / "state"
        self._state.mkdir(parents=True)
        if manufacture:
            manufacture(self._state)
        self.tcti = f"swtpm:path={self.folder}/s"
        self.env = {"TPM2TOOLS_TCTI": self.tcti}
        self._process = self._start()
        (owner.addClassCleanup if isinstance(owner, type) else owner.addCleanup)(self.stop)

    def _start(self):
        """Starts swtpm on sockets that already listen, so an early client waits for the TPM."""
        with _listener(self.folder / "s") as server, _listener(self.folder / "s.ctrl") as control:
            return subprocess.Popen(
                [
                    *ENDING_WITH_PARENT,
                    *(SWTPM, "socket", "--tpm2", "--tpmstate", f"dir={self._state}"),
                    *("--server", f"type=unixio,fd={server.fileno()}"),
                    *("--ctrl", f"type=unixio,fd={control.fileno()}"),
                    *("--flags", "not-need-init,startup-clear"),
                ],
                pass_fds=(server.fileno(), control.fileno()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def lose_power(self):
        """Kills the TPM without TPM2_Shutdown and starts it again."""
        self._process.kill()
        self._process.wait()
        for channel in ("", ".ctrl"):
            (self.folder / f"s{channel}").unlink()
        self._process = self._start()

    def connect(self, channel=""):
        """Connects to the TPM, or with ".ctrl" to its control channel."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(f"{self.folder}/s{channel}")
        return connection

    def power_cycle(self):
        """Resets the TPM, which loses all loaded objects. Works while a client is connected.

        The client must then send TPM2_Startup.
        """
        run_tool("/usr/bin/swtpm_ioctl", "--unix", self.folder / "s.ctrl", "-i")

    def tool(self, name, *arguments):
        return run_tool(f"/usr/bin/tpm2_{name}", *arguments, env=self.env).decode()

    def make_persistent(self, handle, algorithm="ecc256", auth="", attributes=SIGNING):
        """Makes a key in the TPM and persists it at `handle`; returns its public key."""
        names = ("primary", "public", "private", "key")
        primary, public, private, key = (str(self.folder / name) for name in names)
        self.tool("createprimary", "-Q", "-G", "ecc", "-c", primary)
        self.tool("flushcontext", "-t")
        self.tool(
            *("create", "-Q", "-C", primary, "-G", algorithm, "-u", public, "-r", private),
            *("-a", attributes, *(("-p", auth) if auth else ())),
        )
        self.tool("flushcontext", "-t")
        self.tool("load", "-Q", "-C", primary, "-u", public, "-r", private, "-c", key)
        self.tool("evictcontrol", "-Q", "-C", "o", "-c", key, handle)
        self.tool("flushcontext", "-t")
        return self.public_key(handle)

    def make_parts(self, parent, algorithm="ecc256", auth="", attributes=SIGNING):
        """Makes a key that is stored outside the TPM.

        Returns (marshalled public part, marshalled private part, public key). `parent` is a
        persistent handle, or options of tpm2_createprimary.
        """
        public, private, pem = (self.folder / name for name in ("public", "private", "pem"))
        if not isinstance(parent, str):
            self.tool("createprimary", "-Q", *parent, "-c", self.folder / "primary")
            self.tool("flushcontext", "-t")
            parent = self.folder / "primary"
        self.tool(
            *("create", "-Q", "-C", parent, "-G", algorithm, "-a", attributes),
            *("-u", public, "-r", private, "-f", "pem", "-o", pem, *(("-p", auth) if auth else ())),
        )
        self.tool("flushcontext", "-t")
        public_key = serialization.load_pem_public_key(pem.read_bytes())
        return public.read_bytes(), private.read_bytes(), public_key

    def make_parent(self, handle, auth="", attributes=STORAGE):
        """Makes a storage key and persists it at `handle`."""
        primary = str(self.folder / "parent")
        authorised = ("-p", auth) if auth else ()
        self.tool("createprimary", "-Q", "-G", "ecc", "-a", attributes, "-c", primary, *authorised)
        self.tool("evictcontrol", "-Q", "-C", "o", "-c", primary, handle)
        self.tool("flushcontext", "-t")

    def write_nv(self, index, contents, attributes=READABLE, size=None, auth=""):
        """Defines an NV index of `size` bytes and writes `contents` to it, unless that is None."""
        size = size or len(contents)
        authorised = ("-p", auth) if auth else ()
        self.tool("nvdefine", "-Q", "-C", "o", "-s", size, "-a", attributes, *authorised, index)
        if contents is not None:
            path = self.folder / "nv"
            path.write_bytes(contents)
            self.tool("nvwrite", "-Q", "-C", "o", "-i", path, index)

    def create(self, parent, algorithm="ecc256", auth="", policy=b"", attributes=SIGNING):
        """Makes a child key of `parent`; returns (public part, private part, public key).

        `policy` is a policy digest.
        """
        public, private, pem, digest = (
            self.folder / name for name in ("c.pub", "c.priv", "c.pem", "c.policy")
        )
        digest.write_bytes(policy)
        self.tool(
            *("create", "-Q", "-C", parent, "-G", algorithm, "-a", attributes),
            *("-u", public, "-r", private, "-f", "pem", "-o", pem),
            *(("-p", auth) if auth else ()),
            *(("-L", digest) if policy else ()),
        )
        self.tool("flushcontext", "-l")  # tpm2-tools leave sessions loaded
        key = serialization.load_pem_public_key(pem.read_bytes())
        return public.read_bytes(), private.read_bytes(), key

    def persist(self, parent, public, private, handle):
        """Loads a key that create() made and persists it at `handle`."""
        paths = [self.folder / name for name in ("p.pub", "p.priv", "p.ctx")]
        paths[0].write_bytes(public)
        paths[1].write_bytes(private)
        self.tool("load", "-Q", "-C", parent, "-u", paths[0], "-r", paths[1], "-c", paths[2])
        self.tool("evictcontrol", "-Q", "-C", "o", "-c", paths[2], handle)
        self.tool("flushcontext", "-t")

    def wrap(self, parent, key, auth=""):
        """Wraps a private key for `parent` on the host, in the form that TPM2_Import accepts.

        Returns (public part, duplicate, encrypted seed, public key).
        """
        algorithm = "rsa" if isinstance(key, rsa.RSAPrivateKey) else "ecc"
        names = ("w.parent", "w.pem", "w.pub", "w.dup", "w.seed")
        above, pem, public, private, seed = (self.folder / name for name in names)
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        self.tool("readpublic", "-Q", "-c", parent, "-o", above)
        self.tool(
            *("duplicate", "-Q", "-U", above, "-G", algorithm, "-k", pem),
            *("-u", public, "-r", private, "-s", seed, *(("-p", auth) if auth else ())),
        )
        return public.read_bytes(), private.read_bytes(), seed.read_bytes(), key.public_key()

    def duplicate(self, parent, public, private, command, new_parent):
        """Duplicates a key whose policy is PolicyCommandCode(TPM2_Duplicate).

        `new_parent` is a file with the public part of the other TPM's parent key. Returns
        (duplicate, encrypted seed).
        """
        names = ("d.pub", "d.priv", "d.ctx", "d.parent", "d.session", "d.dup", "d.seed")
        inside, wrapped, key, above, session, moved, seed = (self.folder / name for name in names)
        inside.write_bytes(public)
        wrapped.write_bytes(private)
        self.tool("load", "-Q", "-C", parent, "-u", inside, "-r", wrapped, "-c", key)
        self.tool("flushcontext", "-t")
        self.tool("loadexternal", "-Q", "-C", "o", "-u", new_parent, "-c", above)
        self.tool("flushcontext", "-t")
        self.tool("startauthsession", "--policy-session", "-S", session)
        self.tool("policycommandcode", "-Q", "-S", session, command)
        self.tool(
            *("duplicate", "-Q", "-C", above, "-c", key, "-G", "null"),
            *("-p", f"session:{session}", "-r", moved, "-s", seed),
        )
        self.tool("flushcontext", session)
        self.tool("flushcontext", "-t")
        return moved.read_bytes(), seed.read_bytes()

    def external_public(self, key):
        """The TPM2B_PUBLIC that tpm2_loadexternal makes from a public key."""
        algorithm = "rsa" if isinstance(key, rsa.RSAPublicKey) else "ecc"
        pem, context, public = (self.folder / name for name in ("x.pem", "x.ctx", "x.pub"))
        pem.write_bytes(
            key.public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
        )
        self.tool("loadexternal", "-Q", "-C", "o", "-G", algorithm, "-u", pem, "-c", context)
        self.tool("readpublic", "-Q", "-c", context, "-o", public)
        self.tool("flushcontext", "-t")
        return public.read_bytes()

    def name(self, handle):
        """The name (nameAlg and hash) of the object at a persistent handle."""
        path = self.folder / "name"
        self.tool("readpublic", "-Q", "-c", handle, "-n", path)
        return path.read_bytes()

    def pcr_values(self, *numbers):
        """The values of these PCRs in the SHA-256 bank, concatenated."""
        path = self.folder / "pcrs"
        self.tool("pcrread", "-Q", "-o", path, f"sha256:{','.join(map(str, numbers))}")
        return path.read_bytes()

    def policy_digest(self, *steps):
        """The digest of a trial session after steps such as ("policypcr", "-l", "sha256:0,7")."""
        session, digest = self.folder / "trial", self.folder / "trial.digest"
        self.tool("startauthsession", "-S", session)
        for step in steps:
            self.tool(step[0], "-Q", "-S", session, *step[1:], "-L", digest)
        self.tool("flushcontext", session)
        self.tool("flushcontext", "-t")
        return digest.read_bytes()

    def policy_pcr_digest(self, selection):
        """The same after TPM2_PolicyPCR with a selection like "sha256:0,7"."""
        return self.policy_digest(("policypcr", "-l", selection))

    def public_key(self, handle):
        path = self.folder / "public.pem"
        self.tool("readpublic", "-Q", "-c", handle, "-f", "pem", "-o", path)
        return serialization.load_pem_public_key(path.read_bytes())

    def make_key_file(self, algorithm, *options):
        """Has tpm2-openssl make a TSS2 PEM file; returns the file's text and the public key.

        `options` are values of -pkeyopt: user-auth:…, parent:0x81…, parent-auth:….
        """
        arguments = [part for option in options for part in ("-pkeyopt", option)]
        contents = self._tpm2_openssl("genpkey", *algorithm, *arguments)
        return contents, serialization.load_pem_public_key(self._public_part(contents))

    def _public_part(self, contents):
        """The public key, read from the file, because loading the key needs its auth value."""
        path = self.folder / "tss2.public"
        path.write_bytes(tss2.parts(tss2.to_der(contents))[0])
        return self.tool("print", "-t", "TPM2B_PUBLIC", "-f", "pem", path).encode()

    def _tpm2_openssl(self, command, *arguments):
        providers = ("-provider", "tpm2", "-provider", "default")
        env = {"TPM2OPENSSL_TCTI": self.tcti}
        return run_tool(openssl.OPENSSL, command, *providers, *arguments, env=env)

    def loaded(self):
        """The handles of the transient objects and sessions that are left in the TPM."""
        kinds = ("handles-transient", "handles-loaded-session", "handles-saved-session")
        return [line for kind in kinds for line in self.tool("getcap", kind).splitlines()]

    def wrong_tries(self):
        """The lockout counter."""
        properties = self.tool("getcap", "properties-variable")
        return int(re.search(r"TPM2_PT_LOCKOUT_COUNTER: 0x([0-9A-Fa-f]+)", properties)[1], 16)

    def set_lockout(self, after_tries):
        self.tool("dictionarylockout", "-s", "-n", str(after_tries), "-t", "1000", "-l", "1000")


# The primary keys to which a hierarchy refers in a key file (docs/design/contract.md 9.1).
ECC_PRIMARY = ("-G", "ecc", "-a", STORAGE + "|noda")
RSA_PRIMARY = ("-G", "rsa2048", "-a", STORAGE + "|noda")

EC_P256 = ("-algorithm", "EC", "-pkeyopt", "group:P-256")
EC_P384 = ("-algorithm", "EC", "-pkeyopt", "group:P-384")
RSA_2048 = ("-algorithm", "RSA", "-pkeyopt", "bits:2048")


def _listener(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    return listener
