# SPDX-License-Identifier: Apache-2.0
"""A service that records its callers."""

import http.server
import threading

ANSWER = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    b"<GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/demo/x</Arn>"
    b"<UserId>AROA:x</UserId><Account>111122223333</Account></GetCallerIdentityResult>"
    b"</GetCallerIdentityResponse>"
)


class RecordingServer:
    """Answers every POST as STS answers GetCallerIdentity. Records the callers' access key IDs."""

    def __init__(self):
        self.access_key_ids = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(recorder):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                credential = self.headers["Authorization"].partition("Credential=")[2]
                recorder.access_key_ids.append(credential.partition("/")[0])
                self.send_response(200)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *arguments):
                pass

        return Handler
