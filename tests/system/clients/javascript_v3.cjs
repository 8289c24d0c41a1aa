"use strict";
// SPDX-License-Identifier: Apache-2.0
// Calls STS forty times with the SDK for JavaScript v3: node javascript_v3.cjs STS_URL
const { GetCallerIdentityCommand, STSClient } = require("@aws-sdk/client-sts");

(async () => {
  const sts = new STSClient({ endpoint: process.argv[2], region: "us-east-1" });
  for (let call = 0; call < 40; call++) await sts.send(new GetCallerIdentityCommand({}));
})();
