# SPDX-License-Identifier: Apache-2.0
"""A CA's CMP server, which is that of the `openssl cmp` command, and a relay before it."""

import contextlib
import http.client
import http.server
import ssl
import subprocess
import threading

from support import openssl, pki
from support.processes import ENDING_WITH_PARENT
from support.system_test import make_folder


class CmpServer:
    """Gives out `issued`, whatever a request says, and signs its answers as `signer`.

    It wants `issued` to have issuer and serial number of the certificate to be replaced. `anchor`
    is the CA of those who may ask. `options` are further ones of `openssl cmp`. It ends with the
    test.
    """

    def __init__(self, test, issued, signer, anchor, *options):
        folder = make_folder(test)
        for name, contents in (
            ("issued.pem", pki.pem(issued)),
            ("signer.pem", pki.pem(signer.certificate)),
            ("signer.key", pki.pkcs8_pem(signer.key)),
            ("anchor.pem", pki.pem(anchor)),
        ):
            (folder / name).write_bytes(contents)
        self._process = subprocess.Popen(
            [
                *(*ENDING_WITH_PARENT, openssl.OPENSSL, "cmp", "-config", "", "-port", "0"),
                *("-srv_cert", "signer.pem", "-srv_key", "signer.key"),
                *("-srv_trusted", "anchor.pem", "-rsp_cert", "issued.pem", *options),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        test.addCleanup(self.stop)
        self.port = self._read_port()
        self.url = f"http://127.0.0.1:{self.port}/pkix/"

    def _read_port(self):
        """From its line "ACCEPT [::]:41234 PID=1", before which there may be others."""
        for line in self._process.stdout:
            if line.startswith(b"ACCEPT "):
                return int(line.split()[1].rpartition(b":")[2])
        raise AssertionError("openssl cmp did not start")

    def stop(self):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


class Relay:
    """Passes requests on to a CMP server, and remembers requests and answers.

    `change` makes another (status, content type, body) of an answer's body. With `tls`, the paths
    of a certificate and its key, it speaks HTTPS.
    """

    def __init__(self, test, server, change=None, tls=None):
        self.requests, self.answers = [], []
        relay = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                relay.requests.append((self.path, self.headers["Content-Type"], body))
                answer = relay._ask(server, self.path, body)
                relay.answers.append(answer)
                status, kind, sent = (200, "application/pkixcmp", answer)
                if change is not None:
                    status, kind, sent = change(answer)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                with contextlib.suppress(OSError):  # the client may have given up
                    self.wfile.write(sent)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        scheme = "http"
        if tls is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}/pkix/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        test.addCleanup(self._stop)

    def _stop(self):
        self._server.shutdown()
        self._server.server_close()

    @staticmethod
    def _ask(server, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Content-Type": "application/pkixcmp", "Connection": "close"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse().read()
        connection.close()
        return answer
