"use strict";
// SPDX-License-Identifier: Apache-2.0
// Signs and sends forty calls of STS with aws-crt: node aws_crt.cjs STS_URL
const { auth, http, io } = require("aws-crt");

const url = new URL(process.argv[2]);
const provider = auth.AwsCredentialsProvider.newDefault(new io.ClientBootstrap());

function call() {
  const headers = new http.HttpHeaders([["host", url.host], ["content-length", "0"]]);
  return auth.aws_sign_request(new http.HttpRequest("POST", "/", headers), {
    algorithm: auth.AwsSigningAlgorithm.SigV4,
    signature_type: auth.AwsSignatureType.HttpRequestViaHeaders,
    provider,
    region: "us-east-1",
    service: "sts",
  });
}

(async () => {
  for (let count = 0; count < 40; count++) {
    const signed = await call();
    await fetch(url, { method: "POST", headers: Object.fromEntries(signed.headers) });
  }
  process.exit(0);
})();
