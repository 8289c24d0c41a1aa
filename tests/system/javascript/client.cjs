"use strict";
/*
 * A client that uses the AWS SDK for JavaScript. For each line on stdin it calls GetCallerIdentity
 * and writes a line of JSON with these members:
 *
 *   account    the result, on success
 *   error      the error's text and the server's message, on failure
 *   requests   all HTTP requests made meanwhile, including those for credentials: "METHOD PATH"
 *
 *   NODE_PATH=.../node_modules node client.cjs STS_URL [PROVIDER [OPTIONS]]
 *
 * PROVIDER is a function of @aws-sdk/credential-providers, OPTIONS its argument as JSON. Without a
 * PROVIDER the SDK uses its default provider chain.
 */
const diagnostics = require("node:diagnostics_channel");
const readline = require("node:readline");
const { GetCallerIdentityCommand, STSClient } = require("@aws-sdk/client-sts");
const providers = require("@aws-sdk/credential-providers");

const [endpoint, provider, options] = process.argv.slice(2);
const credentials = provider && providers[provider](options ? JSON.parse(options) : {});
const sts = new STSClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });

let requests = [];
diagnostics.subscribe("http.client.request.start", ({ request }) => {
  requests.push(`${request.method} ${request.path}`);
});

async function call() {
  try {
    return { account: (await sts.send(new GetCallerIdentityCommand({}))).Account };
  } catch (error) {
    return { error: `${error.message} ${error.Message ?? ""}` };
  }
}

(async () => {
  for await (const _ of readline.createInterface({ input: process.stdin })) {
    requests = [];
    const outcome = await call();
    process.stdout.write(JSON.stringify({ ...outcome, requests }) + "\n");
  }
})();
