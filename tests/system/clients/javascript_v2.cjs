"use strict";
// SPDX-License-Identifier: Apache-2.0
// Calls STS forty times with the SDK for JavaScript v2: node javascript_v2.cjs STS_URL
const AWS = require("aws-sdk");

(async () => {
  const sts = new AWS.STS({ endpoint: process.argv[2], region: "us-east-1" });
  for (let call = 0; call < 40; call++) await sts.getCallerIdentity().promise();
})();
