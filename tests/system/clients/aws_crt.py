# SPDX-License-Identifier: Apache-2.0
"""Signs and sends forty calls of STS with aws-crt: aws_crt.py STS_URL [default|process]"""

import sys
import urllib.parse
import urllib.request

from awscrt import auth, http, io

url = urllib.parse.urlsplit(sys.argv[1])
bootstrap = io.ClientBootstrap(io.EventLoopGroup(1), io.DefaultHostResolver(io.EventLoopGroup(1)))
if sys.argv[2:] == ["process"]:
    provider = auth.AwsCredentialsProvider.new_process()
else:
    provider = auth.AwsCredentialsProvider.new_default_chain(bootstrap)
for _ in range(40):
    headers = http.HttpHeaders([("Host", url.netloc), ("Content-Length", "0")])
    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4,
        signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=provider,
        region="us-east-1",
        service="sts",
    )
    signed = auth.aws_sign_request(http.HttpRequest("POST", "/", headers), config).result(90)
    plain = urllib.request.Request(sys.argv[1], b"", dict(signed.headers), method="POST")
    urllib.request.urlopen(plain).read()
